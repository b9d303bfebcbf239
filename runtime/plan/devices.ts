/** The nodes and links of the container's own /dev. mknod(2); runtime-spec, config-linux.md, Default Devices. */
import type { PlanStep } from "../../native/plan/plan.ts";
import { DEFAULT_DEVICES, DEFAULT_LINKS } from "../oci/defaults.ts";

const S_IFCHR = 0o020000;
const BELOW_DEV = "/dev/".length;

/** @param devSlot the mount at /dev: nodes are made below its descriptor, so /dev itself cannot be swapped */
export function deviceSteps(devSlot: number): PlanStep[] {
  return [
    ...DEFAULT_DEVICES.map(
      ({ path, major, minor, mode, why }): PlanStep => ({
        phase: "child",
        stage: "devices",
        why,
        op: "makeNode",
        root: devSlot,
        path: path.slice(BELOW_DEV),
        mode: S_IFCHR | mode,
        major,
        minor,
      }),
    ),
    ...DEFAULT_LINKS.map(
      ({ path, target, why }): PlanStep => ({
        phase: "child",
        stage: "devices",
        why,
        op: "makeSymlink",
        root: devSlot,
        path: path.slice(BELOW_DEV),
        target,
      }),
    ),
  ];
}
