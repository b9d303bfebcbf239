/** Users of the container's own: which of its numbers stands for which of ours. user_namespaces(7). */
import { existsSync } from "node:fs";
import type { PlanStep } from "../../native/plan/plan.ts";
import { RingsideError } from "../error.ts";
import type { OciIdMapping, OciLinux } from "../oci/config.ts";

/** As /proc/PID/uid_map takes it. */
export function idMapText(mappings: readonly OciIdMapping[]): string {
  return mappings.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`).join("");
}

/** Who maps, and with what: root itself, an ordinary user its own ids, or helpers for further ones. */
export interface Mapper {
  /** Our own ids here; user 0 may map what it likes. */
  readonly uid: number;
  readonly gid: number;
  /** Finds newuidmap(1) or newgidmap(1); undefined where it is not installed. */
  readonly find: (program: string) => string | undefined;
}

const WORDS = { phase: "host", stage: "clone" } as const;
const HELPER_PLACES = ["/usr/bin", "/usr/local/bin", "/bin"];

/** This process's own. */
export function ownMapper(): Mapper {
  return {
    uid: process.geteuid?.() ?? 0,
    gid: process.getegid?.() ?? 0,
    find: (program) => HELPER_PLACES.map((place) => `${place}/${program}`).find(existsSync),
  };
}

/**
 * The maps of the user namespace that the child has just begun; the child waits for them.
 * @throws RingsideError when there is nothing to map, or nobody who could
 */
export function idMapSteps({ uidMappings = [], gidMappings = [] }: OciLinux, mapper = ownMapper()): PlanStep[] {
  if (uidMappings.length === 0 || gidMappings.length === 0) {
    throw new RingsideError("cannot make a user namespace: it has no uidMappings or no gidMappings", {
      fix: "give linux.uidMappings and linux.gidMappings, or leave the user namespace out",
    });
  }
  const isRoot = mapper.uid === 0;
  if (!isRoot && !(isOwn(uidMappings, mapper.uid) && isOwn(gidMappings, mapper.gid))) {
    return [helperStep("newgidmap", gidMappings, mapper), helperStep("newuidmap", uidMappings, mapper)];
  }
  return [
    {
      ...WORDS,
      why: "Which of its users stand for which of ours: its root is nobody special outside.",
      op: "writeIdMaps",
      uidMap: idMapText(uidMappings),
      gidMap: idMapText(gidMappings),
      // An ordinary user may map its group only once nobody in there can leave groups (user_namespaces(7)).
      denySetgroups: isRoot ? 0 : 1,
    },
  ];
}

function isOwn(mappings: readonly OciIdMapping[], id: number): boolean {
  const [only, ...more] = mappings;
  return only !== undefined && more.length === 0 && only.size === 1 && only.hostID === id;
}

function helperStep(name: string, mappings: readonly OciIdMapping[], { find }: Mapper): PlanStep {
  const program = find(name);
  if (program === undefined) {
    throw new RingsideError(`cannot map further ids than your own: ${name} is not installed`, {
      fix: "apt-get install uidmap, or map only your own id",
    });
  }
  return {
    ...WORDS,
    why: "A helper with the right to it writes which of its numbers stand for which that are set aside for us.",
    op: "runIdMapper",
    program,
    map: mappings.flatMap(({ containerID, hostID, size }) => [containerID, hostID, size]).map(String),
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
