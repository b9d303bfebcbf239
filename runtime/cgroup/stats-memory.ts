/** Memory of a container. cgroup-v1/memory.rst; cgroup-v2.rst, "Memory". */
import type { GroupFiles } from "./group-files.ts";

export interface MemoryStats {
  /** All that is charged, the cache of its files included. */
  readonly usageBytes: number;
  /** null: none. */
  readonly limitBytes: number | null;
  readonly peakBytes: number | null;
  /** The cache of files, most of which could be freed. */
  readonly cacheBytes: number | null;
  /** What belongs to processes and to no file. */
  readonly anonymousBytes: number | null;
  /** Cache that has not been used for a while: Docker subtracts it from usage. */
  readonly inactiveFileBytes: number | null;
  readonly kernelBytes: number | null;
  readonly swapBytes: number | null;
  /** Of swap alone; null: none. */
  readonly swapLimitBytes: number | null;
  /** How often the limit was met. */
  readonly limitHits: number | null;
  /** Processes that the kernel killed for want of memory. */
  readonly oomKills: number | null;
  /** The kernel's own table, memory.stat. */
  readonly details: Readonly<Record<string, number>>;
}

/** @returns null where the container is in no group that counts memory */
export function memoryStats(files: GroupFiles): MemoryStats | null {
  return files.version("memory") === 1 ? statsV1(files) : statsV2(files);
}

function statsV1(files: GroupFiles): MemoryStats | null {
  const usageBytes = files.number("memory", "memory.usage_in_bytes");
  if (usageBytes === null) return null;
  const details = files.table("memory", "memory.stat") ?? {};
  const limitBytes = files.number("memory", "memory.limit_in_bytes");
  const bothLimit = files.number("memory", "memory.memsw.limit_in_bytes");
  return {
    usageBytes,
    limitBytes,
    peakBytes: files.number("memory", "memory.max_usage_in_bytes"),
    cacheBytes: details.total_cache ?? null,
    anonymousBytes: details.total_rss ?? null,
    inactiveFileBytes: details.total_inactive_file ?? null,
    kernelBytes: files.number("memory", "memory.kmem.usage_in_bytes"),
    swapBytes: details.total_swap ?? null,
    swapLimitBytes: bothLimit === null || limitBytes === null ? null : bothLimit - limitBytes,
    limitHits: files.number("memory", "memory.failcnt"),
    oomKills: files.table("memory", "memory.oom_control")?.oom_kill ?? null,
    details,
  };
}

function statsV2(files: GroupFiles): MemoryStats | null {
  const usageBytes = files.number("memory", "memory.current");
  if (usageBytes === null) return null;
  const details = files.table("memory", "memory.stat") ?? {};
  const events = files.table("memory", "memory.events");
  return {
    usageBytes,
    limitBytes: files.number("memory", "memory.max"),
    peakBytes: files.number("memory", "memory.peak"),
    cacheBytes: details.file ?? null,
    anonymousBytes: details.anon ?? null,
    inactiveFileBytes: details.inactive_file ?? null,
    kernelBytes: details.kernel ?? null,
    swapBytes: files.number("memory", "memory.swap.current"),
    swapLimitBytes: files.number("memory", "memory.swap.max"),
    limitHits: events?.max ?? null,
    oomKills: events?.oom_kill ?? null,
    details,
  };
}
