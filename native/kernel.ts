/**
 * The door to the kernel: the only file that loads the addon, and the owner of the launcher's protocol.
 *
 * Every time stamp is CLOCK_MONOTONIC in nanoseconds, the clock of `process.hrtime`. Errors have Node's own shape
 * (`code`, `errno`, `syscall`, `path`); a step of a plan that failed adds its position.
 */
import { closeSync, existsSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { encodePlan } from "./plan/encode.ts";
import type { Plan, PlanStep } from "./plan/plan.ts";
import { parseReply, type Reply, type StepTime } from "./reply.ts";

export type { StepTime } from "./reply.ts";

/** A watch on a descriptor, active until stopped. */
export interface DescriptorPoll {
  stop(): void;
}

interface Addon {
  spawnLauncher(options: { path: string }): { pid: number; socket: number };
  reap(options: { pid: number }): boolean;
  openPidfd(options: { pid: number }): number;
  sendSignal(options: { pidfd: number; signal: number }): void;
  sendMessage(options: { socket: number; data: Uint8Array; descriptors: readonly number[] }): void;
  receiveMessage(options: { socket: number }): { data: Buffer; descriptors: number[] } | null | undefined;
  sealedMemory(options: { data: Uint8Array }): number;
  Poll: new (options: { fd: number; writable: number; onReady: () => void }) => DescriptorPoll;
  openPipe(): { readFd: number; writeFd: number };
  openBelow(options: { root: string; path: string }): number;
  setWindowSize(options: { fd: number; columns: number; rows: number }): void;
}

/** Beside this file in a checkout; beside the bundle's folder dist; beside its chunks. */
const BUILD_PLACES = ["build/Release", "../native/build/Release", "../../native/build/Release"];

function buildDirectory(): string | undefined {
  const here = dirname(fileURLToPath(import.meta.url));
  return BUILD_PLACES.map((place) => join(here, place)).find((place) => existsSync(join(place, "ringside.node")));
}

let loaded: Addon | undefined;

function addon(): Addon {
  if (loaded !== undefined) return loaded;
  const problem = kernelProblem();
  if (problem !== undefined) throw new Error(`${problem.reason}; ${problem.fix}`);
  if (loaded === undefined) throw new Error("the native addon has not been loaded");
  return loaded;
}

/**
 * Says whether real processes can be started here.
 * @returns undefined when they can, else why not and the one line that fixes it
 */
export function kernelProblem(): { reason: string; fix: string } | undefined {
  if (loaded !== undefined) return undefined;
  if (process.platform !== "linux") {
    return { reason: `containers need Linux, and this is ${process.platform}`, fix: "run Ringside on Linux" };
  }
  const directory = buildDirectory();
  if (directory === undefined) {
    return { reason: "the native part has not been built", fix: "apt-get install g++ make python3 && npm run build" };
  }
  try {
    loaded = createRequire(import.meta.url)(join(directory, "ringside.node"));
    return undefined;
  } catch (error) {
    return { reason: `the native part cannot be loaded: ${String(error)}`, fix: "rm -r native/build && npm run build" };
  }
}

/** The host's copy of a program of native/: `ringside-launcher`, `ringside-probe`, `ringside-init`. */
export function nativeProgram(name: "ringside-launcher" | "ringside-probe" | "ringside-init"): string | undefined {
  const directory = buildDirectory();
  const path = directory === undefined ? undefined : join(directory, name);
  return path !== undefined && existsSync(path) ? path : undefined;
}

/** @returns CLOCK_MONOTONIC, nanoseconds */
export function monotonicNs(): number {
  return Number(process.hrtime.bigint());
}

/** Opens a pipe (pipe(2)), both ends close-on-exec; the read end does not block. */
export function openPipe(): { readFd: number; writeFd: number } {
  return addon().openPipe();
}

/**
 * Opens a file for reading as the inside of `root` would see it: no link leads out (openat2(2), RESOLVE_IN_ROOT).
 * @throws an error of Node's shape
 */
export function openBelow(root: string, path: string): number {
  return addon().openBelow({ root, path });
}

/** Calls `onReady` whenever `fd` can be read or written (uv_poll_t), until stopped. The caller keeps owning `fd`. */
export function pollDescriptor(fd: number, events: "readable" | "writable", onReady: () => void): DescriptorPoll {
  return new (addon().Poll)({ fd, writable: events === "writable" ? 1 : 0, onReady });
}

/** Tells the terminal whose master `fd` is how large it is now (ioctl_tty(2), TIOCSWINSZ); its programs get SIGWINCH. */
export function resizeTerminal(fd: number, size: { columns: number; rows: number }): void {
  addon().setWindowSize({ fd, columns: size.columns, rows: size.rows });
}

function signalNumber(signal: string): number {
  const number = Object.entries(constants.signals).find(([name]) => name === signal)?.[1];
  if (number === undefined) throw new TypeError(`not a signal: ${signal}`);
  return number;
}

/**
 * Sends a signal to the process `pid`, if it is still the one that `isSame` recognises once it cannot be replaced any
 * more (pidfd_open(2)).
 * @returns false when that process has gone
 */
export function signalProcess(pid: number, signal: string, isSame: () => boolean): boolean {
  let pidfd: number;
  try {
    pidfd = addon().openPidfd({ pid });
  } catch {
    return false;
  }
  try {
    if (!isSame()) return false;
    addon().sendSignal({ pidfd, signal: signalNumber(signal) });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return false;
    throw error;
  } finally {
    closeSync(pidfd);
  }
}

export type ExitStatus =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "signaled"; readonly signal: string };

