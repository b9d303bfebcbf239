/** Paths that the inside may not see or not write. mount_setattr(2), open_tree(2). */
import type { PlanStep } from "../../native/plan/plan.ts";
import type { OciLinux } from "../oci/config.ts";
import {
  DEFAULT_MASKED_PATHS,
  DEFAULT_READONLY_PATHS,
  type GuardedPath,
  WHY_THROTTLING_HIDDEN,
} from "../oci/defaults.ts";
import { MOUNT_ATTRIBUTES } from "./mount-flags.ts";
import type { Slots } from "./slots.ts";

const O_PATH_NOFOLLOW = 0o10000000 | 0o400000;

/** What covers a masked path: made once, shown many times, since each superblock costs time to make and to remove. */
export function coverSteps(mountPoint: string, slots: Slots): { readonly steps: PlanStep[]; readonly slot: number } {
  const slot = slots.take();
  return {
    slot,
    steps: [
      {
        phase: "child",
        stage: "security",
        why: "One empty, read-only directory that will cover every hidden one.",
        op: "newFilesystem",
        slot,
        type: "tmpfs",
        options: ["source=masked", "nr_blocks=1", "nr_inodes=1", "mode=000"],
        attributes: MOUNT_ATTRIBUTES.ro | MOUNT_ATTRIBUTES.nosuid | MOUNT_ATTRIBUTES.nodev | MOUNT_ATTRIBUTES.noexec,
      },
      {
        phase: "child",
        stage: "security",
        why: "It must be somewhere before it can be shown elsewhere too; the root will cover it here.",
        op: "attachRoot",
        slot,
        path: mountPoint,
      },
    ],
  };
}

/**
 * @param rootSlot the root's mount
 * @param devSlot the mount at /dev, whose null covers hidden files: our own node, not one that an image brought
 * @param coverSlot what coverSteps made
 */
export function guardSteps(
  { maskedPaths = [], readonlyPaths = [] }: Pick<OciLinux, "maskedPaths" | "readonlyPaths">,
  rootSlot: number,
  devSlot: number,
  coverSlot: number,
  slots: Slots,
): PlanStep[] {
  const nullDevice = slots.take();
  return [
    {
      phase: "child",
      stage: "security",
      why: "The null device, held by descriptor, covers hidden files.",
      op: "openIn",
      slot: nullDevice,
      root: devSlot,
      path: "null",
      flags: O_PATH_NOFOLLOW,
    },
    ...maskedPaths.map(
      (path): PlanStep => ({
        phase: "child",
        stage: "security",
        why: `Hidden: ${whyGuarded(path, DEFAULT_MASKED_PATHS)}`,
        op: "maskPath",
        root: rootSlot,
        path,
        nullDevice,
        emptyDirectory: coverSlot,
      }),
    ),
    ...readonlyPaths.map(
      (path): PlanStep => ({
        phase: "child",
        stage: "security",
        why: `Read-only: ${whyGuarded(path, DEFAULT_READONLY_PATHS)}`,
        op: "readonlyPath",
        root: rootSlot,
        path,
      }),
    ),
  ];
}

function whyGuarded(path: string, known: readonly GuardedPath[]): string {
  const why = known.find((one) => one.path === path)?.why;
  if (why !== undefined) return why;
  return path.endsWith("/thermal_throttle") ? WHY_THROTTLING_HIDDEN : "as the configuration asks.";
}
