/**
 * The architectures whose calls a kernel serves, each with its own numbers. A 64-bit x86 kernel also takes calls of
 * 32-bit programs and of x32; a filter that overlooked one of them could be walked around.
 */
import { AARCH64 } from "./tables/aarch64.ts";
import { ARM, ARM_PRIVATE } from "./tables/arm.ts";
import { X86 } from "./tables/x86.ts";
import { X32, X32_BIT, X86_64 } from "./tables/x86-64.ts";

export interface Architecture {
  /** As the OCI specification names it. */
  readonly name: string;
  /** AUDIT_ARCH_* of linux/audit.h: what the kernel tells the filter. x32 shares x86-64's. */
  readonly audit: number;
  readonly numbers: ReadonlyMap<string, number>;
  /** Whether arguments have 64 bits. x32 counts as 32, as in libseccomp. */
  readonly wide: boolean;
  /** Its numbers are at or above this. */
  readonly base: number;
  /** Numbers from here on are no measure for how new a profile is. */
  readonly privateFrom: number;
}

const NOTHING_PRIVATE = 0xffff_ffff;
const X86_64_AUDIT = 0xc000_003e;

export const ARCHITECTURES = {
  x86_64: {
    name: "SCMP_ARCH_X86_64",
    audit: X86_64_AUDIT,
    numbers: X86_64,
    wide: true,
    base: 0,
    privateFrom: NOTHING_PRIVATE,
  },
  x32: {
    name: "SCMP_ARCH_X32",
    audit: X86_64_AUDIT,
    numbers: X32,
    wide: false,
    base: X32_BIT,
    privateFrom: NOTHING_PRIVATE,
  },
  x86: {
    name: "SCMP_ARCH_X86",
    audit: 0x4000_0003,
    numbers: X86,
    wide: false,
    base: 0,
    privateFrom: NOTHING_PRIVATE,
  },
  aarch64: {
    name: "SCMP_ARCH_AARCH64",
    audit: 0xc000_00b7,
    numbers: AARCH64,
    wide: true,
    base: 0,
    privateFrom: NOTHING_PRIVATE,
  },
  arm: {
    name: "SCMP_ARCH_ARM",
    audit: 0x4000_0028,
    numbers: ARM,
    wide: false,
    base: 0,
    privateFrom: ARM_PRIVATE,
  },
} as const satisfies Record<string, Architecture>;

/** What a machine's kernel serves: its own architecture first. Keys are Node's `process.arch`. */
export const SERVED = {
  x64: [ARCHITECTURES.x86_64, ARCHITECTURES.x86, ARCHITECTURES.x32],
  arm64: [ARCHITECTURES.aarch64, ARCHITECTURES.arm],
} as const satisfies Record<string, readonly Architecture[]>;

export type MachineArchitecture = keyof typeof SERVED;

/** Whether filters can be compiled for a machine. */
export function isMachineArchitecture(name: string): name is MachineArchitecture {
  return Object.hasOwn(SERVED, name);
}