/** How a process ended. `reports` are the files that the plan had read before its cgroup went. */
export interface ExitRecord {
  readonly status: ExitStatus;
  readonly exitedNs: number;
  readonly userUs: number;
  readonly systemUs: number;
  readonly maxRssKiB: number;
  readonly reports: Readonly<Record<string, string>>;
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

/** A step of a plan failed, or the process was killed before it could exec. Everything has been cleaned up already. */
export class StepError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;
  /** Position in the plan; -1 when no step failed but the process was killed from outside. */
  readonly step: number;
  readonly failed: PlanStep | undefined;
  readonly steps: readonly StepTime[];
  readonly reports: Readonly<Record<string, string>>;

  constructor(reply: Reply, plan: Plan) {
    const failed = plan[reply.failedStep - 1];
    const code = errorName(reply.error);
    const kernel = reply.reports.kernel === undefined ? "" : `: ${reply.reports.kernel.trim()}`;
    super(
      `${code}: ${failed === undefined ? "before exec" : `step ${reply.failedStep} of ${plan.length}, ${failed.op}`}${kernel}`,
    );
    this.name = "StepError";
    this.code = code;
    this.errno = -reply.error;
    this.syscall = failed?.op ?? "execute";
    this.step = reply.failedStep - 1;
    this.failed = failed;
    this.steps = reply.steps;
    this.reports = reply.reports;
  }
}

function errorName(errno: number): string {
  return (
    Object.entries(constants.errno).find(([, value]) => value === errno)?.[0] ?? EXTRA_ERRORS[errno] ?? `errno ${errno}`
  );
}

/** Numbers that libuv has no name for (errno(3)). */
const EXTRA_ERRORS: Readonly<Record<number, string>> = { 79: "ELIBACC", 130: "EOWNERDEAD" };

interface Pending {
  readonly plan: Plan;
  readonly resolve: (process: StartedProcess) => void;
  readonly reject: (error: Error) => void;
  exit?: (record: ExitRecord) => void;
  pidfd?: number;
}

/** The signal and the exit code in a wait status (wait(2)). */
function parseStatus(waitStatus: number): ExitStatus {
  const signal = waitStatus & 0x7f;
  if (signal === 0) return { kind: "exited", code: (waitStatus >> 8) & 0xff };
  const name = Object.entries(constants.signals).find(([, number]) => number === signal)?.[0];
  return { kind: "signaled", signal: name ?? `SIG${signal}` };
}

/**
 * One launcher: a static C++ program that is the parent of everything it starts, and that kills and cleans up all of it
 * when this process goes, however it goes.
 */
export class Launcher implements AsyncDisposable {
  readonly #pid: number;
  readonly #socket: number;
  readonly #poll: DescriptorPoll;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #open = true;

