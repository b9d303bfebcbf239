/**
 * Who is in a container's groups, and signals to all of them. cgroups(7). The groups are found by their directories alone,
 * which is what a container's state keeps.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { errorCode } from "../../native/error-code.ts";

/** What the kernel shows of a process that is not in our pid namespace. */
const NOT_OURS = 0;

/** @returns the group and all below it, those deepest down last; none where it has gone */
export function groupsWithin(directory: string): string[] {
  const found = existsSync(directory) ? [directory] : [];
  for (const group of found) {
    try {
      const entries = readdirSync(group, { withFileTypes: true });
      found.push(...entries.filter((entry) => entry.isDirectory()).map(({ name }) => `${group}/${name}`));
    } catch (error) {
      // Removed while it was looked at, by whoever made it.
      if (errorCode(error) !== "ENOENT") throw error;
    }
  }
  return found;
}

/** A file of a group as text; undefined where the group, or the file in it, is not there. */
export function readGroupFile(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    // ENODEV: the group went after the file had been opened. EOPNOTSUPP: a threaded group, or pressure switched off.
    if (["ENOENT", "ENODEV", "ENOTDIR", "EOPNOTSUPP"].includes(errorCode(error) ?? "")) return undefined;
    throw error;
  }
}

/**
 * Writes a value into a group's file, without making the file where it is not.
 * @throws an error of Node's shape
 */
export function writeGroupFile(path: string, value: string): void {
  writeFileSync(path, value, { flag: "r+" });
}

/**
 * The processes in a container's groups and in those that it made below them.
 *
 * @param paths the container's group in each hierarchy
 * @returns their numbers, ascending, each once; zombies are among them until they are reaped
 */
export function listProcesses(paths: readonly string[]): number[] {
  const pids = paths.flatMap(groupsWithin).flatMap((group) => membersOf(group));
  return [...new Set(pids)].toSorted((a, b) => a - b);
}

function membersOf(group: string): number[] {
  const text = readGroupFile(`${group}/cgroup.procs`) ?? "";
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map(Number)
    .filter((pid) => pid !== NOT_OURS);
}

/** SIGKILL to a growing crowd: each round meets those that were forked since the last. */
const ROUNDS = 10;

/**
 * Sends a signal to every process in the groups (kill(2)). SIGKILL reaches all of them even while they fork, by
 * cgroup.kill where there is one, else round by round; frozen ones are thawed so that they can die.
 *
 * @param signal its number
 * @returns how many processes there were at the first look
 */
export async function killAll(paths: readonly string[], signal: number): Promise<number> {
  const first = listProcesses(paths);
  if (signal !== SIGKILL) {
    signalEach(first, signal);
    return first.length;
  }
  const atOnce = paths.filter((path) => existsSync(`${path}/cgroup.kill`));
  for (const path of atOnce) tryWrite(`${path}/cgroup.kill`, "1");
  for (let round = 0; round < ROUNDS; round++) {
    const left = listProcesses(paths).filter(isRunning);
    if (left.length === 0) break;
    signalEach(left, SIGKILL);
    for (const group of paths.flatMap(groupsWithin)) {
      tryWrite(`${group}/freezer.state`, "THAWED");
      tryWrite(`${group}/cgroup.freeze`, "0");
    }
    await setTimeout(2 ** round);
  }
  return first.length;
}

const SIGKILL = 9;

/** A zombie is not killed again: it waits for its parent only. */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

function signalEach(pids: readonly number[], signal: number): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (errorCode(error) !== "ESRCH") throw error;
    }
  }
}

/** Writes where there is something to write to; a group that has just gone needs nothing. */
export function tryWrite(path: string, value: string): boolean {
  try {
    writeGroupFile(path, value);
    return true;
  } catch {
    return false;
  }
}
