/** Which process a pid means: its number and when it started, since numbers are used again. proc_pid_stat(5). */
import { readFileSync } from "node:fs";

/** Field 22 of /proc/PID/stat, and the state, field 3. */
export interface ProcessIdentity {
  readonly startTicks: number;
  readonly state: string;
}

/** @returns undefined when there is no such process */
export function processIdentity(pid: number): ProcessIdentity | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The name, field 2, may hold anything, parentheses too: count from behind its last one.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state] = fields;
  const startTicks = Number(fields[19]);
  return state === undefined || !Number.isSafeInteger(startTicks) ? undefined : { startTicks, state };
}

/** Whether the process that was `pid` at `startTicks` still runs; a zombie does not. */
export function isAlive(pid: number, startTicks: number): boolean {
  const now = processIdentity(pid);
  return now !== undefined && now.startTicks === startTicks && now.state !== "Z" && now.state !== "X";
}

let startTicks: number | undefined;

/** This process, as others know it. */
export function ownIdentity(): { readonly pid: number; readonly startTicks: number } {
  startTicks ??= processIdentity(process.pid)?.startTicks ?? 0;
  return { pid: process.pid, startTicks };
}
