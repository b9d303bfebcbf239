/**
 * Starts one guest under QEMU. One that belongs to this process gets pipes for everything that it says, so that it dies
 * with this process, however that goes; a detached one gets files and sockets in its state directory instead.
 */
import { randomBytes } from "node:crypto";
import { closeSync, constants, openSync, readFileSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Launcher, monotonicNs } from "../../native/kernel.ts";
import type { RunningWorld } from "../container/running.ts";
import { startProcess } from "../process/start.ts";
import { type Channels, namedChannels, pipeChannels } from "./channels.ts";
import { writeCpio } from "./cpio.ts";
import { knownTscKhz, type Qemu } from "./host.ts";
import { MilestoneReader } from "./milestones.ts";
import { qemuArguments } from "./qemu.ts";
import { parseQemuTrace, type QemuTrace, wallOffsetNs } from "./qemu-trace.ts";
import { qmpControl } from "./qmp-control.ts";
import { encodeRunFile, RUN_FILE_PATH, type RunFile } from "./run-file.ts";
import type { Guest, GuestEnd, GuestRequest, MonitorStamps } from "./vmm.ts";

const NONCE_BYTES = 12;
const RUN_FILE_MODE = 0o600;
/** What QEMU says is kept so far: a guest that makes it complain without end fills no memory. */
const MOST_WORDS = 1024 ** 2;

/** @returns a new word to stand at the head of each milestone: whoever does not know it cannot forge one */
export function newNonce(): string {
  return randomBytes(NONCE_BYTES).toString("hex");
}

/**
 * Starts QEMU.
 *
 * @returns once QEMU has been exec'd
 * @throws StepError when it cannot be; nothing is left behind then
 */
export async function bootGuest(launcher: Launcher, qemu: Qemu, request: GuestRequest): Promise<Guest> {
  const channels = request.detached === undefined ? pipeChannels(request) : namedChannels(request);
  try {
    const beforeNs = monotonicNs();
    const monitor = await startMonitor(launcher, qemu, request, channels);
    return watch(monitor, request, channels, beforeNs + (monitor.planReport[0]?.startNs ?? 0));
  } catch (error) {
    channels.abandon();
    throw error;
  } finally {
    channels.closeHanded();
  }
}

async function startMonitor(launcher: Launcher, qemu: Qemu, request: GuestRequest, channels: Channels) {
  const { accelerator, files, detached, run, nonce } = request;
  const tscKhz = accelerator === "tcg" ? knownTscKhz() : undefined;
  const archive = openArchive(files.initramfs, { ...run, nonce });
  try {
    const options = { ...request, detached: detached !== undefined, kernelPath: files.kernel.path };
    return await startProcess(launcher, {
      argv: [qemu.path, ...qemuArguments({ ...options, ...(tscKhz !== undefined && { tscKhz }) })],
      env: [`PATH=${process.env.PATH ?? ""}`],
      stdin: channels.stdin,
      stdout: channels.stdout,
      stderr: channels.stderr,
      extra: [channels.milestones, channels.requests, archive],
      title: "QEMU",
      ...(detached !== undefined && { wrap: detached.wrap }),
    });
  } finally {
    closeSync(archive);
  }
}

function watch(monitor: RunningWorld, request: GuestRequest, channels: Channels, forkedNs: number): Guest {
  const milestones = new MilestoneReader(request.nonce);
  const booted = Promise.withResolvers<void>();
  const state = { timedOut: false, words: "" };
  const timer = setTimeout(() => {
    state.timedOut = true;
    monitor.kill("SIGKILL");
  }, request.bootTimeoutMs);
  const milestonesRead = channels.readMilestones((chunk) => {
    const found = milestones.read(chunk, monotonicNs());
    if (!found.some(({ kind }) => kind === "exec" || kind === "failed")) return;
    clearTimeout(timer);
    booted.resolve();
  });
  const decoder = new TextDecoder();
  const errorsRead = channels.readErrors((chunk) => {
    state.words = (state.words + decoder.decode(chunk, { stream: true })).slice(0, MOST_WORDS);
  });
  const offsetNs = wallOffsetNs(monotonicNs);
  const finish = async (): Promise<GuestEnd> => {
    const exit = await monitor.exited;
    clearTimeout(timer);
    channels.over();
    await Promise.all([milestonesRead, errorsRead]);
    booted.resolve();
    return { exit, timedOut: state.timedOut };
  };
  return {
    pid: monitor.pid,
    forkedNs,
    monitorNs: monitor.startedNs,
    console: channels.openConsole(booted.promise),
    milestones,
    booted: booted.promise,
    ended: finish(),
    control: qmpControl(request.directory.control, monitor.pid),
    monitorStamps: () => stampsOf(parseQemuTrace(state.words), offsetNs),
    request: channels.request,
    destroy() {
      monitor.kill("SIGKILL");
    },
  };
}

/** QEMU's stamps are the wall clock's. */
function stampsOf(trace: QemuTrace, wallOffsetNs: number): MonitorStamps {
  const onMonotonic = (wallNs: number | undefined): number | undefined =>
    wallNs === undefined ? undefined : Math.round(wallNs - wallOffsetNs);
  return {
    processorStartNs: onMonotonic(trace.processorStartWallNs),
    handOverNs: onMonotonic(trace.handOverWallNs),
    messages: trace.messages,
  };
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
