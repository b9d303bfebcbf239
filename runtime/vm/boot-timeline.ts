/**
 * A boot as a timeline: one lane, from the request to the moment when the monitor has gone.
 *
 * Its stages are told by four clocks, and each says by which (`CLOCKS`). All are brought to the host's CLOCK_MONOTONIC;
 * what one tells to be before what another told of an earlier stage is drawn as nothing, so stages never overlap, and
 * together they are the whole.
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
import type { Milestone, MilestoneReader } from "./milestones.ts";
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

/** Who stamped the end of a stage. */
const CLOCKS = {
  host: "the host's CLOCK_MONOTONIC",
  monitor: "the monitor's own stamps, on the host's wall clock",
  log: "the guest kernel's log, tied to the guest's CLOCK_MONOTONIC",
  guest: "the guest's CLOCK_MONOTONIC, tied to the host's by the fastest milestone",
} as const;

/** A border between two spans, and what lies before it. */
interface Border {
  readonly at: number | undefined;
  readonly name: string;
  readonly mode: Mode;
  readonly stage: string;
  readonly clock: keyof typeof CLOCKS;
  readonly manual?: string;
}

const TRACK = "vm";
/** The stage at whose end the program has its first instruction. */
const PROGRAM_STARTS = "init: fork, session, terminal";

/** @returns one track, in nanoseconds since the request */
export function bootTimeline(facts: BootFacts): Timeline {
  const { title, vmm, vmmVersion, machine, accelerator, kernelVersion, date } = facts;
  const label = ACCELERATOR_LABELS[accelerator];
  const borders = placed(facts, bordersOf(facts));
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
    spans: spansBetween(borders),
    instants: instantsOf(facts, borders),
    counters: [],
  };
}

function bordersOf(facts: BootFacts): Border[] {
  const { milestones, vmm } = facts;
  const at = (kind: "init" | "ready" | "exec" | "bye"): number | undefined =>
    hostNs(milestones, milestones.first(kind));
  const logged = (beginning: string): number | undefined => hostNs(milestones, milestones.logLine(beginning));
  const ended = milestones.first("exited") ?? milestones.first("signaled") ?? milestones.first("failed");
  const monitor = { mode: "user", stage: "VMM" } as const;
  const kernel = { mode: "kernel", stage: "kernel" } as const;
  const init = { mode: "user", stage: "init", clock: "guest" } as const;
  return [
    { ...monitor, clock: "host", at: facts.forkedNs, name: "prepare the start: archive, pipes, plan" },
    {
      ...monitor,
      clock: "host",
      at: facts.monitorNs,
      name: `fork, execve of ${vmm}`,
      mode: "kernel",
      manual: "execve(2)",
    },
    {
      ...monitor,
      clock: "monitor",
      at: facts.processorStartNs,
      name: `${vmm} sets up the machine and loads the kernel`,
    },
    {
      clock: "monitor",
      at: facts.handOverNs,
      name: "firmware: finds and copies the kernel",
      mode: "kernel",
      stage: "firmware",
    },
    { ...kernel, clock: "log", at: logged("Linux version "), name: "guest kernel: unpacks itself, starts its clock" },
    { ...kernel, clock: "log", at: logged("smp: Brought up"), name: "guest kernel: memory, interrupts, processor" },
    {
      ...kernel,
      clock: "log",
      at: logged("Freeing unused kernel image"),
      name: "guest kernel: drivers, networking, initramfs",
    },
    { ...kernel, clock: "guest", at: at("init"), name: kernelName(facts) },
    { ...init, at: at("ready"), name: "init: mounts, names, console" },
    { ...init, at: at("exec"), name: PROGRAM_STARTS },
    { clock: "guest", at: hostNs(milestones, ended), name: "the program", mode: "user", stage: "program" },
    { ...init, at: at("bye"), name: "init: drain the console, report", stage: "gone" },
    { clock: "host", at: facts.goneNs, name: `${vmm} ends`, mode: "user", stage: "gone" },
  ];
}

function hostNs(reader: MilestoneReader, milestone: Milestone | undefined): number | undefined {
  return milestone === undefined ? undefined : reader.hostNs(milestone);
}

/** Without the log and without QEMU's stamps, the stages before init are one. */
function kernelName({ milestones, handOverNs }: BootFacts): string {
  if (milestones.first("tie") !== undefined) return "guest kernel: protects itself, starts init";
  return handOverNs === undefined ? "firmware and guest kernel" : "guest kernel";
}

/**
 * Brings the borders into their order: each where it was told to be, but not before the one in front of it, and not
 * after the end of the whole, which the host's own clock tells.
 *
 * @returns only those that were seen, in nanoseconds since the request
 */
function placed({ requestedNs, goneNs }: BootFacts, borders: readonly Border[]): (Border & { readonly end: number })[] {
  const whole = goneNs === undefined ? Number.POSITIVE_INFINITY : Math.round(goneNs - requestedNs);
  let end = 0;
  return borders.flatMap((border) => {
    if (border.at === undefined || Number.isNaN(border.at)) return [];
    end = Math.min(whole, Math.max(end, Math.round(border.at - requestedNs)));
    return [{ ...border, end }];
  });
}

/** Consecutive spans; one without a length is not drawn. */
function spansBetween(borders: ReturnType<typeof placed>): Span[] {
  return borders.flatMap(({ end, name, mode, stage, clock, manual }, index) => {
    const start = borders[index - 1]?.end ?? 0;
    const args = { clock: CLOCKS[clock], ...(manual !== undefined && { manual }) };
    return end === start ? [] : [{ track: TRACK, name, start, end, mode, stage, args }];
  });
}

function instantsOf({ requestedNs, firstByteNs, goneNs }: BootFacts, borders: ReturnType<typeof placed>): Instant[] {
  const started = borders.find(({ name }) => name === PROGRAM_STARTS)?.end;
  const gone = goneNs === undefined ? undefined : Math.round(goneNs - requestedNs);
  const byte = firstByteNs === undefined ? undefined : Math.round(firstByteNs - requestedNs);
  const marks: readonly (readonly [string, number | undefined])[] = [
    [MARKS.firstInstruction, started],
    [MARKS.firstByte, started === undefined || byte === undefined ? undefined : Math.max(byte, started)],
    [MARKS.gone, gone],
  ];
  return marks.flatMap(([name, at]) => (at === undefined ? [] : [{ track: TRACK, name, at }]));
}
