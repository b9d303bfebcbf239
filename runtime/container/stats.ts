/** What running containers use, now. docker-stats(1). */
import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { monotonicNs } from "../../native/kernel.ts";
import type { CgroupLayout } from "../cgroup/layout.ts";
import { readStats, type Stats } from "../cgroup/stats.ts";
import type { ContainerState } from "./state.ts";

export interface NetworkStats {
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** The figures of one moment. */
export interface Sample {
  readonly state: ContainerState;
  readonly atNs: number;
  readonly stats: Stats;
  /** All its interfaces but the loopback; null where it has none of its own. */
  readonly network: NetworkStats | null;
}

/** What a row of `ringside stats` shows. A figure that this machine does not have is null. */
export interface Usage {
  readonly id: string;
  readonly name: string;
  /** 100 is one CPU all the time. */
  readonly cpuPercent: number | null;
  /** Without the cache that has not been used for a while, as Docker counts. */
  readonly memoryBytes: number | null;
  /** The machine's memory where the container has no limit. */
  readonly memoryLimitBytes: number;
  readonly memoryPercent: number | null;
  readonly network: NetworkStats | null;
  readonly readBytes: number | null;
  readonly writeBytes: number | null;
  readonly pids: number | null;
}

/** Reads the figures of a container that runs. */
export function sample(layout: CgroupLayout, state: ContainerState): Sample {
  return { state, atNs: monotonicNs(), stats: readStats(layout, state.cgroups), network: networkOf(state) };
}

function networkOf({ init, config }: ContainerState): NetworkStats | null {
  if (init === undefined || !hasOwnNetwork(config)) return null;
  let text: string;
  try {
    text = readFileSync(`/proc/${init.pid}/net/dev`, "utf8");
  } catch {
    return null;
  }
  return parseNetDev(text);
}

function hasOwnNetwork({ linux }: ContainerState["config"]): boolean {
  if (typeof linux !== "object" || linux === null || !("namespaces" in linux)) return false;
  const { namespaces } = linux;
  return (
    Array.isArray(namespaces) &&
    namespaces.some(
      (one: unknown) => typeof one === "object" && one !== null && "type" in one && one.type === "network",
    )
  );
}

/** proc_pid_net(5), /proc/net/dev: received bytes are the first figure of an interface, sent ones the ninth. */
export function parseNetDev(text: string): NetworkStats {
  let receivedBytes = 0;
  let sentBytes = 0;
  for (const line of text.split("\n").slice(2)) {
    const [name = "", figures] = line.split(":");
    if (figures === undefined || name.trim() === "lo") continue;
    const numbers = figures.trim().split(/\s+/).map(Number);
    receivedBytes += numbers[0] ?? 0;
    sentBytes += numbers[8] ?? 0;
  }
  return { receivedBytes, sentBytes };
}

/** @param before an earlier sample of the same container: processor time is counted between the two */
export function usage(now: Sample, before: Sample | undefined): Usage {
  const { state, stats, network } = now;
  const { memory, pids, io } = stats;
  const limit = Math.min(memory?.limitBytes ?? Number.POSITIVE_INFINITY, totalmem());
  const used = memory === null ? null : Math.max(0, memory.usageBytes - (memory.inactiveFileBytes ?? 0));
  const sum = (field: "readBytes" | "writeBytes"): number | null =>
    io === null ? null : io.reduce((total, disk) => total + disk[field], 0);
  return {
    id: state.id,
    name: state.name,
    cpuPercent: cpuPercent(now, before),
    memoryBytes: used,
    memoryLimitBytes: limit,
    memoryPercent: used === null ? null : (used / limit) * 100,
    network,
    readBytes: sum("readBytes"),
    writeBytes: sum("writeBytes"),
    pids: pids?.current ?? null,
  };
}

function cpuPercent(now: Sample, before: Sample | undefined): number | null {
  if (now.stats.cpu === null || before?.stats.cpu == null || now.atNs <= before.atNs) return null;
  return (Math.max(0, now.stats.cpu.usageNs - before.stats.cpu.usageNs) / (now.atNs - before.atNs)) * 100;
}
