/** The start of a virtual machine, from options to a running guest, and the news of its end. */

import { statSync } from "node:fs";
import { constants } from "node:os";
import { type ExitRecord, type ExitStatus, type Launcher, monotonicNs } from "../../native/kernel.ts";
import { newId } from "../container/new-id.ts";
import type { RunningWorld } from "../container/running.ts";
import { argumentsOf, mergeEnv } from "../container/spec.ts";
import { requireImage } from "../container/start.ts";
import { readerBelow, resolveUser } from "../container/user.ts";
import { EXIT_CODES, type RingsideError } from "../error.ts";
import type { Image } from "../image/image.ts";
import { DEFAULT_PATH } from "../oci/defaults.ts";
import { candidates } from "../plan/execute.ts";
import { decideAccelerator, type Verdict } from "./accelerator.ts";
import { bootGuest, type Guest, type GuestEnd } from "./boot.ts";
import { type BootFacts, bootTimeline } from "./boot-timeline.ts";
import type { Console } from "./console.ts";
import { explainEnding } from "./failure.ts";
import { guestFiles } from "./guest-files.ts";
import { rememberTsc, requireQemu } from "./host.ts";
import { checkMemory, DEFAULT_BOOT_TIMEOUT_MS, DEFAULT_MEMORY_BYTES, type VmOptions } from "./options.ts";
import { probeKvm } from "./probe.ts";
import { ACCELERATOR_LABELS } from "./qemu.ts";
import type { RunFile } from "./run-file.ts";

/** A running virtual machine. `pid` and `startedNs` are QEMU's. */
export interface VirtualMachine extends RunningWorld {
  /** As people read it: `tcg (software emulation)`. */
  readonly accelerator: string;
  /** Why this one. */
  readonly acceleratorReason: string;
  /** The serial console; `terminal` is the same when one was asked for. */
  readonly console: Console;
  /** Settled once the program has started, or cannot any more. */
  readonly booted: Promise<void>;
  /** Why the program did not run, or the machine ended otherwise than with it; known once `exited` is settled. */
  failure(): RingsideError | undefined;
}

const DEFAULT_SIZE = { columns: 80, rows: 24 };
const CONSOLE_TAIL_BYTES = 8192;

/**
 * Decides which accelerator to use: by a booted probe with a time-out, whose verdict is kept.
 *
 * @param launcher used for the probe; one is opened for it where none is given
 * @throws RingsideError when there is no QEMU
 */
export function chooseAccelerator(launcher?: Launcher): Promise<Verdict> {
  return decideAccelerator({ probe: probeKvm, ...(launcher !== undefined && { launcher }) });
}

/**
 * Starts a virtual machine that belongs to this process: when this process goes, so does the machine.
 *
 * @returns once its monitor (QEMU) has been exec'd; the guest boots then
 * @throws RingsideError saying what was wrong; nothing is left behind then
 */
export async function startVm(launcher: Launcher, options: VmOptions): Promise<VirtualMachine> {
  const qemu = requireQemu();
  const image = requireImage(options.image);
  const files = guestFiles(image);
  const memoryBytes = options.memoryBytes ?? DEFAULT_MEMORY_BYTES;
  checkMemory(memoryBytes, statSync(files.initramfs).size);
  const id = newId();
  const run = runOf(options, image, options.hostname ?? id);
  const verdict = await verdictFor(launcher, options);
  // What a probe took is not this start's: the clock starts here, as it does for a verdict that is known.
  const requestedNs = monotonicNs();
  const machine = options.machine ?? "microvm";
  const { accelerator } = verdict;
  const bootTimeoutMs = options.bootTimeoutMs ?? DEFAULT_BOOT_TIMEOUT_MS;
  const guest = await bootGuest(launcher, {
    qemu,
    files,
    machine,
    accelerator,
    memoryBytes,
    bootTimeoutMs,
    run,
    stdout: options.stdout,
  });
  const name = options.name ?? id;
  const facts = {
    title: `virtual machine ${name}`,
    machine,
    accelerator,
    qemuVersion: qemu.version,
    kernelVersion: files.kernel.version,
    date: new Date().toISOString(),
    requestedNs,
    forkedNs: guest.forkedNs,
    monitorNs: guest.monitorNs,
    milestones: guest.milestones,
  };
  const about: About = { id, name, facts, verdict, memoryBytes, bootTimeoutMs, program: run.arguments[0] ?? "" };
  return machineOf(guest, about, options.terminal !== undefined);
}

async function verdictFor(launcher: Launcher, { accelerator }: VmOptions): Promise<Verdict> {
  if (accelerator === undefined) return await chooseAccelerator(launcher);
  return { accelerator, reason: "it was asked for" };
}

