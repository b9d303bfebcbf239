/**
 * The life of the tiny guest as a timeline: one lane, from the request to the moment when nothing of it is left.
 *
 * Its modes: the calls that make and unmake the machine are the host's kernel at work, what lies between them is the
 * monitor's own code in user mode. A KVM_RUN is the guest (ring 0, so kernel mode) with the way in and out; from its return
 * to the next one the guest is left, and the monitor answers: that is the dip to the hypervisor.
 */
import { hostname, release } from "node:os";
import { type Instant, MARKS, type Span, type Timeline } from "../../simulator/trace/timeline.ts";
import type { TinyLife } from "./tiny.ts";
import type { Executor } from "./tiny-executor.ts";
import type { Exit } from "./tiny-exits.ts";
import { hex } from "./tiny-program.ts";

const TRACK = "vm";
const STAGES = { make: "VMM", guest: "program", gone: "gone" } as const;

export interface TinyFacts {
  readonly executor: Executor;
  readonly date: string;
}

/** @returns one track, in nanoseconds since the request */
export function tinyTimeline(life: TinyLife, { executor, date }: TinyFacts): Timeline {
  const title = "tiny virtual machine";
  const detail = `${hostname()}, Linux ${release()}; ${executor.label}; ${executor.reason}`;
  const provenance = { kind: "measured", detail, n: 1, date, accelerator: executor.label } as const;
  const zero = life.requestedNs;
  const marks: readonly (readonly [string, number])[] = [
    [MARKS.firstInstruction, life.firstInstructionNs],
    [MARKS.firstByte, life.firstByteNs],
    [MARKS.gone, life.goneNs],
  ];
  return {
    title,
    tracks: [{ id: TRACK, name: title, world: "vm", unit: "ns", provenance }],
    spans: spansOf(life),
    instants: marks
      .filter(([, at]) => !Number.isNaN(at))
      .map(([name, at]): Instant => ({ track: TRACK, name, at: at - zero })),
    counters: [],
  };
}

/** What has a beginning and an end; what lies between two is named by the one that follows. */
interface Part extends Pick<Span, "name" | "mode" | "stage" | "args"> {
  readonly startNs: number;
  readonly endNs: number;
  readonly before: Pick<Span, "name" | "mode">;
}

const HAND_OVER = { name: "handed over to a thread of its own", mode: "user" } as const;
const OWN_CODE = { name: "the monitor's own code", mode: "user" } as const;
const ANSWER = { name: "the monitor answers", mode: "hypervisor" } as const;

function spansOf({ steps, exits, requestedNs }: TinyLife): Span[] {
  const firstRunNs = exits[0]?.enteredNs ?? Number.POSITIVE_INFINITY;
  const calls = steps.map(({ name, startNs, endNs }, index): Part => {
    const isMaking = startNs < firstRunNs;
    const stage = isMaking ? STAGES.make : STAGES.gone;
    return {
      name: CALLS[name] ?? name,
      startNs,
      endNs,
      mode: "kernel",
      stage,
      args: { call: name },
      before: index === 0 ? HAND_OVER : OWN_CODE,
    };
  });
  const runs = exits.map(
    (exit, index): Part => ({
      name: `guest, until ${wordsOf(exit)}`,
      startNs: exit.enteredNs,
      endNs: exit.leftNs,
      mode: "kernel",
      stage: STAGES.guest,
      args: { call: "KVM_RUN" },
      before: index === 0 ? OWN_CODE : ANSWER,
    }),
  );
  const spans: Span[] = [];
  let at = requestedNs;
  const add = (span: Pick<Span, "name" | "mode" | "stage" | "args">, startNs: number, endNs: number): void => {
    const { name, mode, stage, args } = span;
    const [start, end] = [startNs - requestedNs, endNs - requestedNs];
    if (end > start) spans.push({ track: TRACK, name, start, end, mode, stage, ...(args !== undefined && { args }) });
  };
  for (const part of [...calls, ...runs].sort((a, b) => a.startNs - b.startNs)) {
    add({ ...part.before, stage: part.stage }, at, part.startNs);
    add(part, part.startNs, part.endNs);
    at = part.endNs;
  }
  return spans;
}

/** The steps in words, by the names of native/addon/kvm-guest.cc. */
export const CALLS: Readonly<Record<string, string>> = {
  open: "open /dev/kvm",
  KVM_CREATE_VM: "make the VM: KVM_CREATE_VM",
  KVM_SET_USER_MEMORY_REGION: "give it memory: mmap, KVM_SET_USER_MEMORY_REGION",
  KVM_CREATE_VCPU: "make its vCPU: KVM_CREATE_VCPU, mmap",
  KVM_SET_REGS: "set its registers: KVM_SET_SREGS, KVM_SET_REGS",
  "close the vCPU": "close the vCPU",
  "close the VM": "close the VM",
  "unmap the memory": "give the memory back: munmap",
  close: "close /dev/kvm",
};

/** @returns an exit in words: `out to port 0x80` */
export function wordsOf({ reason, address }: Exit): string {
  switch (reason) {
    case "out":
      return `out to port ${hex(address)}`;
    case "in":
      return `in from port ${hex(address)}`;
    case "MMIO write":
      return `write to ${hex(address)}, where no memory is`;
    case "MMIO read":
      return `read of ${hex(address)}, where no memory is`;
    default:
      return reason;
  }
}
