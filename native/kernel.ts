/**
 * The door to the kernel: the only file that uses the addon, and the owner of the launcher's protocol.
 *
 * Every time stamp is CLOCK_MONOTONIC in nanoseconds, the clock of `process.hrtime`. Errors have Node's own shape
 * (`code`, `errno`, `syscall`, `path`); a step of a plan that failed adds its position.
 */
import { closeSync, existsSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { errorCode } from "./error-code.ts";
import type { Pending } from "./internal-types.ts";
import type {
  CreatedProcess,
  DescriptorPoll,
  ExitRecord,
  FoundFile,
  KvmGuestOptions,
  KvmGuestReport,
  NativeProgram,
  OnPause,
  StartedProcess,
  StartOptions,
  TracerHandle,
  TracerOptions,
} from "./kernel-types.ts";
import { addon, addonProblem, buildDirectory } from "./load-addon.ts";
import { lossOf, lostExit } from "./loss.ts";
import { signalNumber } from "./names.ts";
import { encodePlan } from "./plan/encode.ts";
import type { Plan } from "./plan/plan.ts";
import { parseReply, type Reply } from "./reply.ts";
import { RequestQueue } from "./request-queue.ts";
import { StepError } from "./step-error.ts";
import { parseStatus } from "./wait-status.ts";

export type * from "./kernel-types.ts";
export type { StepTime } from "./reply.ts";

/**
 * Says whether real processes can be started here.
 * @returns undefined when they can, else why not and the one line that fixes it
 */
export function kernelProblem(): { reason: string; fix: string } | undefined {
  return addonProblem();
}

/** The host's copy of a program of native/. */
export function nativeProgram(name: NativeProgram): string | undefined {
  const directory = buildDirectory();
  const path = directory === undefined ? undefined : join(directory, name);
  return path !== undefined && existsSync(path) ? path : undefined;
}

/** @returns CLOCK_MONOTONIC, nanoseconds */
export function monotonicNs(): number {
  return Number(process.hrtime.bigint());
}

/** How many thousand times a second the processor's time-stamp counter counts; takes a fiftieth of a second to find out. */
export function measureTscKhz(): number {
  return addon().measureTscKhz();
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

/** A short attribute of a file itself, not of what a link leads to (lgetxattr(2)); undefined where it has none so named. */
export function readAttribute(path: string, name: string): Uint8Array | undefined {
  return addon().readAttribute({ path, name });
}

/**
 * Locks a file, which is made if it is not there, against every other process that does the same, and waits for whoever
 * has the lock (flock(2)). It ends with the result, and with this process.
 * @throws an error of Node's shape; ENOENT also when the file was removed while we waited
 */
export function lockFile(path: string): Disposable {
  return lockOf(addon().lockFile({ path, wait: 1 }));
}

/**
 * Locks a file as `lockFile` does, and does not wait.
 * @returns undefined when somebody else has the lock
 * @throws an error of Node's shape; ENOENT also when the file was removed meanwhile
 */
export function tryLockFile(path: string): Disposable | undefined {
  const fd = addon().lockFile({ path, wait: 0 });
  return fd === undefined ? undefined : lockOf(fd);
}

function lockOf(fd: number | undefined): Disposable {
  if (fd === undefined) throw new TypeError("a lock that is waited for has a descriptor");
  return {
    [Symbol.dispose]() {
      closeSync(fd);
    },
  };
}

/** Makes a named pipe for this user alone (mkfifo(3)). @throws an error of Node's shape */
export function makeFifo(path: string): void {
  addon().makeFifo({ path });
}

/** uv.h, UV_READABLE and UV_WRITABLE. `error`: that alone, as when nobody reads a pipe any more (poll(2), POLLERR). */
const POLL_EVENTS = { readable: 1, writable: 2, error: 0 } as const;

/**
 * Looks at a path below `root` without opening it, whatever it is. No link is followed, none on the way either.
 * @throws an error of Node's shape
 */
export function lookBelow(root: string, path: string): FoundFile {
  return addon().lookBelow({ root, path });
}

/** Calls `onReady` whenever `fd` can be read or written (uv_poll_t), until stopped. The caller keeps owning `fd`. */
export function pollDescriptor(fd: number, events: keyof typeof POLL_EVENTS, onReady: () => void): DescriptorPoll {
  return new (addon().Poll)({ fd, events: POLL_EVENTS[events], onReady });
}

/** Tells the terminal whose master `fd` is how large it is now (ioctl_tty(2), TIOCSWINSZ); its programs get SIGWINCH. */
export function resizeTerminal(fd: number, size: { columns: number; rows: number }): void {
  addon().setWindowSize({ fd, columns: size.columns, rows: size.rows });
}

/**
 * Begins to watch the system calls of a process (PTRACE_SEIZE).
 * @throws an error of Node's shape: ESRCH, EPERM (also: something else traces it)
 */
export function openTracer(options: TracerOptions): TracerHandle {
  const { follow, fromExec } = options;
  return new (addon().Tracer)({ ...options, follow: follow ? 1 : 0, fromExec: fromExec ? 1 : 0 });
}

/**
 * Hangs a list of allowed devices on a v2 group, in the place of ours that hung there before (bpf(2)).
 * @param program as runtime/cgroup/device-filter.ts makes it
 * @throws an error of Node's shape
 */
export function attachDeviceFilter(group: string, program: Uint8Array): void {
  addon().attachDeviceFilter({ path: group, program });
}

/** Opens a counter that the kernel adds to, readable when it is not 0 (eventfd(2)). The caller owns it. */
export function openEventCounter(): number {
  return addon().openEventCounter();
}

/**
 * Runs real-mode code in a virtual machine of its own (Documentation/virt/kvm/api.rst) on another thread, and takes the
 * machine away again. It ends by itself, by its time-out, or by its number of exits.
 * @throws an error of Node's shape whose `syscall` names the ioctl
 */
export function runKvmGuest(options: KvmGuestOptions): Promise<KvmGuestReport> {
  return addon().runKvmGuest(options);
}

/**
 * Sends a signal to the process `pid`, if it is still the one that `isSame` recognises once it cannot be replaced any
 * more (pidfd_open(2)).
 * @returns false when that process has gone
 */
export function signalProcess(pid: number, signal: string | number, isSame: () => boolean): boolean {
  const pidfd = openPidfd(pid);
  if (pidfd === undefined) return false;
  try {
    return isSame() && sendSignal(pidfd, signal);
  } finally {
    closeSync(pidfd);
  }
}

function openPidfd(pid: number): number | undefined {
  try {
    return addon().openPidfd({ pid });
  } catch {
    return undefined;
  }
}

/** @returns false when the process has ended, and the news of it is on its way */
function sendSignal(pidfd: number, signal: string | number): boolean {
  try {
    addon().sendSignal({ pidfd, signal: signalNumber(signal) });
    return true;
  } catch (error) {
    if (errorCode(error) === "ESRCH") return false;
    throw error;
  }
}

/**
 * Waits until the process `pid`, if it is still the one that `isSame` recognises, has ended (pidfd_open(2)).
 * @param patience ends the wait, if given
 */
export async function processEnd(pid: number, isSame: () => boolean, patience?: AbortSignal): Promise<void> {
  const pidfd = openPidfd(pid);
  if (pidfd === undefined) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      patience?.removeEventListener("abort", done);
      poll.stop();
      closeSync(pidfd);
      resolve();
    };
    const poll = pollDescriptor(pidfd, "readable", done);
    patience?.addEventListener("abort", done);
    if (!isSame() || patience?.aborted === true) done();
  });
}

