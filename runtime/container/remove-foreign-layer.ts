/**
 * What an ordinary user's container has written may belong to other users of it, and overlayfs leaves a directory that
 * nobody may look into: it is removed by root of a user namespace with the same users. user_namespaces(7).
 */
import { closeSync, existsSync, openSync } from "node:fs";
import { Launcher } from "../../native/kernel.ts";
import { NO_SLOT } from "../../native/plan/operations.ts";
import type { Plan } from "../../native/plan/plan.ts";
import { RingsideError } from "../error.ts";
import { closeDescriptorsStep } from "../plan/descriptors.ts";
import { executeStep } from "../plan/execute.ts";
import { namespaceFlags } from "../plan/namespaces.ts";
import { becomeRootStep, idMapSteps } from "../plan/user-namespace.ts";
import { ownPrivilege } from "./privilege.ts";
import { containerUsers } from "./users.ts";

function removalPlan(directory: string): Plan {
  const { uidMappings, gidMappings } = containerUsers();
  const maps = { uidMappings: [...uidMappings], gidMappings: [...gidMappings] };
  return [
    {
      phase: "host",
      stage: "clone",
      why: "A process that is root of nothing but the container's users.",
      op: "clone",
      flags: namespaceFlags(["user"]),
      cgroup: NO_SLOT,
    },
    ...idMapSteps(maps),
    becomeRootStep(maps),
    closeDescriptorsStep(),
    executeStep(["/bin/rm", "-rf", "--", directory], ["PATH=/usr/bin:/bin"]),
  ];
}

/**
 * Removes a layer that an ordinary user's container has written; does nothing for root, who may remove any.
 * @throws RingsideError when it is still there afterwards
 */
export async function removeForeignLayer(directory: string): Promise<void> {
  if (!existsSync(directory) || ownPrivilege() !== "user") return;
  const nothing = openSync("/dev/null", "r+");
  try {
    await using launcher = await Launcher.open();
    const started = await launcher.start(removalPlan(directory), [nothing, nothing, nothing]);
    await started.exited;
  } finally {
    closeSync(nothing);
  }
  if (!existsSync(directory)) return;
  throw new RingsideError(`cannot remove ${directory}: some of it belongs to nobody that you may be`, {
    fix: `rm -r ${directory}, as root`,
  });
}
