/**
 * Bind mounts: a part of the host that is shown inside. It is cloned as a detached tree while the host's files can be
 * named (open_tree(2)), and attached by descriptor. runtime-spec, config.md, Mounts.
 */
import { isAbsolute, join } from "node:path";
import { NO_SLOT } from "../../native/plan/operations.ts";
import type { PlanStep } from "../../native/plan/plan.ts";
import type { OciMount } from "../oci/config.ts";
import { changeSteps } from "./mount-changes.ts";
import { MOUNT_TARGET, type MountContext, NEVER_THROUGH_LINKS, type OneMount, refuse } from "./mount-context.ts";
import type { UserNamespaces } from "./mount-id-maps.ts";
import { basePropagation, type ParsedMountOptions } from "./mount-options.ts";

/** @throws RingsideError for options that only a file system of its own could have */
export function bindMount(
  mount: OciMount,
  options: ParsedMountOptions,
  context: MountContext,
  users: UserNamespaces,
): OneMount {
  if (mount.source === undefined || mount.source === "")
    refuse(mount, "a bind mount needs a source", "say in source what to show there");
  const [wrong] = [...options.unusual, ...options.data];
  if (wrong !== undefined)
    refuse(
      mount,
      `${JSON.stringify(wrong)} is a matter of the file system, which is mounted already`,
      "leave the option out, or set it where the file system is mounted first",
    );
  const slot = context.slots.take();
  const { preparing, rootSlot, bundle, linux } = context;
  const recursive = options.bind === "rbind" || mount.type === "rbind" ? 1 : 0;
  const base = basePropagation(linux);
  const words = { phase: preparing, stage: "mounts" } as const;
  const clone: PlanStep = {
    ...words,
    why: "A part of the host that is to be shown inside, held by descriptor from now on.",
    op: "cloneTree",
    slot,
    path: isAbsolute(mount.source) ? mount.source : join(bundle, mount.source),
    recursive,
  };
  const tree: PlanStep[] =
    base === 0 && options.tree.set === 0 && options.tree.clear === 0
      ? []
      : [
          {
            ...words,
            why: "What is mounted inside is not seen on the host.",
            op: "changeMount",
            slot,
            ...options.tree,
            propagation: base,
            recursive: 1,
            userNamespace: NO_SLOT,
          },
        ];
  const repeats = options.propagation.length === 1 && options.propagation[0]?.flag === base;
  return {
    slot,
    bound: true,
    prepare: [
      clone,
      ...users.mapSteps(mount, options.idmap, slot),
      ...tree,
      ...changeSteps(options.top, repeats ? [] : options.propagation, slot, preparing),
    ],
    steps: [
      {
        phase: "child",
        stage: "mounts",
        why: `Shown at ${mount.destination}, found below the root and nowhere else.`,
        op: "mountAt",
        slot,
        root: rootSlot,
        path: mount.destination,
        isFile: MOUNT_TARGET.likeSource,
        noSymlinks: NEVER_THROUGH_LINKS.has(hostFileSystem(mount)) ? 1 : 0,
      },
    ],
  };
}

/** A bound /proc or /sys must not land elsewhere either. */
function hostFileSystem({ destination }: OciMount): string {
  return destination === "/proc" ? "proc" : destination === "/sys" ? "sysfs" : "";
}
