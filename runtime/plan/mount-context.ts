/** What the mounts of a container have in common: where they go, and when what can be named. */
import { posix } from "node:path";
import type { PlanStep } from "../../native/plan/plan.ts";
import { RingsideError } from "../error.ts";
import type { OciLinux, OciMount } from "../oci/config.ts";
import type { Slots } from "./slots.ts";

/** What a mount's target has to be, as native/launcher/mounts.cc reads it. */
export const MOUNT_TARGET = { directory: 0, file: 1, likeSource: 2 } as const;

export interface MountContext {
  readonly rootSlot: number;
  readonly slots: Slots;
  /** What relative sources are relative to. */
  readonly bundle: string;
  /** The phase in which the host's files can be named. */
  readonly preparing: "host" | "child";
  readonly linux: OciLinux;
  /** Whether the kernel has SELinux: asked only when there is a linux.mountLabel. */
  readonly selinux: () => boolean;
  /** The steps of a mount of control groups. */
  readonly cgroup: (mount: OciMount) => PlanStep[];
}

/** The steps of one mount. */
export interface OneMount {
  readonly prepare: readonly PlanStep[];
  readonly steps: readonly PlanStep[];
  readonly slot?: number;
  /** It shows something of the host. */
  readonly bound?: boolean;
  /** When all that belongs below it is there. */
  readonly finish?: readonly PlanStep[];
}

/** A symbolic link at one of these in the image would send the mount elsewhere (CVE-2019-19921 and its successors). */
export const NEVER_THROUGH_LINKS = new Set(["proc", "sysfs", "cgroup", "cgroup2"]);

/** @throws RingsideError naming the destination */
export function refuse(mount: OciMount, why: string, fix: string): never {
  throw new RingsideError(`cannot mount at ${mount.destination}: ${why}`, { fix });
}

/** A destination as an absolute path, without `.`, `..`, empty parts and a slash at its end. */
export function cleanPath(destination: string): string {
  return posix.join("/", destination, ".").replace(/(?<=.)\/$/, "");
}
