/** Signals by number, as the guest's init speaks of them. signal(7) */
import { constants } from "node:os";

/** @returns the number of `SIGTERM`; that of SIGTERM for a name that there is not */
export function signalNumber(signal: string): number {
  return Object.entries(constants.signals).find(([name]) => name === signal)?.[1] ?? constants.signals.SIGTERM;
}

/** @returns such as `SIGTERM`; `SIG40` for one that has no name */
export function signalName(number: number): string {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `SIG${number}`;
}
