/** Names and numbers of signals and errors (signal(7), errno(3)). */
import { constants } from "node:os";

/** Numbers that libuv has no name for (errno(3)). */
const EXTRA_ERRORS: Readonly<Record<number, string>> = { 79: "ELIBACC", 130: "EOWNERDEAD" };

/** @returns the name of an errno */
export function errorName(errno: number): string {
  return (
    Object.entries(constants.errno).find(([, value]) => value === errno)?.[0] ?? EXTRA_ERRORS[errno] ?? `errno ${errno}`
  );
}

/** @throws TypeError for what is no signal */
export function signalNumber(signal: string | number): number {
  if (typeof signal === "number") return signal;
  const number = Object.entries(constants.signals).find(([name]) => name === signal)?.[1];
  if (number === undefined) throw new TypeError(`not a signal: ${signal}`);
  return number;
}
