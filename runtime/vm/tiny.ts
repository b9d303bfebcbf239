/**
 * The tiny virtual machine: KVM, one vCPU, a few pages, a few bytes of real-mode code, no firmware and no kernel. It is the
 * floor of what a virtual machine takes, and the place where exits can be counted and timed by reason.
 * Documentation/virt/kvm/api.rst.
 */
import { release } from "node:os";
import { errorCode } from "../../native/error-code.ts";
import {
  type KvmGuestOptions,
  type KvmGuestReport,
  kernelProblem,
  monotonicNs,
  runKvmGuest,
} from "../../native/kernel.ts";
import { RingsideError, reasonOf } from "../error.ts";
import { type Executor, executorOf, hostFacts } from "./tiny-executor.ts";
import { decodeExits, durationNs, type Exit, type ExitSummary, exitsByReason, isOfLoop } from "./tiny-exits.ts";
import { codeOf, DEVICE_SEGMENT, exitProgram, LOAD_ADDRESS, leastProgram, type Placed, PORTS } from "./tiny-program.ts";

/** A whole life, CLOCK_MONOTONIC. */
export interface TinyLife {
  readonly requestedNs: number;
  readonly steps: KvmGuestReport["steps"];
  readonly exits: readonly Exit[];
  readonly marks: KvmGuestReport["marks"];
  readonly ending: KvmGuestReport["ending"];
  /** When the guest's first sign had left it, when its byte had, and when everything was gone. */
  readonly firstInstructionNs: number;
  readonly firstByteNs: number;
  readonly goneNs: number;
}

export interface TinyRun extends TinyLife {
  readonly program: readonly Placed[];
  readonly turns: number;
  readonly executor: Executor;
  /** Exits by reason, the loops' alone: each is one instruction. */
  readonly byReason: readonly ExitSummary[];
  /** CPUID leaves the guest too, but only to the host's kernel: all its turns are within one KVM_RUN. */
  readonly cpuid: { readonly turns: number; readonly nsEach: number };
  /** ISO 8601. */
  readonly date: string;
}

export interface TinyOptions {
  /** How often the guest leaves for each reason; 1000 unless given. */
  readonly turns?: number;
  readonly timeoutMs?: number;
}

export const DEFAULT_TURNS = 1000;
export const MOST_TURNS = 20_000;
const DEFAULT_TIMEOUT_MS = 10_000;
const LEAST_TIMEOUT_MS = 2_000;

const KIB = 1024;
const MEMORY_BYTES = 64 * KIB;
/** Loops of `out`, `in`, MMIO both ways and HLT. */
const LOOPS = 5;
const FURTHER_EXITS = 64;
const LEAST_EXITS = 8;

/** What the guest is given, whatever its program. */
const MACHINE = {
  loadAddress: LOAD_ADDRESS,
  memoryBytes: MEMORY_BYTES,
  extraSegment: DEVICE_SEGMENT,
  endPort: PORTS.end,
  inputByte: 0,
} as const;

/**
 * Runs the least program: a sign, a byte, the end. What a start is timed with.
 * @throws RingsideError naming the ioctl that failed, or what the guest did instead of ending
 */
export async function startTiny(): Promise<TinyLife> {
  const code = LEAST_CODE;
  const bounds = { mostExits: LEAST_EXITS, timeoutMs: LEAST_TIMEOUT_MS };
  const life = await live({ ...MACHINE, ...bounds, code, markPort: 0 });
  if (life.ending !== "ended") throw failure(life);
  return life;
}

const LEAST_CODE = codeOf(leastProgram());

/**
 * Runs the program that leaves for every reason, computes, and shuts down.
 * @throws RingsideError naming the ioctl that failed, or what the guest did instead of shutting down
 */
