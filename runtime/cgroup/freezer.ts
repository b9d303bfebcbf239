/**
 * Stops all processes of a container at once, and lets them go on: none of them notices. v1 has a controller for it
 * (admin-guide/cgroup-v1/freezer-subsystem.rst), v2 can freeze every group (admin-guide/cgroup-v2.rst, cgroup.freeze).
 */
import { existsSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { RingsideError } from "../error.ts";
import { readGroupFile, tryWrite, writeGroupFile } from "./processes.ts";

interface Freezer {
  readonly path: string;
  /** What is written, to freeze and to thaw. */
  readonly file: string;
  readonly frozen: string;
  readonly thawed: string;
  /** Whether every process of it stands still. */
  isFrozen(): boolean;
}

/** 1 ms at first, then longer; about 4 s in all. A process in an uninterruptible system call cannot be frozen before it ends. */
const ATTEMPTS = 40;
const LONGEST_WAIT_MS = 128;

/** v2 before v1: it freezes what is stopped or traced too, and lets SIGKILL through. */
function freezerOf(paths: readonly string[]): Freezer | undefined {
  const v2 = paths.find((path) => existsSync(`${path}/cgroup.freeze`));
  if (v2 !== undefined) {
    const isFrozen = () => /^frozen 1$/m.test(readGroupFile(`${v2}/cgroup.events`) ?? "");
    return { path: v2, file: `${v2}/cgroup.freeze`, frozen: "1", thawed: "0", isFrozen };
  }
  const v1 = paths.find((path) => existsSync(`${path}/freezer.state`));
  if (v1 === undefined) return undefined;
  const file = `${v1}/freezer.state`;
  return {
    path: v1,
    file,
    frozen: "FROZEN",
    thawed: "THAWED",
    isFrozen: () => readGroupFile(file)?.trim() === "FROZEN",
  };
}

/**
 * Freezes every process in the groups, and waits until all of them stand still. If they do not in time, they are let go
 * again: nothing stays half frozen.
 *
 * @param paths the container's group in each hierarchy
 * @param attempts how often it is looked at before giving up
 * @throws RingsideError when none of the groups can be frozen, or a process does not stop
 */
export async function freeze(paths: readonly string[], attempts = ATTEMPTS): Promise<void> {
  const freezer = freezerOf(paths);
  if (freezer === undefined) {
    throw new RingsideError("cannot pause: the container is in no group that can be frozen", {
      fix: "mkdir -p /sys/fs/cgroup/freezer && mount -t cgroup -o freezer none /sys/fs/cgroup/freezer, and start it again",
    });
  }
  try {
    for (let attempt = 0; attempt < attempts; attempt++) {
      // v1 freezes whom it meets: written again, it meets those that were forked meanwhile.
      writeGroupFile(freezer.file, freezer.frozen);
      if (freezer.isFrozen()) return;
      await setTimeout(Math.min(2 ** attempt, LONGEST_WAIT_MS));
      if (freezer.isFrozen()) return;
    }
  } catch (error) {
    tryWrite(freezer.file, freezer.thawed);
    throw new RingsideError(`cannot pause the group ${freezer.path}`, { cause: error });
  }
  tryWrite(freezer.file, freezer.thawed);
  throw new RingsideError(`cannot pause the group ${freezer.path}: a process in it does not come to a stop`, {
    fix: "it waits for a disk or a network file system; try again when that has answered",
  });
}

/**
 * Lets the processes go on. What is not frozen, or has gone, stays as it is.
 * @param paths the container's group in each hierarchy
 */
export async function thaw(paths: readonly string[]): Promise<void> {
  const freezer = freezerOf(paths);
  if (freezer === undefined) return;
  if (!tryWrite(freezer.file, freezer.thawed)) return;
  for (let attempt = 0; attempt < ATTEMPTS && freezer.isFrozen(); attempt++) {
    await setTimeout(Math.min(2 ** attempt, LONGEST_WAIT_MS));
  }
}

/** Whether the container has been paused, by whomever. */
export function isFrozen(paths: readonly string[]): boolean {
  return freezerOf(paths)?.isFrozen() ?? false;
}

/** What a group's own file says where it is not to stand still. */
const GOING: readonly (readonly [file: string, thawed: string])[] = [
  ["cgroup.freeze", "0"],
  ["freezer.state", "THAWED"],
];

/**
 * Refuses groups that stand still, or stand in one that does: whoever joins them stops there and then, and nobody can
 * end him (v1), or wake him (both).
 * @param directories groups that are to be joined, from the top down; what is not there yet goes as the group above it
 * @throws RingsideError naming the file that thaws it
 */
export function checkThawed(directories: readonly string[]): void {
  for (const directory of directories) {
    for (const [file, thawed] of GOING) {
      const state = readGroupFile(`${directory}/${file}`)?.trim();
      if (state === undefined || state === thawed) continue;
      throw new RingsideError(`linux.cgroupsPath: container's cgroup unexpectedly frozen: ${directory}`, {
        fix: `echo ${thawed} > ${directory}/${file}, or give the container a path of its own`,
      });
    }
  }
}
