/** What wait(2) says of how a process ended. */
import { constants } from "node:os";
import type { ExitStatus } from "./kernel-types.ts";

/** The signal and the exit code in a wait status (wait(2)). */
export function parseStatus(waitStatus: number): ExitStatus {
  const signal = waitStatus & 0x7f;
  if (signal === 0) return { kind: "exited", code: (waitStatus >> 8) & 0xff };
  const name = Object.entries(constants.signals).find(([, number]) => number === signal)?.[0];
  return { kind: "signaled", signal: name ?? `SIG${signal}`, ...((waitStatus & 0x80) !== 0 && { core: true }) };
}
