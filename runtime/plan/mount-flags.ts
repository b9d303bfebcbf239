/** Mount flags by name, as mount_setattr(2) and fsmount(2) take them. */
import type { MountFlag } from "../oci/defaults.ts";

export const MOUNT_ATTRIBUTES: Readonly<Record<MountFlag, number>> = {
  ro: 0x01,
  nosuid: 0x02,
  nodev: 0x04,
  noexec: 0x08,
  strictatime: 0x20,
};

/** The bits of several flags together. */
export function mountAttributes(flags: readonly MountFlag[]): number {
  return flags.reduce((bits, flag) => bits | MOUNT_ATTRIBUTES[flag], 0);
}