/**
 * How long a launcher has for its end. It needs some milliseconds; a process that waits for a disk, or a layer of a million
 * files, can take it some seconds. One that takes longer hangs, and whoever waits for it would too.
 */
const LAUNCHER_PATIENCE_MS = 30_000;

/** The pause after which a plan can be left to itself: `waitForStart` follows (Launcher.create). */
export const CREATED = "created";

/**
 * One launcher: a static C++ program that is the parent of everything it starts, and that kills and cleans up all of it
 * when this process goes, however it goes.
 */
export class Launcher implements AsyncDisposable {
  readonly #pid: number;
  readonly #socket: number;
  readonly #poll: DescriptorPoll;
  readonly #requests: RequestQueue;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #open = true;

  private constructor(pid: number, socket: number) {
    this.#pid = pid;
    this.#socket = socket;
    this.#poll = pollDescriptor(socket, "readable", () => {
      this.#receive();
    });
    this.#requests = new RequestQueue(socket, addon(), (onReady) => pollDescriptor(socket, "writable", onReady));
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
  start(plan: Plan, descriptors: readonly number[] = [], options: StartOptions = {}): Promise<StartedProcess> {
    if (!this.#open) return Promise.reject(new Error("this launcher has been closed"));
    const id = this.#nextId++;
    const memory = addon().sealedMemory({ data: encodePlan(plan) });
    try {
      this.#requests.push("start", id, [memory, ...descriptors]);
    } catch (error) {
      // EPIPE: the launcher has gone, which the end of its socket will tell to all who wait.
      if (errorCode(error) !== "EPIPE") return Promise.reject(error);
    } finally {
      closeSync(memory);
    }
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { plan, resolve, reject, onPause: options.onPause });
    });
  }

  /**
   * Executes `plan` up to its pause `created`, and lets go: the launcher ends, and the process, which goes on to
   * `waitForStart`, is left to whoever adopts its orphans (ownership "engine").
   * @param options `onPause` is called for `created` too, while the launcher is still there
   * @throws StepError when a step fails; nothing of the plan is left behind
   */
  create(plan: Plan, descriptors: readonly number[] = [], options: StartOptions = {}): Promise<CreatedProcess> {
    return new Promise((resolve, reject) => {
      const onPause: OnPause = async (name, pid, steps, terminalFd) => {
        await options.onPause?.(name, pid, steps, terminalFd);
        if (name !== CREATED) return;
        await this.release();
        resolve({ pid, terminalFd, steps });
      };
      this.start(plan, descriptors, { onPause }).then(
        () => reject(new TypeError(`the plan has no pause ${CREATED}`)),
        (error: unknown) => reject(error),
      );
    });
  }

  /** The launcher's own process. */
  get pid(): number {
    return this.#pid;
  }

  /**
   * Lets the launcher live on alone, as the monitor of what it started (ownership "monitor"): it ends with that. What the
   * plan has under `keepLog`, `serveViewers` and `recordExit` is its work from now on.
   */
  async leave(): Promise<void> {
    if (!this.#open) return;
    this.#requests.push("monitor", 0);
    await this.#requests.sent(LAUNCHER_PATIENCE_MS);
    for (const { pidfd } of this.#pending.values()) if (pidfd !== undefined) closeSync(pidfd);
    this.#pending.clear();
    this.#stopListening();
  }

  /**
   * Executes `plan` and lets go of the process as soon as it has exec'd, before anybody here could take its exit: that is
   * for whoever adopts it (ownership "engine").
   * @throws StepError when a step fails; nothing of the plan is left behind
   */
  async startAndRelease(plan: Plan, descriptors: readonly number[] = []): Promise<CreatedProcess> {
    // Asked for before the start itself: a program that is over at once must not be reaped before this is known.
    if (this.#open) this.#requests.push("release", this.#nextId);
    const { pid, terminalFd, steps } = await this.start(plan, descriptors);
    for (const { pidfd } of this.#pending.values()) if (pidfd !== undefined) closeSync(pidfd);
    this.#pending.clear();
    await this.#ended();
    return { pid, terminalFd, steps };
  }

  /** Ends the launcher without ending or removing anything that it started; starts that are not done stay unanswered. */
  async release(): Promise<void> {
    if (!this.#open) return;
    this.#requests.push("release", 0);
    this.#pending.clear();
    await this.#requests.sent(LAUNCHER_PATIENCE_MS);
    if (this.#open) await this.#ended();
  }

  #receive(): void {
    while (this.#open) {
      const message = addon().receiveMessage({ socket: this.#socket });
      if (message === undefined) return;
      if (message === null) void this.#lost();
      else this.#answer(parseReply(message.data), message.descriptors);
    }
  }

  #answer(reply: Reply, descriptors: readonly number[]): void {
    const pending = this.#pending.get(reply.id);
    // Nobody waits for it any more (release).
    if (pending === undefined) {
      descriptors.forEach(closeSync);
      return;
    }
    switch (reply.kind) {
      case "released":
        break;
      case "paused":
        if (descriptors[0] !== undefined) pending.terminalFd = descriptors[0];
        this.#paused(reply, pending);
        break;
      case "started":
        this.#started(pending, reply, descriptors);
        break;
      case "failed":
        this.#pending.delete(reply.id);
        if (pending.terminalFd !== undefined) closeSync(pending.terminalFd);
        pending.reject(pending.cancelled === undefined ? new StepError(reply, pending.plan) : pending.cancelled.reason);
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
          steps: reply.steps,
        });
    }
  }

  #paused(reply: Reply, pending: Pending): void {
    const step = pending.plan[reply.failedStep - 1];
    const name = step?.op === "pause" ? step.name : "";
    const over = pending.onPause?.(name, reply.pid, reply.steps, pending.terminalFd) ?? Promise.resolve();
    over.then(
      () => {
        if (this.#open) this.#requests.push("resume", reply.id);
      },
      (reason: unknown) => {
        pending.cancelled = { reason };
        if (this.#open) this.#requests.push("cancel", reply.id);
      },
    );
  }

  #started(pending: Pending, reply: Reply, descriptors: readonly number[]): void {
    const [pidfd, terminalFd = pending.terminalFd] = descriptors;
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
        if (pending.pidfd !== undefined) sendSignal(pending.pidfd, number);
      },
    });
  }

  /** The launcher itself was killed, or could not start. Its children have died with it (dieWithParent). */
  async #lost(): Promise<void> {
    this.#stopListening();
    // Nobody else takes its exit; where even that needs a descriptor too many, it is taken at our own end.
    const error = lossOf(parseStatus(await this.#ended().catch(() => 0)));
    for (const pending of this.#pending.values()) {
      if (pending.pidfd !== undefined) closeSync(pending.pidfd);
      delete pending.pidfd;
      pending.reject(error);
      pending.exit?.(lostExit(monotonicNs()));
    }
    this.#pending.clear();
  }

  #stopListening(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#poll.stop();
    this.#requests.close();
    closeSync(this.#socket);
  }

  /**
   * Ends the launcher and everything that it started, and waits until it has cleaned up.
   * @param patienceMs after that it is killed, and what it started with it; what is left of them is swept up by `ps`
   */
  async close(patienceMs = LAUNCHER_PATIENCE_MS): Promise<void> {
    if (this.#open) await this.#ended(patienceMs);
  }

  /** Closes our end, and waits for the end of the launcher's process. @returns its wait status */
  async #ended(patienceMs = LAUNCHER_PATIENCE_MS): Promise<number> {
    const pidfd = addon().openPidfd({ pid: this.#pid });
    this.#stopListening();
    return await new Promise<number>((resolve) => {
      const force = setTimeout(() => {
        addon().sendSignal({ pidfd, signal: constants.signals.SIGKILL });
      }, patienceMs);
      const poll = pollDescriptor(pidfd, "readable", () => {
        const status = addon().reap({ pid: this.#pid });
        if (status === undefined) return;
        clearTimeout(force);
        poll.stop();
        closeSync(pidfd);
        resolve(status);
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
