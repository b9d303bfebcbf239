/**
 * Capabilities: the slices into which Linux cuts root's power (capabilities(7)). Numbers as in linux/capability.h.
 */
import { RingsideError } from "../error.ts";

/** All that Linux 6.18 knows, by number; the kernel has added none since 5.9. */
export const CAPABILITIES = {
  CAP_CHOWN: 0,
  CAP_DAC_OVERRIDE: 1,
  CAP_DAC_READ_SEARCH: 2,
  CAP_FOWNER: 3,
  CAP_FSETID: 4,
  CAP_KILL: 5,
  CAP_SETGID: 6,
  CAP_SETUID: 7,
  CAP_SETPCAP: 8,
  CAP_LINUX_IMMUTABLE: 9,
  CAP_NET_BIND_SERVICE: 10,
  CAP_NET_BROADCAST: 11,
  CAP_NET_ADMIN: 12,
  CAP_NET_RAW: 13,
  CAP_IPC_LOCK: 14,
  CAP_IPC_OWNER: 15,
  CAP_SYS_MODULE: 16,
  CAP_SYS_RAWIO: 17,
  CAP_SYS_CHROOT: 18,
  CAP_SYS_PTRACE: 19,
  CAP_SYS_PACCT: 20,
  CAP_SYS_ADMIN: 21,
  CAP_SYS_BOOT: 22,
  CAP_SYS_NICE: 23,
  CAP_SYS_RESOURCE: 24,
  CAP_SYS_TIME: 25,
  CAP_SYS_TTY_CONFIG: 26,
  CAP_MKNOD: 27,
  CAP_LEASE: 28,
  CAP_AUDIT_WRITE: 29,
  CAP_AUDIT_CONTROL: 30,
  CAP_SETFCAP: 31,
  CAP_MAC_OVERRIDE: 32,
  CAP_MAC_ADMIN: 33,
  CAP_SYSLOG: 34,
  CAP_WAKE_ALARM: 35,
  CAP_BLOCK_SUSPEND: 36,
  CAP_AUDIT_READ: 37,
  CAP_PERFMON: 38,
  CAP_BPF: 39,
  CAP_CHECKPOINT_RESTORE: 40,
} as const;

export type Capability = keyof typeof CAPABILITIES;

/**
 * What root in a container keeps: Docker's fourteen (moby, daemon/pkg/oci/caps/defaults.go). Enough to install
 * packages and run servers; nothing that reaches the kernel, the clock, other containers or the host's network.
 */
export const DEFAULT_CAPABILITIES = [
  "CAP_AUDIT_WRITE",
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FOWNER",
  "CAP_FSETID",
  "CAP_KILL",
  "CAP_MKNOD",
  "CAP_NET_BIND_SERVICE",
  "CAP_NET_RAW",
  "CAP_SETFCAP",
  "CAP_SETGID",
  "CAP_SETPCAP",
  "CAP_SETUID",
  "CAP_SYS_CHROOT",
] as const satisfies readonly Capability[];

/** Every capability, as one mask. */
export const ALL_CAPABILITIES = capabilityMask(Object.keys(CAPABILITIES).map(parseCapability));

/**
 * Reads one capability's name: `CAP_NET_RAW`, exactly as capabilities(7) writes it.
 *
 * @throws RingsideError for anything else; the fix names the spelling that was probably meant
 */
export function parseCapability(name: string): Capability {
  if (isCapability(name)) {
    return name;
  }
  const meant = `CAP_${name.trim().toUpperCase().replace(/^CAP_/, "")}`;
  throw new RingsideError(`unknown capability ${JSON.stringify(name)}`, {
    fix: isCapability(meant) ? `write ${meant}` : "capabilities(7) lists the names",
  });
}

/**
 * The bit mask that capset(2) and the bounding set work with.
 *
 * @param names names as capabilities(7) writes them; doubles are harmless
 * @throws RingsideError for an unknown name
 */
export function capabilityMask(names: readonly string[]): bigint {
  return names.reduce((mask, name) => mask | (1n << BigInt(CAPABILITIES[parseCapability(name)])), 0n);
}

/** The names in a mask, by number; bits that no name has are left out. */
export function capabilityNames(mask: bigint): Capability[] {
  return Object.keys(CAPABILITIES)
    .filter(isCapability)
    .filter((name) => (mask >> BigInt(CAPABILITIES[name])) & 1n);
}

function isCapability(name: string): name is Capability {
  return Object.hasOwn(CAPABILITIES, name);
}
