/**
 * QEMU's s390x behind the interface of all monitors: a mainframe's processor, with its two consoles and nothing else.
 * docs/system/s390x of QEMU; the Service-Call Logical Processor (SCLP) is what a mainframe's firmware is called by.
 */
import { randomBytes } from "node:crypto";
import { closeSync, constants, openSync, readFileSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Launcher, monotonicNs } from "../../../native/kernel.ts";
import { RingsideError } from "../../error.ts";
import { foreignDirectory } from "../../image/foreign.ts";
import { startProcess } from "../../process/start.ts";
import { pipeChannels } from "../channels.ts";
import { writeCpio } from "../cpio.ts";
import { BUSYBOX_PATH, DRIVER_PATH, INIT_PATH, initScript } from "../foreign/init-script.ts";
import { requireForeignQemu } from "../foreign/qemu.ts";
import { parseQemuTrace, wallOffsetNs } from "../qemu-trace.ts";
import { qmpControl } from "../qmp-control.ts";
import { FOREIGN_MACHINE, type Guest, type GuestRequest, type Usability, type Vmm } from "../vmm.ts";
import { watchGuest } from "../watch-guest.ts";

export const s390xVmm: Vmm = { name: "qemu", title: "QEMU s390x", machines: [], usable, start };

/** Where QEMU finds what is handed over beside its standard streams. */
const DESCRIPTORS = { milestones: 3, requests: 4, initramfs: 5 } as const;
const NAME_BYTES = 12;
const KIB = 1024;

const KERNEL_ARGUMENTS = [
  "console=ttysclp0",
  `rdinit=/${INIT_PATH}`,
  // The console belongs to the program; nokaslr, or the kernel would complain there of a missing random generator.
  "quiet loglevel=1 panic=-1 nokaslr",
  "cryptomgr.notests",
] as const;

async function start(launcher: Launcher, request: GuestRequest): Promise<Guest> {
  if (request.detached !== undefined) {
    throw new RingsideError("a virtual machine of s390x cannot be left to itself: nobody in it could be asked to end", {
      fix: "leave out -d",
    });
  }
  const qemu = requireForeignQemu("s390x");
  const channels = pipeChannels(request);
  const archive = openArchive(request);
  try {
    const beforeNs = monotonicNs();
    const monitor = await startProcess(launcher, {
      argv: [qemu.path, ...s390xArguments(request)],
      env: [`PATH=${process.env.PATH ?? ""}`],
      stdin: channels.stdin,
      stdout: channels.stdout,
      stderr: channels.stderr,
      extra: [channels.milestones, channels.requests, archive],
      title: "QEMU",
    });
    const offsetNs = wallOffsetNs(monotonicNs);
    return watchGuest(monitor, request, channels, {
      control: qmpControl(request.directory.control, monitor.pid),
      forkedNs: beforeNs + (monitor.planReport[0]?.startNs ?? 0),
      stamps(words) {
        const { processorStartWallNs, messages } = parseQemuTrace(words);
        const processorStartNs =
          processorStartWallNs === undefined ? undefined : Math.round(processorStartWallNs - offsetNs);
        return { processorStartNs, handOverNs: undefined, messages };
      },
    });
  } catch (error) {
    channels.abandon();
    throw error;
  } finally {
    closeSync(archive);
    channels.closeHanded();
  }
}

/** @returns the arguments of QEMU, without the program itself */
export function s390xArguments({ memoryBytes, files, directory }: GuestRequest): string[] {
  return [
    ...["-machine", FOREIGN_MACHINE, "-accel", "tcg", "-cpu", "max", "-smp", "1"],
    ...["-m", `size=${Math.floor(memoryBytes / KIB)}k`],
    ...["-no-user-config", "-nodefaults", "-display", "none", "-no-reboot"],
    ...["-kernel", files.kernel.path, "-initrd", `/proc/self/fd/${DESCRIPTORS.initramfs}`],
    ...["-append", KERNEL_ARGUMENTS.join(" ")],
    ...["-chardev", "stdio,id=console,signal=off", "-device", "sclpconsole,chardev=console"],
    ...["-chardev", `file,id=milestones,path=/proc/self/fd/${DESCRIPTORS.milestones}`],
    ...["-chardev", `pipe,id=requests,path=/proc/self/fd/${DESCRIPTORS.requests}`],
    ...["-device", "virtio-serial-ccw,id=ports"],
    ...["-device", "virtserialport,bus=ports.0,nr=1,chardev=milestones,name=ringside.milestones"],
    ...["-device", "virtserialport,bus=ports.0,nr=2,chardev=requests,name=ringside.requests"],
    ...["-chardev", `socket,id=qmp,path=${directory.control.replaceAll(",", ",,")},server=on,wait=off`],
    ...["-mon", "chardev=qmp,mode=control"],
    ...["-msg", "timestamp=on", "-trace", "enable=runstate_set"],
  ];
}

/** The image's archive, and behind it the first program with the busybox that runs it, in a file without a name. */
function openArchive({ files, run, nonce }: GuestRequest): number {
  const path = join(tmpdir(), `.ringside-${randomBytes(NAME_BYTES).toString("hex")}`);
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    unlinkSync(path);
    const kept = (name: string): Buffer => readFileSync(join(foreignDirectory("s390x"), name));
    const own = writeCpio([
      { kind: "file", path: INIT_PATH, mode: 0o755, data: Buffer.from(initScript(run, nonce)) },
      { kind: "file", path: BUSYBOX_PATH, mode: 0o755, data: kept("busybox") },
      { kind: "file", path: DRIVER_PATH, mode: 0o644, data: kept("virtio_console.ko") },
    ]);
    for (const part of [readFileSync(files.initramfs), own]) writeWholly(fd, part);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function writeWholly(fd: number, data: Uint8Array): void {
  for (let done = 0; done < data.length; ) done += writeSync(fd, data, done);
}

async function usable(): Promise<Usability> {
  try {
    const { version } = requireForeignQemu("s390x");
    const label = "software emulation (TCG)";
    return { ok: true, version, accelerators: [{ name: "tcg", label, reason: "no such processor is here" }] };
  } catch (error) {
    if (!(error instanceof RingsideError)) throw error;
    return { ok: false, reason: error.message, fix: error.fix ?? "node set-up.mjs s390x" };
  }
}
