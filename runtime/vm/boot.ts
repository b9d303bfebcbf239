/**
 * Starts one guest under QEMU. One that belongs to this process gets pipes for everything that it says, so that it dies
 * with this process, however that goes; a detached one gets files and sockets in its state directory instead.
 */
import { randomBytes } from "node:crypto";
import { closeSync } from "node:fs";
import { type Launcher, monotonicNs } from "../../native/kernel.ts";
import { startProcess } from "../process/start.ts";
import { openArchive } from "./archive.ts";
import { type Channels, namedChannels, pipeChannels } from "./channels.ts";
import { type Qemu, tscKhz } from "./host.ts";
import { qemuArguments } from "./qemu.ts";
import { parseQemuTrace, type QemuTrace, wallOffsetNs } from "./qemu-trace.ts";
import { qmpControl } from "./qmp-control.ts";
import type { Guest, GuestRequest, MonitorStamps } from "./vmm.ts";
import { watchGuest } from "./watch-guest.ts";

const NONCE_BYTES = 12;

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
    const offsetNs = wallOffsetNs(monotonicNs);
    return watchGuest(monitor, request, channels, {
      control: qmpControl(request.directory.control, monitor.pid),
      forkedNs: beforeNs + (monitor.planReport[0]?.startNs ?? 0),
      stamps: (words) => stampsOf(parseQemuTrace(words), offsetNs),
    });
  } catch (error) {
    channels.abandon();
    throw error;
  } finally {
    channels.closeHanded();
  }
}

async function startMonitor(launcher: Launcher, qemu: Qemu, request: GuestRequest, channels: Channels) {
  const { accelerator, files, detached } = request;
  const archive = openArchive(request);
  try {
    const options = { ...request, detached: detached !== undefined, kernelPath: files.kernel.path };
    return await startProcess(launcher, {
      argv: [qemu.path, ...qemuArguments({ ...options, ...(accelerator === "tcg" && { tscKhz: tscKhz() }) })],
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
