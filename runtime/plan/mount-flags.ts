/** Mount flags by name, as mount_setattr(2) and fsmount(2) take them. */
import type { MountFlag } from "../oci/defaults.ts";

export const MOUNT_ATTRIBUTES: Readonly<Record<MountFlag, number>> = {
  ro: 0x01,
  nosuid: 0x02,
  nodev: 0x04,
  noexec: 0x08,
  strictatime: 0x20,
};

/** Flags become bits, the rest is for the file system itself. */
export function splitOptions(options: readonly string[]): { readonly attributes: number; readonly data: string[] } {
  let attributes = 0;
  const data: string[] = [];
  for (const option of options) {
    if (isFlag(option)) attributes |= MOUNT_ATTRIBUTES[option];
    else data.push(option);
  }
  return { attributes, data };
}

function isFlag(option: string): option is MountFlag {
  return Object.hasOwn(MOUNT_ATTRIBUTES, option);
}
