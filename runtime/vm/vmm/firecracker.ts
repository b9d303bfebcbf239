/**
 * Firecracker behind the interface of all monitors. It has hardware KVM only, no firmware, one machine of its own (virtio
 * over MMIO, as QEMU's microvm), and a serial line for everything: the console's bytes and, taken out of them, the
 * milestones of the guest's init.
 *
 * Untested with the real program on the machine that this was written on: no distribution ships it, and KVM boots no
 * kernel there. What is sent is checked against Firecracker's published API, its order against a small server.
 */
import { execFileSync } from "node:child_process";
import { closeSync } from "node:fs";
import { z } from "zod";
import { type Launcher, monotonicNs } from "../../../native/kernel.ts";
import type { RunningWorld } from "../../container/running.ts";
import { RingsideError, reasonOf } from "../../error.ts";
import { findProgram } from "../../host-program.ts";
import { startProcess } from "../../process/start.ts";
import { type BootVerdict, bootVerdict } from "../accelerator.ts";
import { openArchive } from "../archive.ts";
import type { Channels } from "../channels.ts";
import { KERNEL_ARGUMENTS } from "../kernel-arguments.ts";
import { probeBoot } from "../probe.ts";
import { pssBytes } from "../resident.ts";
import {
  ACCELERATOR_LABELS,
  type AcceleratorName,
  type Guest,
  type GuestControl,
  type GuestRequest,
  type Usability,
  type UsabilityQuestion,
  type Vmm,
} from "../vmm.ts";
import { watchGuest } from "../watch-guest.ts";
import {
  type ApiRequest,
  callApi,
  DESCRIBE,
  DESCRIBE_MACHINE,
  PAUSE,
  POWERDOWN,
  RESUME,
  startRequests,
} from "./firecracker-api.ts";
import { serialChannels } from "./serial-channels.ts";
import { vmlinux } from "./vmlinux.ts";

const PROGRAM = "firecracker";
const FIX = "put the firecracker of https://github.com/firecracker-microvm/firecracker/releases into $PATH";
const VERSION_TIMEOUT_MS = 10_000;
const VERSION = /v?(\d+\.\d+\.\d\S*)/;
/** Where it finds the initial RAM disk: behind its standard streams. */
const ARCHIVE_PATH = "/proc/self/fd/3";
/** Ends by the keyboard's controller: it has no other way to be reset. */
const OWN_ARGUMENTS = ["console=ttyS0", "reboot=k", "pci=off", "i8042.noaux"];

export const firecrackerVmm: Vmm = {
  name: "firecracker",
  title: "Firecracker",
  machines: ["microvm"],
  usable,
  start,
};

/**
 * Finds Firecracker and asks for its version.
 *
 * @throws RingsideError when it is not there, or does not run
 */
export function requireFirecracker(): { readonly path: string; readonly version: string } {
  const path = findProgram(PROGRAM);
  if (path === undefined) throw new RingsideError(`${PROGRAM} is not in $PATH`, { fix: FIX });
  try {
    const said = execFileSync(path, ["--version"], { encoding: "utf8", timeout: VERSION_TIMEOUT_MS });
    const [, version] = VERSION.exec(said) ?? [];
    return { path, version: z.string().parse(version) };
  } catch (cause) {
    throw new RingsideError(`${path} is there but does not say its version: ${reasonOf(cause)}`, { cause, fix: FIX });
  }
}

/** Whether guests boot with it: hardware KVM is all it has. @throws RingsideError when it is not there */
export async function firecrackerBoots(accelerator: AcceleratorName, launcher?: Launcher): Promise<BootVerdict> {
  if (accelerator !== "kvm") return { boots: false, reason: "Firecracker has no emulation: it needs hardware KVM" };
  const circumstances = {
    vmm: "firecracker" as const,
    machine: "microvm",
    version: requireFirecracker().version,
    probe: (used: Launcher, name: AcceleratorName, timeoutMs: number) =>
      probeBoot(start, used, { machine: "microvm", accelerator: name }, timeoutMs),
    ...(launcher !== undefined && { launcher }),
  };
  return await bootVerdict(circumstances, accelerator);
}

async function usable({ launcher }: UsabilityQuestion = {}): Promise<Usability> {
  try {
    const { version } = requireFirecracker();
    const { boots, reason } = await firecrackerBoots("kvm", launcher);
    if (!boots) return { ok: false, reason, fix: "use a machine whose /dev/kvm boots guests" };
    return { ok: true, version, accelerators: [{ name: "kvm", label: ACCELERATOR_LABELS.kvm, reason }] };
  } catch (error) {
    if (!(error instanceof RingsideError)) throw error;
    return { ok: false, reason: error.message, fix: error.fix ?? FIX };
  }
}