/** What the guest's init is told. */
function runOf(options: VmOptions, image: Image, hostname: string): Omit<RunFile, "nonce"> {
  const user = resolveUser(options.user ?? image.config.user, readerBelow(image.lowerDirectories));
  const size = options.terminal ?? DEFAULT_SIZE;
  const environment = mergeEnv(
    [`PATH=${DEFAULT_PATH}`, `HOSTNAME=${hostname}`, `HOME=${user.home}`],
    options.terminal === undefined ? [] : ["TERM=xterm-256color"],
    image.config.env,
    options.env,
  );
  const args = argumentsOf(image.config, options.command);
  return {
    hostname,
    directory: options.cwd ?? (image.config.workingDir === "" ? "/" : image.config.workingDir),
    user: user.uid,
    group: user.gid,
    groups: user.additionalGids,
    hasTerminal: options.terminal !== undefined,
    relaysInput: options.terminal === undefined && options.input === true,
    reportsLog: options.kernelLog !== false,
    ...size,
    candidates: candidates(args[0] ?? "", environment),
    arguments: args,
    environment,
  };
}

interface About {
  readonly id: string;
  readonly name: string;
  readonly facts: Omit<BootFacts, "firstByteNs" | "goneNs" | "processorStartNs" | "handOverNs">;
  readonly verdict: Verdict;
  readonly memoryBytes: number;
  readonly bootTimeoutMs: number;
  readonly program: string;
}

function machineOf(guest: Guest, about: About, isTerminal: boolean): VirtualMachine {
  const state: { end?: GuestEnd; failure?: RingsideError; killed?: string } = {};
  const tail = keepTail(guest.console);
  const exited = guest.ended.then((end): ExitRecord => {
    state.end = end;
    const tsc = guest.milestones.logLine("tsc: Detected");
    if (tsc?.kind === "log" && about.verdict.accelerator === "tcg") rememberTsc(tsc.text);
    const status = statusOf(guest, state.killed);
    if (status === undefined) state.failure = explainEnding(endingOf(guest, end, about, tail.text()));
    return { ...end.exit, status: status ?? { kind: "exited", code: state.failure?.exitCode ?? EXIT_CODES.failure } };
  });
  return {
    id: about.id,
    name: about.name,
    world: "vm",
    pid: guest.pid,
    accelerator: ACCELERATOR_LABELS[about.verdict.accelerator],
    acceleratorReason: about.verdict.reason,
    console: tail.console,
    terminal: isTerminal ? tail.console : undefined,
    startedNs: guest.monitorNs,
    booted: guest.booted,
    exited,
    planReport: [],
    timeline: (marks) =>
      bootTimeline({
        ...about.facts,
        firstByteNs: marks?.firstByteNs ?? guest.console.firstByteNs(),
        goneNs: state.end?.exit.exitedNs,
        processorStartNs: onMonotonic(state.end, state.end?.trace.processorStartWallNs),
        handOverNs: onMonotonic(state.end, state.end?.trace.handOverWallNs),
      }),
    kill(signal) {
      if (signal !== "SIGKILL" && guest.milestones.first("exec") !== undefined) {
        guest.request(`signal ${signalNumber(signal)}`);
        return;
      }
      state.killed = "SIGKILL";
      guest.destroy();
    },
    failure: () => state.failure,
  };
}

function onMonotonic(end: GuestEnd | undefined, wallNs: number | undefined): number | undefined {
  return end === undefined || wallNs === undefined ? undefined : Math.round(wallNs - end.wallOffsetNs);
}

/** How the program ended, as the guest's init told it; undefined when it did not run to an end. */
function statusOf({ milestones }: Guest, killed: string | undefined): ExitStatus | undefined {
  const ended = milestones.first("exited") ?? milestones.first("signaled");
  if (ended?.kind === "exited") return { kind: "exited", code: ended.code };
  if (ended?.kind === "signaled") return { kind: "signaled", signal: signalName(ended.signal) };
  return killed === undefined ? undefined : { kind: "signaled", signal: killed };
}

function endingOf(guest: Guest, end: GuestEnd, about: About, consoleTail: string) {
  const { status } = end.exit;
  return {
    program: about.program,
    memoryBytes: about.memoryBytes,
    failed: guest.milestones.first("failed"),
    timedOutAfterMs: end.timedOut ? about.bootTimeoutMs : undefined,
    booted: guest.milestones.first("exec") !== undefined,
    messages: end.trace.messages,
    qemuExit: status.kind === "exited" ? `exit code ${status.code}` : status.signal,
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

function signalNumber(signal: string): number {
  return Object.entries(constants.signals).find(([name]) => name === signal)?.[1] ?? constants.signals.SIGTERM;
}

function signalName(number: number): string {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `SIG${number}`;
}
