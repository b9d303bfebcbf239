/** The control groups of a container whose owner was killed and could not take them away itself. cgroups(7). */
import { readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A group is busy for a moment after its last process has died. */
const ATTEMPTS = 50;
const WAIT_MS = 2;

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

function wait(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MS);
}

function tryWrite(file: string, value: string): boolean {
  try {
    writeFileSync(file, value);
    return true;
  } catch {
    return false;
  }
}

function groupsBelow(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .flatMap((entry) => groupsBelow(join(directory, entry.name)))
      .concat(directory);
  } catch {
    return [];
  }
}

function members(directory: string): number[] {
  try {
    return readFileSync(join(directory, "cgroup.procs"), "utf8")
      .split("\n")
      .map(Number)
      .filter((pid) => pid > 1);
  } catch {
    return [];
  }
}

/** Kills whoever is in one of `directories`. What is frozen is thawed: on v1 it could not die otherwise. */
export function killGroups(directories: readonly string[]): void {
  for (const directory of directories.flatMap(groupsBelow)) {
    if (!tryWrite(join(directory, "cgroup.kill"), "1")) killMembers(directory);
    tryWrite(join(directory, "freezer.state"), "THAWED");
  }
}

function killMembers(directory: string): void {
  for (const pid of members(directory)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has gone meanwhile.
    }
  }
}

/** Removes groups that hold no process any more, with those below them. */
export function removeGroups(directories: readonly string[]): void {
  for (const directory of directories.flatMap(groupsBelow)) {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        rmdirSync(directory);
        break;
      } catch (error) {
        if (errorCode(error) !== "EBUSY") break;
        wait();
      }
    }
  }
}