  private constructor(pid: number, socket: number) {
    this.#pid = pid;
    this.#socket = socket;
    this.#poll = pollDescriptor(socket, "readable", () => {
      this.#receive();
    });
  }

  /** Starts a launcher. @throws when the native part is missing (see kernelProblem) or cannot be started */
  static async open(): Promise<Launcher> {
    const native = addon();
    const path = nativeProgram("ringside-launcher");
    if (path === undefined) throw new Error("the launcher has not been built; npm run build");
    const { pid, socket } = native.spawnLauncher({ path });
    return new Launcher(pid, socket);
  }

  /**
   * Executes `plan`. `descriptors` fill its slots 0, 1, 2 …; the caller keeps its own copies.
   * @returns the process, once it has exec'd
   * @throws StepError when a step fails; nothing of the plan is left behind
   */
  start(plan: Plan, descriptors: readonly number[] = []): Promise<StartedProcess> {
    if (!this.#open) return Promise.reject(new Error("this launcher has been closed"));
    const id = this.#nextId++;
    const memory = addon().sealedMemory({ data: encodePlan(plan) });
    const request = Buffer.alloc(8);
    request.writeUInt32LE(id, 0);
    request.writeUInt32LE(descriptors.length + 1, 4);
    try {
      addon().sendMessage({ socket: this.#socket, data: request, descriptors: [memory, ...descriptors] });
    } finally {
      closeSync(memory);
    }
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { plan, resolve, reject });
    });
  }

  #receive(): void {
    while (this.#open) {
      const message = addon().receiveMessage({ socket: this.#socket });
      if (message === undefined) return;
      if (message === null) this.#lost();
      else this.#answer(parseReply(message.data), message.descriptors);
    }
  }

  #answer(reply: Reply, descriptors: readonly number[]): void {
    const pending = this.#pending.get(reply.id);
    if (pending === undefined) return;
    switch (reply.kind) {
      case "started":
        this.#started(pending, reply, descriptors);
        break;
      case "failed":
        this.#pending.delete(reply.id);
        pending.reject(new StepError(reply, pending.plan));
        break;
      case "exited":
        this.#pending.delete(reply.id);
        if (pending.pidfd !== undefined) closeSync(pending.pidfd);
        delete pending.pidfd;
        pending.exit?.({
          status: parseStatus(reply.waitStatus),
          exitedNs: reply.timeNs,
          userUs: reply.userUs,
          systemUs: reply.systemUs,
          maxRssKiB: reply.maxRssKiB,
          reports: reply.reports,
        });
    }
  }

  #started(pending: Pending, reply: Reply, descriptors: readonly number[]): void {
    const [pidfd, terminalFd] = descriptors;
    if (pidfd !== undefined) pending.pidfd = pidfd;
    const exited = new Promise<ExitRecord>((resolve) => {
      pending.exit = resolve;
    });
    pending.resolve({
      pid: reply.pid,
      terminalFd,
      steps: reply.steps,
      startedNs: reply.timeNs,
      exited,
      kill(signal) {
        const number = signalNumber(signal);
        if (pending.pidfd === undefined) return;
        try {
          addon().sendSignal({ pidfd: pending.pidfd, signal: number });
        } catch (error) {
          // ESRCH: it has ended, and the news of it is on its way.
          if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
        }
      },
    });
  }

  /** The launcher itself was killed. Its children have died with it (dieWithParent). */
  #lost(): void {
    this.#stopListening();
    for (const pending of this.#pending.values()) {
      pending.reject(new Error("the launcher was killed from outside"));
      pending.exit?.({
        status: { kind: "signaled", signal: "SIGKILL" },
        exitedNs: monotonicNs(),
        userUs: 0,
        systemUs: 0,
        maxRssKiB: 0,
        reports: {},
      });
    }
    this.#pending.clear();
  }

  #stopListening(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#poll.stop();
    closeSync(this.#socket);
  }

  /** Ends the launcher and everything that it started, and waits until it has cleaned up. */
  async close(): Promise<void> {
    const pidfd = this.#open ? addon().openPidfd({ pid: this.#pid }) : undefined;
    this.#stopListening();
    if (pidfd === undefined) return;
    await new Promise<void>((resolve) => {
      const poll = pollDescriptor(pidfd, "readable", () => {
        if (!addon().reap({ pid: this.#pid })) return;
        poll.stop();
        closeSync(pidfd);
        resolve();
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
