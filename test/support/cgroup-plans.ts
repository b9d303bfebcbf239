/** Plans of control groups on made-up trees, and what stands in them. */
import type { PlanStep } from "../../native/plan/plan.ts";
import { type CgroupLayout, detectCgroups } from "../../runtime/cgroup/layout.ts";
import type { Limits } from "../../runtime/cgroup/limits.ts";
import { cgroupSteps } from "../../runtime/cgroup/steps.ts";
import type { OciResources } from "../../runtime/oci/config.ts";
import { Slots } from "../../runtime/plan/slots.ts";
import { type FakeMount, fakeCgroups } from "./cgroup-tree.ts";
import { temporaryDirectory } from "./temporary.ts";

/** What is detected on a made-up machine. */
export function layoutOf(
  mounts: readonly FakeMount[],
  files: Readonly<Record<string, string>>,
): CgroupLayout & { root: string } {
  const { root, mountInfo } = fakeCgroups(temporaryDirectory(), mounts, files);
  return { ...detectCgroups(root, mountInfo), root };
}

/** The options of `run` as a configuration has them. */
export function resourcesOf({ memoryBytes, cpus, pidsLimit }: Limits): OciResources {
  return {
    ...(memoryBytes !== undefined && { memory: { limit: memoryBytes } }),
    ...(cpus !== undefined && { cpu: { quota: Math.round(cpus * 100_000), period: 100_000 } }),
    ...(pidsLimit !== undefined && { pids: { limit: pidsLimit } }),
  };
}

/** The plan of a container of Ringside's own. */
export function planOf(layout: CgroupLayout, limits: Limits, name = "one") {
  return cgroupSteps(layout, { name, resources: resourcesOf(limits) }, new Slots(3));
}

/** The plan of an engine's container at a path. */
export function planAt(layout: CgroupLayout, path: string, resources: OciResources = {}) {
  return cgroupSteps(layout, { path, resources }, new Slots(3));
}

/** What is written where, paths below the root; of several writes to one file the last. */
export function writes(steps: readonly PlanStep[], root: string): Record<string, string> {
  return Object.fromEntries(writeList(steps, root));
}

/** All writes in their order, as pairs of path and value. */
export function writeList(steps: readonly PlanStep[], root: string): [string, string][] {
  return steps.flatMap((step): [string, string][] =>
    step.op === "writeFile" ? [[step.path.slice(root.length + 1), step.value]] : [],
  );
}

/** The paths of all steps of one operation, below the root. */
export function paths(steps: readonly PlanStep[], op: PlanStep["op"], root: string): string[] {
  return steps.flatMap((step) => (step.op === op && "path" in step ? [step.path.slice(root.length + 1)] : []));
}
