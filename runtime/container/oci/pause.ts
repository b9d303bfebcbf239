/** `pause` and `resume`: the container's groups are frozen, and thawed again. */
import { freeze, thaw } from "../../cgroup/freezer.ts";
import { RingsideError } from "../../error.ts";
import { lockContainer } from "./lock.ts";
import { findEngineContainer } from "./store.ts";

/** @throws RingsideError when it does not run */
export async function pauseEngineContainer(root: string, id: string): Promise<void> {
  const { directory } = findEngineContainer(root, id);
  using _lock = lockContainer(id, directory);
  const { record, status } = findEngineContainer(root, id);
  if (status !== "running" && status !== "created") {
    throw new RingsideError(`cannot pause container "${id}": container not running: it is ${status}`);
  }
  await freeze(record.cgroups);
}

/** @throws RingsideError when it is not paused */
export async function resumeEngineContainer(root: string, id: string): Promise<void> {
  const { directory } = findEngineContainer(root, id);
  using _lock = lockContainer(id, directory);
  const { record, status } = findEngineContainer(root, id);
  if (status !== "paused")
    throw new RingsideError(`cannot resume container "${id}": container not paused: it is ${status}`);
  await thaw(record.cgroups);
}
