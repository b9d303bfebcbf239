/**
 * The figures in the JSON of `runc events --stats` (runc, types/events.go), which containerd and others read. runc writes
 * 0 where it has no figure, and no limit as the largest number of 64 bits; so it stands here, and only here.
 */
import type { Pressure, PressureLine } from "./pressure.ts";
import type { Stats } from "./stats.ts";

/** v1's "no limit", which every reader of 64 bits takes. */
const UNLIMITED = 2 ** 63 - 4096;

/**
 * @param id the container's
 * @returns `{ type: "stats", id, data }`, one line of the stream
 */
export function statsEvent(id: string, stats: Stats) {
  return { type: "stats", id, data: statsData(stats) };
}

function statsData({ cpu, memory, pids, io, hugetlb, pressure }: Stats) {
  return {
    cpu: { ...cpuData(cpu), ...psi(pressure.cpu) },
    cpuset: {},
    memory: { ...memoryData(memory), ...psi(pressure.memory) },
    pids: { current: pids?.current ?? 0, limit: pids?.limit ?? 0 },
    blkio: { ...ioData(io ?? []), ...psi(pressure.io) },
    hugetlb: Object.fromEntries(
      Object.entries(hugetlb).map(([size, { usageBytes, peakBytes, limitHits }]) => {
        return [size, { usage: usageBytes, max: peakBytes ?? 0, failcnt: limitHits ?? 0 }];
      }),
    ),
    intel_rdt: {},
    network_interfaces: null,
  };
}

function cpuData(cpu: Stats["cpu"]) {
  const { throttling } = cpu ?? {};
  return {
    usage: {
      total: cpu?.usageNs ?? 0,
      ...(cpu?.perCpuNs && { percpu: cpu.perCpuNs }),
      kernel: cpu?.systemNs ?? 0,
      user: cpu?.userNs ?? 0,
    },
    throttling: {
      periods: throttling?.periods ?? 0,
      throttledPeriods: throttling?.throttledPeriods ?? 0,
      throttledTime: throttling?.throttledNs ?? 0,
    },
  };
}

function memoryData(memory: Stats["memory"]) {
  const swap = memory?.swapBytes ?? 0;
  const usage = memory?.usageBytes ?? 0;
  const limit = memory?.limitBytes ?? UNLIMITED;
  return {
    cache: memory?.cacheBytes ?? 0,
    usage: { limit, usage, max: memory?.peakBytes ?? 0, failcnt: memory?.limitHits ?? 0 },
    // Memory and swap together, as v1 counts.
    swap: {
      limit: memory?.swapLimitBytes == null ? UNLIMITED : Math.min(UNLIMITED, limit + memory.swapLimitBytes),
      usage: usage + swap,
      max: 0,
      failcnt: 0,
    },
    kernel: { limit: UNLIMITED, usage: memory?.kernelBytes ?? 0, max: 0, failcnt: 0 },
    kernelTCP: { limit: UNLIMITED, usage: 0, max: 0, failcnt: 0 },
    raw: memory?.details ?? {},
  };
}

function ioData(io: NonNullable<Stats["io"]>) {
  const entries = (read: "readBytes" | "reads", write: "writeBytes" | "writes") =>
    io.flatMap((device) => {
      const { major, minor } = device;
      return [
        { major, minor, op: "Read", value: device[read] },
        { major, minor, op: "Write", value: device[write] },
      ];
    });
  return {
    ioServiceBytesRecursive: entries("readBytes", "writeBytes"),
    ioServicedRecursive: entries("reads", "writes"),
  };
}

function psi(pressure: Pressure | null) {
  if (pressure === null) return {};
  const line = ({ avg10, avg60, avg300, totalUs }: PressureLine) => ({ avg10, avg60, avg300, total: totalUs });
  const { some, full } = pressure;
  return { psi: { some: line(some), full: full === null ? line(NO_PRESSURE) : line(full) } };
}

const NO_PRESSURE: PressureLine = { avg10: 0, avg60: 0, avg300: 0, totalUs: 0 };
