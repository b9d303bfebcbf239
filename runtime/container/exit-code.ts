/** Docker's exit codes: the program's own, or 128 and the number of the signal that ended it. docker-run(1). */
import { constants } from "node:os";
import type { ExitStatus } from "../../native/kernel.ts";

const SIGNAL_EXIT_BASE = 128;

/** @returns 0 to 255 */
export function exitCodeOf(status: ExitStatus): number {
  if (status.kind === "exited") return status.code;
  const number = Object.entries(constants.signals).find(([name]) => name === status.signal)?.[1];
  return SIGNAL_EXIT_BASE + (number ?? 0);
}
