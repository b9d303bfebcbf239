/**
 * What a container uses, read from its groups: one shape for v1 and v2. A figure that this kernel or this container's
 * groups do not have is null, never 0. Kernel: admin-guide/cgroup-v1/*.rst, admin-guide/cgroup-v2.rst.
 */

import { GroupFiles } from "./group-files.ts";
import type { CgroupLayout } from "./layout.ts";
import { type Pressure, parsePressure } from "./pressure.ts";
import { type CpuStats, cpuStats } from "./stats-cpu.ts";
import { type HugePageStats, hugePageStats } from "./stats-hugetlb.ts";
import { type IoStats, ioStats } from "./stats-io.ts";
import { type MemoryStats, memoryStats } from "./stats-memory.ts";

export interface PidsStats {
  readonly current: number;
  /** null: none. */
  readonly limit: number | null;
  /** How often fork was refused. */
  readonly refused: number | null;
}

export interface Stats {
  readonly cpu: CpuStats | null;
  readonly memory: MemoryStats | null;
  readonly pids: PidsStats | null;
  readonly io: readonly IoStats[] | null;
  /** By the size of the page, `2MB`. */
  readonly hugetlb: Readonly<Record<string, HugePageStats>>;
  readonly pressure: {
    readonly cpu: Pressure | null;
    readonly memory: Pressure | null;
    readonly io: Pressure | null;
  };
}

/**
 * Reads a container's figures. Each is read at its own moment, some microseconds apart.
 *
 * @param paths the container's group in each hierarchy, as its state keeps them
 */
export function readStats(layout: CgroupLayout, paths: readonly string[]): Stats {
  const files = new GroupFiles(layout, paths);
  return {
    cpu: cpuStats(files),
    memory: memoryStats(files),
    pids: pidsStats(files),
    io: ioStats(files),
    hugetlb: hugePageStats(files),
    pressure: {
      cpu: parsePressure(files.unified("cpu.pressure")),
      memory: parsePressure(files.unified("memory.pressure")),
      io: parsePressure(files.unified("io.pressure")),
    },
  };
}

function pidsStats(files: GroupFiles): PidsStats | null {
  const current = files.number("pids", "pids.current");
  if (current === null) return null;
  const { max = null } = files.table("pids", "pids.events") ?? {};
  return { current, limit: files.number("pids", "pids.max"), refused: max };
}
