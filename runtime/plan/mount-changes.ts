/** Changes of mounts: their attributes, their propagation, their file systems. mount_setattr(2), fspick(2). */
import { NO_SLOT } from "../../native/plan/operations.ts";
import type { PlanStep } from "../../native/plan/plan.ts";
import type { OciMount } from "../oci/config.ts";
import { type MountContext, refuse } from "./mount-context.ts";
import type { ParsedMountOptions } from "./mount-options.ts";

/** Changes of one mount, then its propagation, each flag a call of its own since the kernel takes one at a time. */
export function changeSteps(
  change: { readonly set: number; readonly clear: number },
  propagation: ParsedMountOptions["propagation"],
  slot: number,
  phase: "host" | "child",
): PlanStep[] {
  const words = { phase, stage: "mounts", op: "changeMount", slot, userNamespace: NO_SLOT } as const;
  const attributes: PlanStep[] =
    change.set === 0 && change.clear === 0
      ? []
      : [{ ...words, why: "What may be done there.", ...change, propagation: 0, recursive: 0 }];
  return [
    ...attributes,
    ...propagation.map(({ flag, recursive }): PlanStep => {
      const why = "Whether mounts made there are seen elsewhere too (mount_namespaces(7)).";
      return { ...words, why, set: 0, clear: 0, propagation: flag, recursive: recursive ? 1 : 0 };
    }),
  ];
}

/**
 * A mount with the option remount.
 * @param isOwn the file system there is the container's alone: only then may it be changed as a whole
 * @throws RingsideError for what a change cannot do
 */
export function remountStep(
  mount: OciMount,
  options: ParsedMountOptions,
  { rootSlot }: MountContext,
  isOwn: boolean,
): PlanStep {
  const isWhole = isOwn && options.bind === undefined;
  const [lost] = isWhole ? [] : [...options.unusual, ...options.data];
  const [first, another] = options.propagation;
  if (lost !== undefined)
    refuse(
      mount,
      `${JSON.stringify(lost)} would change a file system that others use too`,
      "leave it out, or mount a file system of the container's own there",
    );
  if (another !== undefined)
    refuse(mount, "a change can set only one kind of propagation", "give each an entry of its own");
  return {
    phase: "child",
    stage: "mounts",
    why: `What is mounted at ${mount.destination} is changed: what the options do not name stays as it is.`,
    op: "remountIn",
    root: rootSlot,
    path: mount.destination,
    set: options.top.set,
    clear: options.top.clear,
    recursiveSet: options.tree.set,
    recursiveClear: options.tree.clear,
    propagation: first?.flag ?? 0,
    // Read-only is a mount's own too: where the file system is shared, that has to do.
    options: isWhole ? [...options.superblock, ...options.data] : [],
  };
}
