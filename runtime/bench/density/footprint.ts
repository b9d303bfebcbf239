/**
 * What idle instances take: the proportional set size of their processes, in which a page that several share counts for each
 * by its part (proc(5), smaps_rollup); what the kernel charges to their control groups, page tables and caches included; and
 * how much less is available on the whole machine.
 */

import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const KIBIBYTE = 1024;
const BLOCK_BYTES = 512;
/** Of a group: cgroup v2's, v1's. Either counts the groups below with it. */
const USAGE_FILES = ["memory.current", "memory.usage_in_bytes"];

/**
 * The processes that descend from these, with them; in a container, behind a monitor, in a namespace of their own alike.
 */
export function withDescendants(pids: readonly number[], procDirectory = "/proc"): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync(procDirectory).filter((entry) => /^\d+$/.test(entry))) {
    const parent = parentOf(readText(join(procDirectory, name, "stat")));
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found = new Set<number>();
  const visit = (pid: number): void => {
    if (found.has(pid)) return;
    found.add(pid);
    for (const child of children.get(pid) ?? []) visit(child);
  };
  for (const pid of pids) visit(pid);
  return [...found];
}

/** The fourth field; the second, the name, is in parentheses and may have any in it. */
function parentOf(stat: string): number | undefined {
  const parent = /^\d+ \(.*\) \S (\d+) /s.exec(stat)?.[1];
  return parent === undefined ? undefined : Number(parent);
}

/** The sum of their proportional set sizes; a process that has ended since has none. */
export function proportionalBytes(pids: readonly number[], procDirectory = "/proc"): number {
  return pids.reduce((sum, pid) => {
    const kibibytes = /^Pss:\s+(\d+) kB$/m.exec(readText(join(procDirectory, String(pid), "smaps_rollup")))?.[1];
    return sum + Number(kibibytes ?? 0) * KIBIBYTE;
  }, 0);
}

/** What is charged to these control groups. */
export function chargedBytes(groups: readonly string[]): number {
  return groups.reduce((sum, group) => {
    const usage = USAGE_FILES.map((file) => readText(join(group, file)).trim()).find((text) => text !== "");
    return sum + Number(usage ?? 0);
  }, 0);
}

/** Blocks that are allocated below these directories, as du(1) --one-file-system counts. */
export function allocatedBytes(directories: readonly string[]): number {
  return directories.reduce((sum, directory) => sum + allocatedBelow(directory), 0);
}

function allocatedBelow(path: string, device?: number): number {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined || (device !== undefined && status.dev !== device)) return 0;
  const own = status.blocks * BLOCK_BYTES;
  if (!status.isDirectory()) return own;
  return namesIn(path).reduce((sum, name) => sum + allocatedBelow(join(path, name), status.dev), own);
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    // It has gone since it was listed.
    return [];
  }
}

/** Empty where it is not there, or not any more. */
function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
