/** `update`: other limits for a container that there is already. */

import { Launcher } from "../../../native/kernel.ts";
import { detectCgroups } from "../../cgroup/layout.ts";
import { scopeOf, updateScope } from "../../cgroup/systemd.ts";
import { updateResources } from "../../cgroup/update.ts";
import { RingsideError } from "../../error.ts";
import type { OciResources } from "../../oci/config.ts";
import { lockContainer } from "./lock.ts";
import { findEngineContainer } from "./store.ts";

/**
 * Writes limits into a container's groups; what is not named stays as it is.
 * @throws RingsideError when it has stopped, or when a limit cannot be enforced
 */
export async function updateEngineContainer(root: string, id: string, resources: OciResources): Promise<void> {
  const { directory } = findEngineContainer(root, id);
  using _lock = lockContainer(id, directory);
  const { record, status } = findEngineContainer(root, id);
  if (status === "stopped" || status === "creating") {
    throw new RingsideError(`cannot update container "${id}": container not running: it is ${status}`);
  }
  const layout = detectCgroups();
  await updateResources(layout, record.cgroups, resources);
  const unit = record.systemd ? scopeOf(record.cgroups) : undefined;
  if (unit === undefined) return;
  await using launcher = await Launcher.open();
  await updateScope(launcher, layout, unit, resources);
}
