/**
 * The file systems inside the container: each made with fsopen(2) in the container's own namespaces, then attached by
 * descriptor below the root.
 */
import type { PlanStep } from "../../native/plan/plan.ts";
import type { OciMount } from "../oci/config.ts";
import { DEFAULT_MOUNTS } from "../oci/defaults.ts";
import { splitOptions } from "./mount-flags.ts";
import type { Slots } from "./slots.ts";

export interface MountPlan {
  readonly steps: PlanStep[];
  /** The slot of the mount at each destination: later steps work below it, by descriptor. */
  readonly slotOf: ReadonlyMap<string, number>;
}

/** A symbolic link at one of these in the image would send the mount elsewhere (CVE-2019-19921 and its successors). */
const NEVER_THROUGH_LINKS = new Set(["proc", "sysfs", "cgroup", "cgroup2"]);

/** Mounts each of `mounts`, in order, below the root in `rootSlot`. */
export function mountSteps(mounts: readonly OciMount[], rootSlot: number, slots: Slots): MountPlan {
  const slotOf = new Map<string, number>();
  const steps = mounts.flatMap((mount): PlanStep[] => {
    const slot = slots.take();
    const type = mount.type ?? "none";
    const { attributes, data } = splitOptions(mount.options ?? []);
    slotOf.set(mount.destination, slot);
    return [
      {
        phase: "child",
        stage: "mounts",
        why: whyMounted(mount),
        op: "newFilesystem",
        slot,
        type,
        options: [`source=${mount.source ?? type}`, ...data],
        attributes,
      },
      {
        phase: "child",
        stage: "mounts",
        why: `Attached at ${mount.destination}, found below the root and nowhere else.`,
        op: "mountAt",
        slot,
        root: rootSlot,
        path: mount.destination,
        isFile: 0,
        noSymlinks: NEVER_THROUGH_LINKS.has(type) ? 1 : 0,
      },
    ];
  });
  return { steps, slotOf };
}

function whyMounted({ destination, type }: OciMount): string {
  const usual = DEFAULT_MOUNTS.find((mount) => mount.destination === destination && mount.type === type);
  return usual?.why ?? "A file system that the configuration asks for.";
}
