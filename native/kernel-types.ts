/** The shapes of what passes through the door to the kernel (native/kernel.ts): types alone, no code. */
import type { StepTime } from "./reply.ts";

/** A watch on a descriptor, active until stopped. */
export interface DescriptorPoll {
  stop(): void;
}

/** A thread that watches system calls by ptrace(2); see native/addon/tracer.h. */
export interface TracerHandle {
  /** Readable when there is something to take; ours to watch, not to close. */
  readonly descriptor: number;
  /** Watches a further process. @returns false when it has gone, or the tracer has ended */
  attach(options: { pid: number }): boolean;
  /** Lets go of everything that is watched; it runs on. The end is known by `take`. */
  detach(): void;
  /** What has been seen since the last time; null: nothing will come any more. */
  take(): { readonly data: Buffer; readonly lost: number } | null;
  /** Detaches, and waits for the thread. */
  close(): void;
}

export interface TracerOptions {
  readonly pid: number;
  /** All threads of the process, and what they start. */
  readonly follow: boolean;
  /** Nothing before the first execve(2) that succeeds. */
  readonly fromExec: boolean;
  /** Rows of native/addon/trace-memory.h: what the arguments of which call point to. */
  readonly captures: Uint8Array;
  readonly mostTextBytes: number;
  readonly mostDataBytes: number;
  /** Of records that wait to be taken; a full buffer holds the process back for a while, then counts what it drops. */
  readonly mostBytes: number;
}

/** What lies at a path: stat(2), and for a symbolic link where it points. */
export interface FoundFile {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Of a device node: its number. */
  readonly device: number;
  /** Of a symbolic link; else empty. */
  readonly target: string;
}

export type ExitStatus =
  | { readonly kind: "exited"; readonly code: number }
  /** `core`: its memory was written to a file (core(5)). */
  | { readonly kind: "signaled"; readonly signal: string; readonly core?: true | undefined };

/** How a process ended. `reports` are the files that the plan had read before its cgroup went. */
export interface ExitRecord {
  readonly status: ExitStatus;
  readonly exitedNs: number;
  readonly userUs: number;
  readonly systemUs: number;
  readonly maxRssKiB: number;
  readonly reports: Readonly<Record<string, string>>;
  /** What the launcher did afterwards, by the plan. */
  readonly steps?: readonly StepTime[];
}

/** A process that a plan has started: execve has succeeded. */
export interface StartedProcess {
  readonly pid: number;
  /** The master of the terminal that the plan opened; the caller owns it. */
  readonly terminalFd: number | undefined;
  readonly steps: readonly StepTime[];
  readonly startedNs: number;
  readonly exited: Promise<ExitRecord>;
  /** Sends a signal by pidfd, so it can never reach another process. After the end it does nothing. */
  kill(signal: string): void;
}

/** @param terminalFd the master of the terminal, once the plan has opened one; it stays the launcher's caller's */
export type OnPause = (
  name: string,
  pid: number,
  steps: readonly StepTime[],
  terminalFd: number | undefined,
) => Promise<void>;

export interface StartOptions {
  /**
   * Called at each `pause` of the plan with its name, the process (0 before the clone) and the steps so far. The plan
   * goes on when the promise is fulfilled. When it is rejected the start ends, is cleaned up, and fails with that reason.
   */
  readonly onPause?: OnPause;
}

/** A process that waits in `waitForStart`, and that belongs to nobody here any more. */
export interface CreatedProcess {
  readonly pid: number;
  /** The master of the terminal that the plan opened; the caller owns it. */
  readonly terminalFd: number | undefined;
  readonly steps: readonly StepTime[];
}

/** A guest of native/addon/kvm-guest.h: real-mode code, and what ends and bounds it. */
export interface KvmGuestOptions {
  readonly code: Uint8Array;
  /** Where the code lies and starts. */
  readonly loadAddress: number;
  /** From address 0, whole pages, at most 1 MiB; what the guest reaches for above it is an MMIO exit. */
  readonly memoryBytes: number;
  /** ES, so that 16-bit code reaches above its memory. */
  readonly extraSegment: number;
  /** An `out` to it ends the machine. */
  readonly endPort: number;
  /** At an `out` to it, and at the end, the kernel's own counters are read, which takes a while; 0: never. */
  readonly markPort: number;
  /** What every `in` gets. */
  readonly inputByte: number;
  readonly mostExits: number;
  readonly timeoutMs: number;
}

/** What a guest did, CLOCK_MONOTONIC. */
export interface KvmGuestReport {
  /** The steps of its life, by the call's name. */
  readonly steps: readonly { readonly name: string; readonly startNs: number; readonly endNs: number }[];
  /** Records of native/addon/kvm-guest.h (Exit), one for each KVM_RUN. */
  readonly exits: Buffer;
  /** What the kernel had counted of the vCPU by the exit of that index; empty where it does not count. The last is the end. */
  readonly marks: readonly { readonly exitIndex: number; readonly counters: Readonly<Record<string, number>> }[];
  readonly ending: "ended" | "shutdown" | "timedOut" | "tooManyExits" | "unknownExit";
}

/** The programs of native/. */
export type NativeProgram =
  | "ringside-launcher"
  | "ringside-probe"
  | "ringside-reaper"
  | "ringside-init"
  | "ringside-getppid-loop"
  | "ringside-oci"
  | "ringside-floor"
  | "ringside-calibrate"
  | "ringside-overhead";
