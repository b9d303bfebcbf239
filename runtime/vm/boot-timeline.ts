/**
 * A boot as a timeline: one lane, from the request to the moment when the monitor has gone.
 *
 * Its modes are those of the lane's processor as a program knows them. The monitor (QEMU) before the machine runs is a
 * process of the host: user mode. Firmware and the guest's kernel run in ring 0: kernel mode. The guest's init and the
 * program: user mode; their own system calls are not told apart. Visits to the hypervisor are not stamped in a real
 * boot either (that would change it), so none is drawn.
 *
 * First user instruction: the stamp that the guest's init takes in the child, immediately before execve(2) of the
 * program. What lies between is execve itself, which belongs to the start of the program and not to the machine.
 */
import { hostname, release } from "node:os";
import { type Instant, MARKS, type Mode, type Span, type Timeline } from "../../simulator/trace/timeline.ts";
import type { MilestoneReader } from "./milestones.ts";
import { ACCELERATOR_LABELS, type AcceleratorName, type MachineType } from "./vmm.ts";

/** Everything that has been stamped, CLOCK_MONOTONIC; what is missing was not seen. */
export interface BootFacts {
  readonly title: string;
  /** The monitor's name, as people read it, and its version. */
  readonly vmm: string;
  readonly vmmVersion: string;
  readonly machine: MachineType;
  readonly accelerator: AcceleratorName;
  readonly kernelVersion: string;
  /** ISO 8601. */
  readonly date: string;
  readonly requestedNs: number;
  /** When the launcher's fork for QEMU began, and when execve had succeeded. */
  readonly forkedNs: number;
  readonly monitorNs: number;
  readonly milestones: MilestoneReader;
  readonly processorStartNs?: number | undefined;
  readonly handOverNs?: number | undefined;
  readonly firstByteNs?: number | undefined;
  readonly goneNs?: number | undefined;
}

/** A border between two spans, and what lies before it. */
interface Border {
  readonly at: number | undefined;
  readonly name: string;
  readonly mode: Mode;
  readonly stage: string;
  readonly args?: Readonly<Record<string, string | number>>;
}

const TRACK = "vm";

/** @returns one track, in nanoseconds since the request */
export function bootTimeline(facts: BootFacts): Timeline {
  const { title, vmm, vmmVersion, machine, accelerator, kernelVersion, date } = facts;
  const label = ACCELERATOR_LABELS[accelerator];
  const detail = `${hostname()}, Linux ${release()}; ${vmm} ${vmmVersion} ${machine}, ${label}; guest Linux ${kernelVersion}`;
  return {
    title,
    tracks: [
      {
        id: TRACK,
        name: title,
        world: "vm",
        unit: "ns",
        provenance: { kind: "measured", detail, n: 1, date, accelerator: label },
      },
    ],
    spans: spansBetween(bordersOf(facts), facts.requestedNs),
    instants: instantsOf(facts),
    counters: [],
  };
}

function bordersOf(facts: BootFacts): Border[] {
  const { milestones, goneNs } = facts;
  const at = (kind: "init" | "ready" | "exec" | "bye"): number | undefined => {
    const found = milestones.first(kind);
    return found === undefined ? undefined : milestones.hostNs(found);
  };
  const logged = (beginning: string): number | undefined => {
    const found = milestones.logLine(beginning);
    return found === undefined ? undefined : milestones.hostNs(found);
  };
  const clocked = milestones.first("tie") === undefined ? {} : { from: "the guest kernel's own log" };
  const ended = milestones.first("exited") ?? milestones.first("signaled") ?? milestones.first("failed");
  return [
    { at: facts.forkedNs, name: "prepare the start: archive, pipes, plan", mode: "user", stage: "VMM" },
    { at: facts.monitorNs, name: "fork, execve of QEMU", mode: "kernel", stage: "VMM", args: { manual: "execve(2)" } },
    { at: facts.processorStartNs, name: "QEMU sets up the machine and loads the kernel", mode: "user", stage: "VMM" },
    { at: facts.handOverNs, name: "firmware: finds and copies the kernel", mode: "kernel", stage: "firmware" },
    {
      at: logged("Linux version "),
      name: "guest kernel: before its clock runs",
      mode: "kernel",
      stage: "kernel",
      args: clocked,
    },
    {
      at: logged("smp: Brought up"),
      name: "guest kernel: memory, interrupts, processor",
      mode: "kernel",
      stage: "kernel",
      args: clocked,
    },
    {
      at: logged("Freeing unused kernel image"),
      name: "guest kernel: drivers, networking, initramfs",
      mode: "kernel",
      stage: "kernel",
      args: clocked,
    },
    { at: at("init"), name: kernelName(facts), mode: "kernel", stage: "kernel" },
    { at: at("ready"), name: "init: mounts, names, console", mode: "user", stage: "init" },
    { at: at("exec"), name: "init: fork, session, terminal", mode: "user", stage: "init" },
    { at: ended && milestones.hostNs(ended), name: "the program", mode: "user", stage: "program" },
    { at: at("bye"), name: "init: drain the console, report", mode: "user", stage: "gone" },
    { at: goneNs, name: "QEMU ends", mode: "user", stage: "gone" },
  ];
}

/** Without the log and without QEMU's stamps, the stages before init are one. */
function kernelName({ milestones, handOverNs }: BootFacts): string {
  if (milestones.first("tie") !== undefined) return "guest kernel: protects itself, starts init";
  return handOverNs === undefined ? "firmware and guest kernel" : "guest kernel";
}

/** Consecutive spans; a border that was not seen, or lies before the one in front of it, draws nothing. */
function spansBetween(borders: readonly Border[], zeroNs: number): Span[] {
  const spans: Span[] = [];
  let start = 0;
  for (const { at, name, mode, stage, args } of borders) {
    if (at === undefined || Number.isNaN(at)) continue;
    const end = Math.round(at - zeroNs);
    if (end <= start) continue;
    spans.push({ track: TRACK, name, start, end, mode, stage, ...(args !== undefined && { args }) });
    start = end;
  }
  return spans;
}

function instantsOf({ milestones, requestedNs, firstByteNs, goneNs }: BootFacts): Instant[] {
  const exec = milestones.first("exec");
  const execNs = exec === undefined ? undefined : milestones.hostNs(exec);
  const marks: readonly (readonly [string, number | undefined])[] = [
    [MARKS.firstInstruction, execNs],
    [MARKS.firstByte, execNs === undefined || firstByteNs === undefined ? undefined : Math.max(firstByteNs, execNs)],
    [MARKS.gone, goneNs],
  ];
  return marks.flatMap(([name, ns]) =>
    ns === undefined ? [] : [{ track: TRACK, name, at: Math.round(ns - requestedNs) }],
  );
}
