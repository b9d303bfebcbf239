/** Processor time of a container, and how long its quota held it back. cgroup-v1/cpuacct.rst; cgroup-v2.rst, "CPU". */
import { type GroupFiles, parseTable } from "./group-files.ts";

export interface CpuStats {
  readonly usageNs: number;
  readonly userNs: number | null;
  readonly systemNs: number | null;
  /** By the number of the CPU; v1 only. */
  readonly perCpuNs: readonly number[] | null;
  /** null where no quota can be set (no cpu controller). */
  readonly throttling: {
    readonly periods: number;
    readonly throttledPeriods: number;
    readonly throttledNs: number;
  } | null;
}

/** @returns null where nothing counts this container's time alone */
export function cpuStats(files: GroupFiles): CpuStats | null {
  const usageNs = files.number("cpuacct", "cpuacct.usage");
  return usageNs === null ? unifiedStats(files) : accountStats(files, usageNs);
}

function accountStats(files: GroupFiles, usageNs: number): CpuStats {
  const perCpu = files.text("cpuacct", "cpuacct.usage_percpu")?.trim();
  return {
    usageNs,
    userNs: files.number("cpuacct", "cpuacct.usage_user"),
    systemNs: files.number("cpuacct", "cpuacct.usage_sys"),
    perCpuNs: perCpu === undefined ? null : perCpu.split(" ").map(Number),
    throttling: throttlingOf(files.table("cpu", "cpu.stat"), 1),
  };
}

/** Every v2 group counts time, also in hybrid mode; microseconds there. */
function unifiedStats(files: GroupFiles): CpuStats | null {
  const table = parseTable(files.unified("cpu.stat"));
  const { usage_usec: usage, user_usec: user, system_usec: system } = table ?? {};
  if (usage === undefined) return null;
  const own = files.version("cpu") === 1 ? files.table("cpu", "cpu.stat") : table;
  return {
    usageNs: usage * 1000,
    userNs: user === undefined ? null : user * 1000,
    systemNs: system === undefined ? null : system * 1000,
    perCpuNs: null,
    throttling: throttlingOf(own, files.version("cpu") === 1 ? 1 : 1000),
  };
}

function throttlingOf(table: Record<string, number> | undefined, unitNs: 1 | 1000): CpuStats["throttling"] {
  const { nr_periods: periods, nr_throttled: throttledPeriods } = table ?? {};
  if (periods === undefined || throttledPeriods === undefined) return null;
  const throttled = unitNs === 1 ? table?.throttled_time : table?.throttled_usec;
  return { periods, throttledPeriods, throttledNs: (throttled ?? 0) * unitNs };
}
