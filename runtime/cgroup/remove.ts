/**
 * Removes a container's groups, with whatever is still in them and whatever the inside made below them. rmdir(2),
 * cgroups(7), "Removing": a group is busy for a moment after its last process has gone.
 */
import { existsSync, lstatSync, rmdirSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { errorCode } from "../../native/error-code.ts";
import { RingsideError } from "../error.ts";
import { groupsWithin, killAll, listProcesses } from "./processes.ts";

const SIGKILL = 9;
/** 1 ms, 2 ms, 4 ms … about 4 s in all: a process that waits for a disk or a network file system dies late. */
const ATTEMPTS = 12;

/**
 * @param paths the container's group in each hierarchy; what is not there any more is passed over
 * @param parents groups on the way to them, those deepest down first: removed are those that Ringside made, where nobody
 *   is in them any more
 * @throws RingsideError when a process in them cannot be killed
 */
export async function removeCgroups(paths: readonly string[], parents: readonly string[] = []): Promise<void> {
  for (const path of paths) await removeGroup(path);
  for (const parent of parents) if (isOurs(parent)) isRemoved(parent);
}

async function removeGroup(path: string): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) await setTimeout(2 ** attempt);
    // Nobody is left in most: looking for somebody to kill can wait until the first attempt has failed.
    if (groupsWithin(path).toReversed().every(isRemoved)) return;
    await killAll([path], SIGKILL);
  }
  const [pid] = listProcesses([path]);
  const why = pid === undefined ? "the kernel still holds it" : `process ${pid} in it does not end`;
  throw new RingsideError(`cannot remove the control group ${path}: ${why}`, {
    fix: pid === undefined ? `rmdir ${path}` : `see what it waits for: cat /proc/${pid}/stack`,
  });
}

/** @returns false when the group is busy */
function isRemoved(group: string): boolean {
  try {
    rmdirSync(group);
    return true;
  } catch (error) {
    if (errorCode(error) === "EBUSY" || errorCode(error) === "ENOTEMPTY") return false;
    if (errorCode(error) === "ENOENT") return true;
    throw error;
  }
}

/** The sticky bit is the mark of the launcher (native/launcher/cgroups.cc); what is no control group has none. */
function isOurs(directory: string): boolean {
  const status = lstatSync(directory, { throwIfNoEntry: false });
  if (status === undefined) return false;
  return (status.mode & STICKY) !== 0 || !existsSync(`${directory}/cgroup.procs`);
}

/** S_ISVTX of inode(7). */
const STICKY = 0o1000;
