/** A running virtual machine as its owner has it: one of Ringside's worlds, with a monitor that can be asked. */
import type { ExitRecord, ExitStatus } from "../../native/kernel.ts";
import type { RunningWorld } from "../container/running.ts";
import { EXIT_CODES, type RingsideError } from "../error.ts";
import { type BootFacts, bootTimeline } from "./boot-timeline.ts";
import type { Console } from "./console.ts";
import type { VmDirectory } from "./directory.ts";
import { explainEnding } from "./failure.ts";
import type { PreparedVm } from "./prepare.ts";
import { signalName, signalNumber } from "./signals.ts";
import { ACCELERATOR_LABELS, type Guest, type GuestControl, type GuestEnd } from "./vmm.ts";

/** `pid` and `startedNs` are the monitor's. */
export interface VirtualMachine extends RunningWorld {
  /** As people read it: `software emulation (TCG)`. */
  readonly accelerator: string;
  /** Why this one. */
  readonly acceleratorReason: string;
  readonly directory: VmDirectory;
  /** The guest's console; `terminal` is the same when one was asked for. */
  readonly console: Console;
  /** What its monitor can be asked. */
  readonly control: GuestControl;
  /** Settled once the program has started, or cannot any more. */
  readonly booted: Promise<void>;
  /** Why the program did not run, or the machine ended otherwise than with it; known once `exited` is settled. */
  failure(): RingsideError | undefined;
}

const CONSOLE_TAIL_BYTES = 8192;

/** @param prepared what was decided upon before the start */
export function machineOf(guest: Guest, prepared: PreparedVm, directory: VmDirectory): VirtualMachine {
  const state: { end?: GuestEnd; failure?: RingsideError; killed?: string } = {};
  const tail = keepTail(guest.console);
  const { accelerator, reason } = prepared.verdict;
  const facts = factsOf(guest, prepared);
  const exited = guest.ended.then((end): ExitRecord => {
    state.end = end;
    const status = statusOf(guest, state.killed ?? killedFromOutside(end));
    if (status === undefined) state.failure = explainEnding(endingOf(guest, end, prepared, tail.text()));
    return { ...end.exit, status: status ?? { kind: "exited", code: state.failure?.exitCode ?? EXIT_CODES.failure } };
  });
  return {
    id: prepared.id,
    name: prepared.name,
    world: "vm",
    pid: guest.pid,
    accelerator: ACCELERATOR_LABELS[accelerator],
    acceleratorReason: reason,
    directory,
    console: tail.console,
    control: guest.control,
    terminal: prepared.run.hasTerminal ? tail.console : undefined,
    startedNs: guest.monitorNs,
    booted: guest.booted,
    exited,
    planReport: [],
    timeline: (marks) =>
      bootTimeline({
        ...facts,
        ...guest.monitorStamps(),
        firstByteNs: marks?.firstByteNs ?? guest.console.firstByteNs(),
        goneNs: state.end?.exit.exitedNs,
      }),
    kill(signal) {
      if (signal !== "SIGKILL" && guest.milestones.first("exec") !== undefined) {
        guest.request(`signal ${signalNumber(signal)}`);
        return;
      }
      state.killed = signal;
      guest.destroy();
    },
    failure: () => state.failure,
  };
}

function factsOf(
  guest: Guest,
  prepared: PreparedVm,
): Omit<BootFacts, "firstByteNs" | "goneNs" | "processorStartNs" | "handOverNs"> {
  const { name, vmm, vmmVersion, machine, verdict, files, createdAt, requestedNs } = prepared;
  return {
    title: `virtual machine ${name}`,
    vmm: vmm.title,
    vmmVersion,
    machine,
    accelerator: verdict.accelerator,
    kernelVersion: files.kernel.version,
    date: createdAt,
    requestedNs,
    forkedNs: guest.forkedNs,
    monitorNs: guest.monitorNs,
    milestones: guest.milestones,
  };
}

/** How the program ended, as the guest's init told it; undefined when it did not run to an end. */
function statusOf({ milestones }: Guest, killed: string | undefined): ExitStatus | undefined {
  const ended = milestones.first("exited") ?? milestones.first("signaled");
  if (ended?.kind === "exited") return { kind: "exited", code: ended.code };
  if (ended?.kind === "signaled") return { kind: "signaled", signal: signalName(ended.signal) };
  return killed === undefined ? undefined : { kind: "signaled", signal: killed };
}

/** Another command has pulled the plug, or the kernel needed the memory: neither is a failure of the machine's. */
function killedFromOutside({ exit: { status }, timedOut }: GuestEnd): string | undefined {
  return !timedOut && status.kind === "signaled" && status.signal === "SIGKILL" ? status.signal : undefined;
}

function endingOf(guest: Guest, end: GuestEnd, prepared: PreparedVm, consoleTail: string) {
  const { status } = end.exit;
  return {
    vmm: prepared.vmm.title,
    program: prepared.run.arguments[0] ?? "",
    memoryBytes: prepared.memoryBytes,
    failed: guest.milestones.first("failed"),
    timedOutAfterMs: end.timedOut ? prepared.bootTimeoutMs : undefined,
    booted: guest.milestones.first("exec") !== undefined,
    messages: guest.monitorStamps().messages,
    monitorExit: status.kind === "exited" ? `exit code ${status.code}` : status.signal,
    consoleTail,
  };
}

/** Keeps the last bytes of the console beside whoever reads it, for the error that a silent end needs. */
function keepTail(console: Console): { readonly console: Console; text(): string } {
  let kept = Buffer.alloc(0);
  let keeping = false;
  return {
    console: {
      ...console,
      onData(listener) {
        if (!keeping) {
          console.onData((chunk) => {
            kept = Buffer.concat([kept, chunk]).subarray(-CONSOLE_TAIL_BYTES);
          });
        }
        keeping = true;
        console.onData(listener);
      },
    },
    text: () => kept.toString(),
  };
}
