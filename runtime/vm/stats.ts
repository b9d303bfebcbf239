/**
 * What running virtual machines use, as both sides see it: the host sees a process, the guest's own kernel sees a machine.
 * The two never agree: a page that the guest has touched once stays the host's loss.
 */
import { readFileSync } from "node:fs";
import { monotonicNs } from "../../native/kernel.ts";
import { guestStats } from "./agent.ts";
import type { GuestStats } from "./agent-protocol.ts";
import { pssBytes } from "./resident.ts";
import type { LivingVm } from "./state.ts";
import { type VmStatus, vmStatus } from "./status.ts";

/** The figures of one moment. What is not known is null. */
export interface VmSample {
  readonly machine: LivingVm;
  readonly status: VmStatus;
  readonly atNs: number;
  /** Of the monitor's process: the guest's work, and what it costs to run it. */
  readonly cpuNs: number | null;
  readonly hostPssBytes: number | null;
  /** What the guest's agent says; null where there is none, or it cannot answer. */
  readonly guest: GuestStats | null;
}

/** What a row of `ringside vm stats` shows. */
export interface VmUsage {
  readonly id: string;
  readonly name: string;
  readonly status: VmStatus;
  readonly acceleratorLabel: string;
  /** 100 is one CPU of the host all the time. */
  readonly cpuPercent: number | null;
  /** 100 is one CPU of the guest all the time, by the guest's clock. */
  readonly guestCpuPercent: number | null;
  readonly assignedBytes: number;
  readonly hostPssBytes: number | null;
  readonly guestUsedBytes: number | null;
  readonly guestTotalBytes: number | null;
  readonly guestProcesses: number | null;
}

/** An agent that is there answers at once; a guest that still boots has nothing to say. */
const PATIENCE = { timeoutMs: 2000 } as const;

/** Reads the figures of a machine that lives. */
export async function sampleVm(machine: LivingVm): Promise<VmSample> {
  const status = await vmStatus(machine);
  const guest =
    status === "running" && machine.agent ? await guestStats(machine.directory, PATIENCE).catch(() => null) : null;
  const { pid } = machine.process;
  return { machine, status, guest, atNs: monotonicNs(), cpuNs: cpuNsOf(pid), hostPssBytes: pssBytes(pid) ?? null };
}

/** The clock of /proc is in ticks of 10 ms: sysconf(_SC_CLK_TCK) is 100 on every machine that Linux runs on today. */
const NS_PER_TICK = 10_000_000;

/** proc_pid_stat(5): fields 14 and 15, of all threads, those that have ended too. */
export function cpuNsOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * NS_PER_TICK;
  } catch {
    return null;
  }
}

/** @param before an earlier sample of the same machine: processor time is counted between the two */
export function vmUsage(now: VmSample, before: VmSample | undefined): VmUsage {
  const { machine, status, guest, hostPssBytes } = now;
  return {
    id: machine.id,
    name: machine.name,
    status,
    acceleratorLabel: machine.acceleratorLabel,
    cpuPercent: share(now.cpuNs, before?.cpuNs, now.atNs, before?.atNs),
    guestCpuPercent: share(busyNs(guest), busyNs(before?.guest), guest?.uptimeNs, before?.guest?.uptimeNs),
    assignedBytes: machine.memoryBytes,
    hostPssBytes,
    guestUsedBytes: guest === null ? null : guest.memoryTotalBytes - guest.memoryAvailableBytes,
    guestTotalBytes: guest?.memoryTotalBytes ?? null,
    guestProcesses: guest?.processes ?? null,
  };
}

function busyNs(guest: GuestStats | null | undefined): number | undefined {
  return guest == null ? undefined : guest.userNs + guest.systemNs;
}

function share(now: number | null | undefined, before: number | null | undefined, at?: number, from?: number) {
  if (now == null || before == null || at === undefined || from === undefined || at <= from) return null;
  return (Math.max(0, now - before) / (at - from)) * 100;
}
