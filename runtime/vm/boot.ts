/**
 * Boots one guest: QEMU as a plain process of the launcher, with pipes for everything, so that it dies with this process,
 * however that goes, and has no file with a name that could stay behind.
 */
import { randomBytes } from "node:crypto";
import { closeSync, constants, openSync, readFileSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ExitRecord, type Launcher, monotonicNs, openPipe } from "../../native/kernel.ts";
import { openStream } from "../../native/stream.ts";
import { startProcess } from "../process/start.ts";
import { type Console, openConsole, openPipeIn, sendRequest } from "./console.ts";
import { writeCpio } from "./cpio.ts";
import type { GuestFiles } from "./guest-files.ts";
import { knownTscKhz, type Qemu } from "./host.ts";
import { MilestoneReader } from "./milestones.ts";
import { type AcceleratorName, type MachineType, qemuArguments } from "./qemu.ts";
import { parseQemuTrace, type QemuTrace, wallOffsetNs } from "./qemu-trace.ts";
import { encodeRunFile, RUN_FILE_PATH, type RunFile } from "./run-file.ts";

export interface BootRequest {
  readonly qemu: Qemu;
  readonly files: GuestFiles;
  readonly machine: MachineType;
  readonly accelerator: AcceleratorName;
  readonly memoryBytes: number;
  readonly bootTimeoutMs: number;
  readonly run: Omit<RunFile, "nonce">;
  /** Gets the console's output instead of the guest's `console`; the caller keeps owning it. */
  readonly stdout: number | undefined;
}

export interface GuestEnd {
  readonly exit: ExitRecord;
  readonly trace: QemuTrace;
  /** To be taken off the trace's stamps. */
  readonly wallOffsetNs: number;
  readonly timedOut: boolean;
}

export interface Guest {
  readonly pid: number;
  /** When the launcher's fork for QEMU began, and when execve had succeeded; CLOCK_MONOTONIC. */
  readonly forkedNs: number;
  readonly monitorNs: number;
  readonly console: Console;
  readonly milestones: MilestoneReader;
  /** Settled once the program has started, or cannot any more. */
  readonly booted: Promise<void>;
  /** Settled when QEMU has gone and everything that it wrote has been read. Never rejects. */
  readonly ended: Promise<GuestEnd>;
  /** Asks the guest's init: `signal 15`. */
  request(words: string): void;
  /** Ends QEMU at once. */
  destroy(): void;
}

const NONCE_BYTES = 12;
const RUN_FILE_MODE = 0o600;

/**
 * Starts QEMU.
 *
 * @returns once QEMU has been exec'd
 * @throws StepError when it cannot be; nothing is left behind then
 */
export async function bootGuest(launcher: Launcher, request: BootRequest): Promise<Guest> {
  const nonce = randomBytes(NONCE_BYTES).toString("hex");
  await using undo = new AsyncDisposableStack();
  const opened = (fd: number): number => {
    undo.defer(() => {
      closeSync(fd);
    });
    return fd;
  };
  const archive = opened(openArchive(request.files.initramfs, { ...request.run, nonce }));
  const input = openPipeIn();
  const requests = openPipeIn();
  const output = request.stdout === undefined ? openPipe() : undefined;
  const milestones = openPipe();
  const errors = openPipe();
  const handedOver = [input.readFd, requests.readFd, output?.writeFd, milestones.writeFd, errors.writeFd];
  for (const fd of handedOver) if (fd !== undefined) opened(fd);
  const kept = new AsyncDisposableStack();
  const ours = [input.writeFd, requests.writeFd, output?.readFd, milestones.readFd, errors.readFd];
  for (const fd of ours) {
    if (fd !== undefined) {
      kept.defer(() => {
        closeSync(fd);
      });
    }
  }
  try {
    const beforeNs = monotonicNs();
    const tscKhz = request.accelerator === "tcg" ? knownTscKhz() : undefined;
    const monitor = await startProcess(launcher, {
      argv: [
        request.qemu.path,
        ...qemuArguments({
          ...request,
          kernelPath: request.files.kernel.path,
          ...(tscKhz !== undefined && { tscKhz }),
        }),
      ],
      env: [`PATH=${process.env.PATH ?? ""}`],
      stdin: input.readFd,
      stdout: request.stdout ?? output?.writeFd ?? errors.writeFd,
      stderr: errors.writeFd,
      extra: [milestones.writeFd, requests.readFd, archive],
      title: "QEMU",
    });
    kept.move();
    return watch(monitor, request, nonce, {
      inputFd: input.writeFd,
      requestsFd: requests.writeFd,
      outputFd: output?.readFd,
      milestonesFd: milestones.readFd,
      errorsFd: errors.readFd,
      forkedNs: beforeNs + (monitor.planReport[0]?.startNs ?? 0),
    });
  } catch (error) {
    await kept.disposeAsync();
    throw error;
  }
}

