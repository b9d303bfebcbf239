/**
 * What a benchmark takes at most: announced before it begins, and kept to. Time is kept by planning and by a deadline, memory
 * by how many starts are under way at once, disk by looking.
 */

import { lstatSync, readdirSync, readFileSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RingsideError } from "../error.ts";
import type { BenchProtocol } from "./protocol.ts";

export interface Limits {
  /** Infinity where the number of runs alone decides. */
  readonly timeSeconds: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
}

const MEBIBYTE = 1024 * 1024;
const GIBIBYTE = 1024 * MEBIBYTE;
/** The machine keeps the other half of what is free. */
const MEMORY_SHARE = 0.5;
/** Copies of the image for engines with stores of their own, and their state. */
const DISK_BYTES = 2 * GIBIBYTE;
const BYTES_PER_KIBIBYTE = 1024;
const BLOCK_BYTES = 512;

/**
 * The limits that are asked for, and for the rest those that this machine bears.
 * @throws RingsideError where more is asked for than there is
 */
export function limitsFor(asked: BenchProtocol["limits"]): Limits {
  const available = availableMemoryBytes();
  const free = freeDiskBytes(tmpdir());
  const memoryBytes = asked.memoryBytes ?? Math.floor(available * MEMORY_SHARE);
  const diskBytes = asked.diskBytes ?? Math.min(DISK_BYTES, Math.floor(free / 2));
  if (memoryBytes > available) throw tooMuch("memory", memoryBytes, available);
  if (diskBytes > free) throw tooMuch(`disk below ${tmpdir()}`, diskBytes, free);
  return { timeSeconds: asked.timeSeconds ?? Number.POSITIVE_INFINITY, memoryBytes, diskBytes };
}

function tooMuch(what: string, askedBytes: number, thereBytes: number): RingsideError {
  return new RingsideError(
    `benchmark: ${mebibytes(askedBytes)} of ${what} are asked for, and ${mebibytes(thereBytes)} are free`,
    { fix: "a smaller limit, or end what else uses it" },
  );
}

/** In words, for the announcement. */
export function describeLimits({ timeSeconds, memoryBytes, diskBytes }: Limits): string {
  const time = Number.isFinite(timeSeconds) ? `${Math.ceil(timeSeconds)} s` : "as long as the runs take";
  return `at most: ${time}, ${mebibytes(memoryBytes)} of memory, ${mebibytes(diskBytes)} of disk below ${tmpdir()}`;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / MEBIBYTE)} MiB`;
}

/** MemAvailable: what can be had without swapping, by the kernel's own estimate (proc(5)). */
function availableMemoryBytes(): number {
  const kibibytes = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1];
  return Number(kibibytes ?? 0) * BYTES_PER_KIBIBYTE;
}

function freeDiskBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

/**
 * Looks at how much disk the benchmark's directory takes.
 * @throws RingsideError where that is more than the limit
 */
export function checkDisk(directory: string, { diskBytes }: Limits): void {
  const used = bytesBelow(directory);
  if (used <= diskBytes) return;
  throw new RingsideError(
    `benchmark: ${directory} has come to ${mebibytes(used)} and the limit is ${mebibytes(diskBytes)}`,
    { fix: "a larger --disk, or fewer systems: each engine has a copy of the image" },
  );
}

/** Blocks that are allocated, as du(1) counts; what goes while we look counts nothing. */
function bytesBelow(path: string): number {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) return 0;
  const own = status.blocks * BLOCK_BYTES;
  if (!status.isDirectory()) return own;
  return entriesOf(path).reduce((sum, name) => sum + bytesBelow(join(path, name)), own);
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