async function start(launcher: Launcher, request: GuestRequest): Promise<Guest> {
  refuseUnsupported(request);
  const { path } = requireFirecracker();
  const kernelPath = vmlinux(request.files.kernel);
  const guest = await startFirecracker(launcher, path, request);
  let isGone = false;
  void guest.ended.then(() => {
    isGone = true;
  });
  try {
    for (const one of requestsOf(request, kernelPath)) {
      await callApi(request.directory.control, one, () => isGone);
    }
    guest.started();
    return guest;
  } catch (error) {
    guest.destroy();
    await guest.ended;
    guest.console.close();
    const said = guest.monitorStamps().messages.at(-1);
    if (said === undefined) throw error;
    throw new RingsideError(`${reasonOf(error)}; its last words: ${JSON.stringify(said)}`, { cause: error });
  }
}

/** Starts the process, which waits for its configuration then. */
async function startFirecracker(
  launcher: Launcher,
  path: string,
  request: GuestRequest,
): Promise<Guest & { started(): void }> {
  const channels = serialChannels(request);
  let startedNs: number | undefined;
  try {
    const beforeNs = monotonicNs();
    const monitor = await startMonitor(launcher, path, request, channels);
    const guest = watchGuest(monitor, request, channels, {
      control: apiControl(request.directory.control, monitor),
      forkedNs: beforeNs + (monitor.planReport[0]?.startNs ?? 0),
      // It has no firmware: the kernel's first instruction is the machine's.
      stamps: (words) => ({
        processorStartNs: startedNs,
        handOverNs: startedNs,
        messages: words.split("\n").filter((line) => line !== ""),
      }),
    });
    return {
      ...guest,
      started() {
        startedNs = monotonicNs();
      },
    };
  } catch (error) {
    channels.abandon();
    throw error;
  } finally {
    channels.closeHanded();
  }
}

async function startMonitor(
  launcher: Launcher,
  path: string,
  request: GuestRequest,
  { stdin, stdout, stderr }: Channels,
): Promise<RunningWorld> {
  const { directory } = request;
  const archive = openArchive(request, "console");
  try {
    return await startProcess(launcher, {
      argv: [path, "--api-sock", directory.control, "--id", directory.id],
      env: [`PATH=${process.env.PATH ?? ""}`],
      stdin,
      stdout,
      stderr,
      extra: [archive],
      title: "Firecracker",
    });
  } finally {
    closeSync(archive);
  }
}

/** @returns what its API is sent for this guest, in order */
export function requestsOf({ memoryBytes, devices }: GuestRequest, kernelPath: string): ApiRequest[] {
  return startRequests({
    memoryBytes,
    kernelPath,
    initrdPath: ARCHIVE_PATH,
    kernelArguments: [...OWN_ARGUMENTS, ...KERNEL_ARGUMENTS].join(" "),
    ...(devices.disk !== undefined && { diskPath: devices.disk.path }),
  });
}

/** What it has no device for, and what would be needed of QEMU. @throws RingsideError naming it */
function refuseUnsupported({ devices, console, detached, incoming, run, accelerator }: GuestRequest): void {
  const table: readonly (readonly [asked: boolean, what: string])[] = [
    [accelerator !== "kvm", "software emulation: it needs hardware KVM"],
    [devices.agent === true, "virtio-serial, which the guest agent speaks over"],
    [devices.network !== undefined, "user-mode networking, so no port can be published"],
    [console === "virtio", "a virtio console"],
    [run.hasTerminal, "a terminal whose size the guest could be told"],
    [detached !== undefined, "a console that a monitor could keep apart from its milestones"],
    [incoming !== undefined, "live migration"],
  ];
  const [, missing] = table.find(([asked]) => asked) ?? [];
  if (missing === undefined) return;
  throw new RingsideError(`Firecracker has no ${missing}`, { fix: "leave --vmm firecracker out: QEMU has it" });
}

const instanceSchema = z.object({ state: z.enum(["Not started", "Running", "Paused"]) });
const machineSchema = z.object({ mem_size_mib: z.int() });
const MIB = 1024 ** 2;

/** The process as far as it can be ended, whoever has started it. */
export interface EndableMonitor extends Pick<RunningWorld, "pid" | "kill"> {
  readonly exited: Promise<unknown>;
}

/** What can be asked of a running guest through the API. @param socket the one that Firecracker listens on */
export function apiControl(socket: string, monitor: EndableMonitor): GuestControl {
  const call = (request: ApiRequest) => async (): Promise<void> => {
    await callApi(socket, request);
  };
  return {
    async status() {
      const { state } = instanceSchema.parse(await callApi(socket, DESCRIBE));
      return { running: state === "Running", word: state.toLowerCase() };
    },
    pause: call(PAUSE),
    resume: call(RESUME),
    powerdown: call(POWERDOWN),
    async quit() {
      monitor.kill("SIGKILL");
      await monitor.exited;
    },
    async memory() {
      const { mem_size_mib: mebibytes } = machineSchema.parse(await callApi(socket, DESCRIBE_MACHINE));
      return { assignedBytes: mebibytes * MIB, hostPssBytes: pssBytes(monitor.pid) };
    },
  };
}
