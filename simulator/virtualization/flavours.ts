/**
 * Kinds of virtual machines and of what is sold as one, by configuration: what starts them, which kernel answers the
 * program, what a system call is there, and where their figures come from. One row each; a row without published times
 * says so, and what needs them is refused.
 */
import type { DiskVmm } from "./disk-path.ts";

/** How it comes up. */
export type FlavourBoot =
  /** Stages of a row of the boot table. */
  | { readonly kind: "machine"; readonly vmm: string }
  /** A machine with an agent in it that makes a container. */
  | { readonly kind: "machine with a container"; readonly vmm: string }
  /** Published as a whole only. */
  | { readonly kind: "undivided"; readonly cost: string }
  | { readonly kind: "sentry"; readonly platform: SentryPlatform }
  | { readonly kind: "unikernel"; readonly monitor: string; readonly guest: string }
  /** A few bytes of code and nothing else. */
  | { readonly kind: "tiny" }
  /** Nobody published times. */
  | { readonly kind: "no times"; readonly why: string };

/** `systrap`: the host's seccomp stops the program. `kvm`: the program runs in a guest whose kernel is the Sentry. */
export const SENTRY_PLATFORMS = ["systrap", "kvm", "ptrace"] as const;
export type SentryPlatform = (typeof SENTRY_PLATFORMS)[number];

export interface Flavour {
  readonly name: string;
  readonly title: string;
  readonly boot: FlavourBoot;
  /** Who answers the program's system calls. */
  readonly kernel:
    | "its own Linux"
    | "the Sentry, a program of the host"
    | "a library in the program"
    | "its own z/OS"
    | "nobody: there are none";
  /** Whether another operating system than Linux could be in it. */
  readonly anySystem: boolean;
  /** The border that keeps it in. */
  readonly border: "hypervisor" | "system calls" | "hypervisor and system calls";
  readonly disk?: DiskVmm;
}

const LINUX = "its own Linux";
const SENTRY = "the Sentry, a program of the host";
const LIBRARY = "a library in the program";

export const FLAVOURS: readonly Flavour[] = [
  {
    ...machine("qemu-pc", "QEMU pc: SeaBIOS, every device of a PC", { kind: "undivided", cost: "vm.qemu-pc.whole" }),
    disk: "qemu-ide",
  },
  { ...machine("qemu-seabios", "QEMU q35, SeaBIOS", { kind: "machine", vmm: "q35-seabios" }), disk: "qemu" },
  { ...machine("qemu-qboot", "QEMU q35, qboot", { kind: "machine", vmm: "q35-qboot" }), disk: "qemu" },
  { ...machine("microvm", "QEMU microvm, qboot", { kind: "machine", vmm: "microvm-qboot" }), disk: "qemu" },
  {
    ...machine("firecracker", "Firecracker: no firmware", { kind: "machine", vmm: "firecracker" }),
    anySystem: false,
    disk: "firecracker",
  },
  {
    ...machine("cloud-hypervisor", "Cloud Hypervisor: no firmware", { kind: "machine", vmm: "cloud-hypervisor" }),
    disk: "cloud-hypervisor",
  },
  {
    ...machine("kata", "Kata Containers: a machine, an agent, a container in it", {
      kind: "machine with a container",
      vmm: "cloud-hypervisor",
    }),
    anySystem: false,
    disk: "cloud-hypervisor",
  },
  sentry("gvisor-systrap", "gVisor, stopped by seccomp", "systrap", "system calls"),
  sentry("gvisor-kvm", "gVisor on KVM", "kvm", "hypervisor and system calls"),
  unikernel("unikernel-qemu", "Unikraft on QEMU", "qemu"),
  unikernel("unikernel-microvm", "Unikraft on QEMU microvm", "microvm"),
  unikernel("unikernel-firecracker", "Unikraft on Firecracker", "firecracker"),
  unikernel("unikernel-solo5", "Unikraft on Solo5", "solo5"),
  {
    name: "tiny",
    title: "Tiny: 16-bit code on KVM, no firmware, no kernel",
    boot: { kind: "tiny" },
    kernel: "nobody: there are none",
    anySystem: false,
    border: "hypervisor",
  },
  {
    name: "lpar",
    title: "Logical partition: PR/SM runs z/OS by SIE",
    boot: { kind: "no times", why: "no times of an activation or an IPL are public; the lane of z/OS shows its steps" },
    kernel: "its own z/OS",
    anySystem: true,
    border: "hypervisor",
  },
];

function machine(name: string, title: string, boot: FlavourBoot): Flavour {
  return { name, title, boot, kernel: LINUX, anySystem: true, border: "hypervisor" };
}

function sentry(name: string, title: string, platform: SentryPlatform, border: Flavour["border"]): Flavour {
  return { name, title, boot: { kind: "sentry", platform }, kernel: SENTRY, anySystem: false, border };
}

function unikernel(name: string, title: string, on: string): Flavour {
  const boot = { kind: "unikernel", monitor: `unikernel.${on}.monitor`, guest: `unikernel.${on}.guest` } as const;
  return { name, title, boot, kernel: LIBRARY, anySystem: false, border: "hypervisor" };
}

export const FLAVOUR_NAMES: readonly string[] = FLAVOURS.map(({ name }) => name);

/** @throws RangeError where there is none of that name: names come from FLAVOUR_NAMES */
export function flavourOf(name: string): Flavour {
  const found = FLAVOURS.find((flavour) => flavour.name === name);
  if (found === undefined) throw new RangeError(`there is no flavour ${name}`);
  return found;
}
