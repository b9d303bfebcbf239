/**
 * What is known of one system call, and what becomes of it in the other worlds. Numbers are those of x86-64
 * (arch/x86/entry/syscalls/syscall_64.tbl), arguments those of its manual page.
 */
import type { Service } from "../../workload/services.ts";

/** Whether a guest has to be left for it. Its own kernel answers every call; what may need the host is a device. */
export const GUEST_EFFECTS = {
  none: "no exit: the guest's own kernel answers",
  disk: "no exit while the guest's page cache has it; else a request to the disk: a kick (exit) and an interrupt",
  network: "no exit within the guest; a packet that leaves it is a kick (exit), one that comes an interrupt",
  sleep: "no exit while others run; a guest with nothing else to do halts (exit)",
  powerOff: "an exit, and the last one",
} as const;
export type GuestEffect = keyof typeof GUEST_EFFECTS;

/**
 * What gVisor does with it (pkg/sentry/syscalls/linux/linux64.go). The host's kernel sees none of these calls; it sees
 * those that the Sentry makes for itself.
 */
export const GVISOR_EFFECTS = {
  sentry: "the Sentry answers alone",
  files:
    "the Sentry answers; for a file of the host it asks the Gofer, or uses a descriptor of the host that it was given",
  network: "the Sentry's own network stack answers; packets leave through one socket of the host",
  partly: "the Sentry answers, not everything of it is there",
  ignored: "accepted, and nothing is done",
  refused: "refused: EPERM without the capability, else ENOSYS",
} as const;
export type GvisorEffect = keyof typeof GVISOR_EFFECTS;

/**
 * What a program of z/OS asks for instead. `svc`: a supervisor call of MVS. `unix`: a callable service of z/OS UNIX
 * (z/OS UNIX System Services Programming: Assembler Callable Services Reference, SA23-2281). `none`: there is nothing.
 */
export type ZosEquivalent =
  | { readonly kind: "svc"; readonly number: number; readonly macro: string }
  | { readonly kind: "unix"; readonly service: string }
  | { readonly kind: "none"; readonly because: string };

export interface SystemCallRow {
  readonly number: number;
  readonly name: string;
  readonly parameters: string;
  /** The way through the kernel, by its own functions. */
  readonly path: string;
  /** The id of what it costs beyond entering and leaving the kernel; undefined where that is all there is to measure. */
  readonly cost: string | undefined;
  /** The service that programs ask for by it; undefined where none of the workloads does. */
  readonly service: Service | undefined;
  readonly guest: GuestEffect;
  readonly gvisor: GvisorEffect;
  readonly zos: ZosEquivalent;
}

interface RowOptions {
  readonly cost?: string;
  readonly service?: Service;
  readonly guest?: GuestEffect;
  readonly gvisor?: GvisorEffect;
}

/** @returns a row; what is left out is as with most calls. */
export function call(
  number: number,
  name: string,
  parameters: string,
  path: string,
  zos: ZosEquivalent,
  options: RowOptions = {},
): SystemCallRow {
  const { cost, service, guest = "none", gvisor = "sentry" } = options;
  return { number, name, parameters, path, cost, service, guest, gvisor, zos };
}

/** @returns a supervisor call of MVS. */
export function svc(number: number, macro: string): ZosEquivalent {
  return { kind: "svc", number, macro };
}

/** @returns a callable service of z/OS UNIX, by its module's name. */
export function unix(service: string): ZosEquivalent {
  return { kind: "unix", service };
}

/** @returns that z/OS has nothing of the kind, and what it does instead. */
export function none(because: string): ZosEquivalent {
  return { kind: "none", because };
}
