/**
 * QEMU as Ringside runs it: where it is, what it is told. qemu(1), docs/system/i386/microvm.rst of QEMU.
 *
 * Every option is here for a reason: see `MACHINES` and kernel-arguments.ts. The descriptors that QEMU gets are fixed: 0
 * and 1 carry the console, 2 its own words, and those of `DESCRIPTORS` the rest, so that no file has a name that
 * somebody else could open.
 */
import { z } from "zod";
import { findProgram } from "../host-program.ts";
import type { VmDirectory } from "./directory.ts";
import { KERNEL_ARGUMENTS } from "./kernel-arguments.ts";
import { deviceArguments } from "./qemu-devices.ts";
import type { AcceleratorName, GuestDevices, GuestRequest, MachineType } from "./vmm.ts";

export const QEMU_PROGRAM = "qemu-system-x86_64";

/** Where QEMU finds what is handed over beside its standard streams. */
export const DESCRIPTORS = { milestones: 3, requests: 4, initramfs: 5 } as const;

/** The ports at which native/guest/init.cc expects its devices. */
const DEBUG_CONSOLE_PORT = "0xe9";
const DEBUG_EXIT_PORT = "0xf4";

/**
 * microvm without ACPI where nobody needs it, which saves a tenth of the boot: `machineOf` says who does. With it, the
 * timer's interrupt does not reach the kernel through the second I/O APIC, so a boot would hang for good where the kernel
 * has to find out the frequency of the TSC by that timer: it is told. The timer, the interrupt controller and the clock
 * of the PC stay on: Debian's kernel hangs without them.
 */
const MACHINES: Readonly<Record<MachineType, string>> = {
  microvm: "microvm,acpi=off,pit=on,pic=on,rtc=on",
  // Without what a guest on a host's console would want: a mouse port, a joystick's timer, a floppy's controller.
  q35: "q35,vmport=off,i8042=on,usb=off,sata=off,smbus=off,hpet=off",
  // Has a QEMU of its own: vmm/s390x.ts.
  "s390-ccw-virtio": "s390-ccw-virtio",
};

export interface QemuOptions {
  readonly machine: MachineType;
  readonly accelerator: AcceleratorName;
  readonly memoryBytes: number;
  readonly kernelPath: string;
  /** The frequency of the guest's TSC, so that it need not be found out: see `tscKhz` in host.ts. */
  readonly tscKhz?: number;
  readonly devices: GuestDevices;
  readonly console: GuestRequest["console"];
  readonly directory: VmDirectory;
  /** Milestones and requests have names in the state directory, instead of the descriptors of `DESCRIPTORS`. */
  readonly detached: boolean;
  readonly incoming?: string;
}

const KIB = 1024;
const MIB = 1024 ** 2;
/** QEMU rounds a memory's size up to a multiple of this. */
const UNALIGNED_KIB = 8;

/** By a triple fault, which ends QEMU at once; by the keyboard's controller, which microvm has not, a panic takes seconds. */
const RESET = "reboot=t";
const KERNEL_CONSOLES = { serial: "console=ttyS0", virtio: "console=hvc0" } as const;

/** @returns the arguments of QEMU, without the program itself */
export function qemuArguments(options: QemuOptions): string[] {
  const { accelerator, memoryBytes, kernelPath, incoming } = options;
  return [
    ...["-machine", machineOf(options), "-accel", accelerator, "-cpu", "max", "-smp", "1"],
    ...["-m", `size=${memoryKib(memoryBytes, accelerator)}k`],
    ...["-no-user-config", "-nodefaults", "-display", "none", "-no-reboot"],
    ...["-kernel", kernelPath, "-initrd", `/proc/self/fd/${DESCRIPTORS.initramfs}`],
    ...["-append", kernelArguments(options)],
    ...["-chardev", "stdio,id=console,signal=off"],
    ...(options.console === "serial" ? ["-serial", "chardev:console"] : []),
    ...initArguments(options),
    ...deviceArguments(options),
    ...["-chardev", `socket,id=qmp,path=${escaped(options.directory.control)},server=on,wait=off`],
    ...["-mon", "chardev=qmp,mode=control"],
    ...(incoming === undefined ? [] : ["-incoming", incoming]),
    // QEMU's own stamps for the borders that the guest cannot tell of: see qemu-trace.ts.
    ...["-msg", "timestamp=on", "-trace", "enable=runstate_set", "-trace", "enable=fw_cfg_select"],
  ];
}

/** Distributions' kernels find virtio devices on microvm's bus by ACPI alone: it is on where there are any. */
function machineOf(options: QemuOptions): string {
  const isPlain = deviceArguments(options).length === 0;
  return isPlain ? MACHINES[options.machine] : MACHINES[options.machine].replace("acpi=off", "acpi=on");
}

/**
 * Under emulation 8 KiB less than was asked for, or live migration loses what the guest writes: up to 9.0 QEMU reads its
 * log of written pages, where the memory is a multiple of 256 KiB, in a fast way that forgets to tell the emulated
 * processor so; later writes to those pages are logged no more. The slow way, for other sizes, does not forget
 * (cpu_physical_memory_sync_dirty_bitmap in include/exec/ram_addr.h). Found by a guest that crashed after its second move.
 */
function memoryKib(memoryBytes: number, accelerator: AcceleratorName): number {
  const less = accelerator === "tcg" ? UNALIGNED_KIB : 0;
  return Math.floor(memoryBytes / MIB) * (MIB / KIB) - less;
}

/** The devices that our init speaks to before it has loaded any module. */
function initArguments({ detached, directory }: QemuOptions): string[] {
  const milestones = detached ? escaped(directory.milestones) : `/proc/self/fd/${DESCRIPTORS.milestones}`;
  const requests = detached
    ? `socket,id=requests,path=${escaped(directory.requests)},server=on,wait=off`
    : `pipe,id=requests,path=/proc/self/fd/${DESCRIPTORS.requests}`;
  return [
    ...["-chardev", `file,id=milestones,path=${milestones}`],
    ...["-device", `isa-debugcon,iobase=${DEBUG_CONSOLE_PORT},chardev=milestones`],
    ...["-chardev", requests],
    ...["-device", "isa-serial,index=1,chardev=requests"],
    ...["-device", `isa-debug-exit,iobase=${DEBUG_EXIT_PORT},iosize=4`],
  ];
}

function kernelArguments({ tscKhz, console }: QemuOptions): string {
  const tsc = tscKhz === undefined ? [] : [`tsc_early_khz=${tscKhz}`];
  return [KERNEL_CONSOLES[console], ...KERNEL_ARGUMENTS, RESET, ...tsc].join(" ");
}

/** A value in one of QEMU's lists: a comma in it is written twice. */
function escaped(value: string): string {
  return value.replaceAll(",", ",,");
}

/** @returns the path of QEMU; undefined where it is not installed */
export function findQemu(): string | undefined {
  return findProgram(QEMU_PROGRAM);
}

const versionSchema = z.string().regex(/version \d/);

/**
 * Reads the version out of what `qemu --version` prints.
 *
 * @returns such as `7.2.22`
 * @throws ZodError when the text has none
 */
export function parseQemuVersion(text: string): string {
  const [, version = ""] = /version (\d[\d.]*)/.exec(versionSchema.parse(text)) ?? [];
  return version;
}