interface OurEnds {
  readonly inputFd: number;
  readonly requestsFd: number;
  readonly outputFd: number | undefined;
  readonly milestonesFd: number;
  readonly errorsFd: number;
  readonly forkedNs: number;
}

function watch(
  monitor: Awaited<ReturnType<typeof startProcess>>,
  request: BootRequest,
  nonce: string,
  ends: OurEnds,
): Guest {
  const milestones = new MilestoneReader(nonce);
  const booted = Promise.withResolvers<void>();
  const state = { timedOut: false, requestsOpen: true };
  const timer = setTimeout(() => {
    state.timedOut = true;
    monitor.kill("SIGKILL");
  }, request.bootTimeoutMs);
  const milestonesRead = readAll(ends.milestonesFd, (chunk) => {
    const found = milestones.read(chunk, monotonicNs());
    if (!found.some(({ kind }) => kind === "exec" || kind === "failed")) return;
    clearTimeout(timer);
    booted.resolve();
  });
  let words = "";
  const decoder = new TextDecoder();
  const errorsRead = readAll(ends.errorsFd, (chunk) => {
    words += decoder.decode(chunk, { stream: true });
  });
  const offsetNs = wallOffsetNs(monotonicNs);
  const finish = async (): Promise<GuestEnd> => {
    const exit = await monitor.exited;
    clearTimeout(timer);
    await Promise.all([milestonesRead, errorsRead]);
    state.requestsOpen = false;
    closeSync(ends.requestsFd);
    booted.resolve();
    return { exit, trace: parseQemuTrace(words), wallOffsetNs: offsetNs, timedOut: state.timedOut };
  };
  return {
    pid: monitor.pid,
    forkedNs: ends.forkedNs,
    monitorNs: monitor.startedNs,
    console: openConsole({ ...ends, isTerminal: request.run.hasTerminal, ready: booted.promise, monotonicNs }),
    milestones,
    booted: booted.promise,
    ended: finish(),
    request(line) {
      if (state.requestsOpen) sendRequest(ends.requestsFd, line);
    },
    destroy() {
      monitor.kill("SIGKILL");
    },
  };
}

/** Reads to the end. Every copy of the writing end closes with QEMU. */
function readAll(fd: number, onData: (chunk: Uint8Array) => void): Promise<void> {
  const stream = openStream(fd);
  return new Promise((resolve) => {
    stream.onData(onData);
    stream.onEnd(() => {
      stream.close();
      resolve();
    });
  });
}

/** The image's archive and behind it this start's run file, in a file without a name. initramfs may be concatenated. */
function openArchive(base: string, run: RunFile): number {
  const path = join(tmpdir(), `.ringside-${randomBytes(NONCE_BYTES).toString("hex")}`);
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, RUN_FILE_MODE);
  try {
    unlinkSync(path);
    writeWholly(fd, readFileSync(base));
    writeWholly(fd, writeCpio([{ kind: "file", path: RUN_FILE_PATH, mode: RUN_FILE_MODE, data: encodeRunFile(run) }]));
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function writeWholly(fd: number, data: Uint8Array): void {
  for (let done = 0; done < data.length; ) done += writeSync(fd, data, done);
}
