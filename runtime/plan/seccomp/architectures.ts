/**
 * The architectures whose calls a kernel serves, each with its own numbers. A 64-bit x86 kernel also takes calls of
 * 32-bit programs and of x32; a filter that overlooked one of them could be walked around.
 */
import { aarch64Calls } from "./tables/aarch64.ts";
import { ARM_PRIVATE, armCalls } from "./tables/arm.ts";
import { type Multiplexed, x86Calls, x86Multiplexed } from "./tables/x86.ts";
import { X32_BIT, x32Calls, x86_64Calls } from "./tables/x86-64.ts";

export interface Architecture {
  /** As the OCI specification names it. */
  readonly name: string;
  /** AUDIT_ARCH_* of linux/audit.h: what the kernel tells the filter. x32 shares x86-64's. */
  readonly audit: number;
  /** Its calls by name, read from its table on demand. */
  readonly numbers: () => ReadonlyMap<string, number>;
  /** Calls that are made through another one, beside or instead of a number of their own. */
  readonly multiplexed?: () => ReadonlyMap<string, Multiplexed>;
  /** Whether arguments have 64 bits. x32 counts as 32, as in libseccomp. */
  readonly wide: boolean;
  /** Its numbers are at or above this. */
  readonly base: number;
  /** Numbers from here on are no measure for how new a profile is. */
  readonly privateFrom: number;
}

const NOTHING_PRIVATE = 0xffff_ffff;
const X86_64_AUDIT = 0xc000_003e;

const x86_64: Architecture = {
  name: "SCMP_ARCH_X86_64",
  audit: X86_64_AUDIT,
  numbers: x86_64Calls,
  wide: true,
  base: 0,
  privateFrom: NOTHING_PRIVATE,
};

const x86: Architecture = {
  name: "SCMP_ARCH_X86",
  audit: 0x4000_0003,
  numbers: x86Calls,
  multiplexed: x86Multiplexed,
  wide: false,
  base: 0,
  privateFrom: NOTHING_PRIVATE,
};

const x32: Architecture = {
  name: "SCMP_ARCH_X32",
  audit: X86_64_AUDIT,
  numbers: x32Calls,
  wide: false,
  base: X32_BIT,
  privateFrom: NOTHING_PRIVATE,
};

const aarch64: Architecture = {
  name: "SCMP_ARCH_AARCH64",
  audit: 0xc000_00b7,
  numbers: aarch64Calls,
  wide: true,
  base: 0,
  privateFrom: NOTHING_PRIVATE,
};

const arm: Architecture = {
  name: "SCMP_ARCH_ARM",
  audit: 0x4000_0028,
  numbers: armCalls,
  wide: false,
  base: 0,
  privateFrom: ARM_PRIVATE,
};

/** Node's `process.arch`, for the machines whose calls are known here. */
export type MachineArchitecture = "x64" | "arm64";

/** What a machine's kernel serves: its own architecture first. */
export const SERVED: Readonly<Record<MachineArchitecture, readonly [Architecture, ...Architecture[]]>> = {
  x64: [x86_64, x86, x32],
  arm64: [aarch64, arm],
};

/** Whether filters can be compiled for a machine. */
export function isMachineArchitecture(name: string): name is MachineArchitecture {
  return Object.hasOwn(SERVED, name);
}
