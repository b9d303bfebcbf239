/** Users of the container's own: which of its numbers stands for which of ours. user_namespaces(7). */
import type { PlanStep } from "../../native/plan/plan.ts";
import { RingsideError } from "../error.ts";
import type { OciIdMapping, OciLinux } from "../oci/config.ts";

/** As /proc/PID/uid_map takes it. */
export function idMapText(mappings: readonly OciIdMapping[]): string {
  return mappings.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`).join("");
}

/**
 * The launcher writes the maps of the user namespace that the child has just begun; the child waits for it.
 * @param isRoot an ordinary user may map groups only once setgroups(2) is denied
 * @throws RingsideError when there is nothing to map
 */
export function idMapStep({ uidMappings = [], gidMappings = [] }: OciLinux, isRoot: boolean): PlanStep {
  if (uidMappings.length === 0 || gidMappings.length === 0) {
    throw new RingsideError("cannot make a user namespace: it has no uidMappings or no gidMappings", {
      fix: "give linux.uidMappings and linux.gidMappings, or leave the user namespace out",
    });
  }
  return {
    phase: "host",
    stage: "clone",
    why: "Which of its users stand for which of ours: its root is nobody special outside.",
    op: "writeIdMaps",
    uidMap: idMapText(uidMappings),
    gidMap: idMapText(gidMappings),
    denySetgroups: isRoot ? 0 : 1,
  };
}

/** Root where root is mapped, else the first user that is. */
function firstId(mappings: readonly OciIdMapping[] = []): number {
  const hasRoot = mappings.some(({ containerID }) => containerID === 0);
  return hasRoot ? 0 : (mappings[0]?.containerID ?? 0);
}

/** @param linux the maps; none for a user namespace that was there already */
export function becomeRootStep({ uidMappings, gidMappings }: OciLinux): PlanStep {
  return {
    phase: "child",
    stage: "clone",
    why: "Its new root: all that is made from now on belongs to it, and not to nobody.",
    op: "becomeRoot",
    uid: firstId(uidMappings),
    gid: firstId(gidMappings),
  };
}