export async function runTiny({
  turns = DEFAULT_TURNS,
  timeoutMs = DEFAULT_TIMEOUT_MS,
}: TinyOptions = {}): Promise<TinyRun> {
  if (!Number.isSafeInteger(turns) || turns < 1 || turns > MOST_TURNS) {
    throw new RingsideError(`run the tiny guest: ${turns} exits for each reason`, { fix: `1 to ${MOST_TURNS}` });
  }
  const date = new Date().toISOString();
  const program = exitProgram(turns);
  const bounds = { mostExits: LOOPS * turns + FURTHER_EXITS, timeoutMs };
  const life = await live({ ...MACHINE, ...bounds, code: codeOf(program), markPort: PORTS.mark });
  if (life.ending !== "shutdown") throw failure(life);
  return {
    ...life,
    program,
    turns,
    date,
    executor: executorOf(life.marks, hostFacts()),
    byReason: exitsByReason(life.exits.filter(isOfLoop)),
    cpuid: { turns, nsEach: Math.round(lastMarkNs(life.exits) / turns) },
  };
}

/** @returns why the tiny guest cannot run here, and what to do; undefined where it can. It is found by running it. */
export async function tinyProblem(): Promise<{ reason: string; fix: string } | undefined> {
  try {
    await startTiny();
    return undefined;
  } catch (error) {
    return { reason: reasonOf(error), fix: error instanceof RingsideError ? (error.fix ?? DOCTOR) : DOCTOR };
  }
}

const DOCTOR = "ringside doctor";

async function live(options: KvmGuestOptions): Promise<TinyLife> {
  const problem = kernelProblem();
  if (problem !== undefined) throw new RingsideError(`run the tiny guest: ${problem.reason}`, { fix: problem.fix });
  const requestedNs = monotonicNs();
  const report = await runKvmGuest(options).catch((cause: unknown) => {
    throw new RingsideError(`run the tiny guest: ${callOf(cause)}${reasonOf(cause)}`, { cause, fix: fixOf(cause) });
  });
  const exits = decodeExits(report.exits);
  const [first] = exits;
  const byte = exits.find(({ reason, address }) => reason === "out" && address === PORTS.byte);
  return {
    requestedNs,
    steps: report.steps,
    exits,
    marks: report.marks,
    ending: report.ending,
    firstInstructionNs: first?.leftNs ?? Number.NaN,
    firstByteNs: byte?.leftNs ?? Number.NaN,
    goneNs: report.steps.at(-1)?.endNs ?? Number.NaN,
  };
}

/** The KVM_RUN in which CPUID was executed ended with the last mark. */
function lastMarkNs(exits: readonly Exit[]): number {
  const mark = exits.findLast(({ reason, address }) => reason === "out" && address === PORTS.mark);
  return mark === undefined ? Number.NaN : durationNs(mark);
}

const ENDINGS: Readonly<Record<KvmGuestReport["ending"], string>> = {
  ended: "it ended before its time",
  shutdown: "its processor shut down before its time",
  timedOut: "it did not end in time and was ended",
  tooManyExits: "it left more often than its program has instructions, and was ended",
  unknownExit: "KVM could not run it any further",
};

function failure({ ending, exits }: TinyLife): RingsideError {
  const last = exits.at(-1);
  const where = last === undefined ? "before its first exit" : `exit ${exits.length}: ${last.reason}, ${last.data}`;
  return new RingsideError(`run the tiny guest: ${ENDINGS[ending]} (${where}; Linux ${release()})`, { fix: DOCTOR });
}

/** The addon's errors name the call in Node's own way. */
function callOf(cause: unknown): string {
  return cause instanceof Error && "syscall" in cause ? `${String(cause.syscall)} of /dev/kvm: ` : "";
}

const FIXES: Readonly<Record<string, string>> = {
  ENOENT: "this machine has no /dev/kvm: switch virtualization on in its firmware, then modprobe kvm_intel or kvm_amd",
  ENODEV: "this machine has no /dev/kvm: switch virtualization on in its firmware, then modprobe kvm_intel or kvm_amd",
  EACCES: 'this user may not open /dev/kvm: sudo usermod -aG kvm "$USER", and log in again',
  EPERM: 'this user may not open /dev/kvm: sudo usermod -aG kvm "$USER", and log in again',
  EBUSY: "another hypervisor has the processor: end it",
  ENOTSUP: "real mode needs an x86-64 machine with KVM's stable interface",
};

function fixOf(error: unknown): string {
  return FIXES[errorCode(error) ?? ""] ?? DOCTOR;
}
