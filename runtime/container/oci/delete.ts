/**
 * `delete`: everything that `create` made is undone (runtime.md, "Delete"). It works on what is half done too: a create
 * that was killed has written down what it was about to make.
 */
import { constants } from "node:os";
import { Launcher, processEnd, signalProcess } from "../../../native/kernel.ts";
import { thaw } from "../../cgroup/freezer.ts";
import { killAll } from "../../cgroup/processes.ts";
import { removeCgroups } from "../../cgroup/remove.ts";
import { RingsideError } from "../../error.ts";
import type { OciConfig } from "../../oci/config.ts";
import { isAlive } from "../process-identity.ts";
import { readConfig } from "./bundle.ts";
import { runPoststopHooks } from "./hooks.ts";
import { checkId } from "./id.ts";
import { lockContainer } from "./lock.ts";
import { type EngineRecord, readEngineRecord, savedConfigPath, stateDirectory } from "./record.ts";
import { engineStatus, stateOf } from "./status.ts";
import { doesNotExist, isReserved, removeState } from "./store.ts";

const { SIGKILL } = constants.signals;

/** As long as the kernel takes, and a network file system that answers late. */
const PATIENCE_MS = 20_000;

/** Waits for the end of a process that has been killed. @throws RingsideError when it does not come */
async function waitForEnd(pid: number, same: () => boolean): Promise<void> {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  await processEnd(pid, same, patience);
  if (!patience.aborted || !same()) return;
  throw new RingsideError(`cannot end process ${pid} of the container: it has been killed and does not go`, {
    fix: `see what it waits for: cat /proc/${pid}/stack; where somebody has frozen it: cat /proc/${pid}/cgroup`,
  });
}

/** Ends every process of the container and waits until its first one has gone. */
async function endProcesses({ init, cgroups }: EngineRecord): Promise<void> {
  if (init !== undefined) {
    const same = () => isAlive(init.pid, init.startTicks);
    signalProcess(init.pid, SIGKILL, same);
    // A frozen process dies when it is thawed.
    await thaw(cgroups);
    if (same()) await waitForEnd(init.pid, same);
  }
  await killAll(cgroups, SIGKILL);
}

/**
 * Takes away all that there is of a container: its processes, its control groups, its state; then its poststop hooks.
 * @param launcher what runs the hooks, if there are any; opened if not given
 * @returns what went wrong with hooks: they do not keep a container from being deleted
 */
export async function destroyContainer(
  directory: string,
  record: EngineRecord,
  { config, launcher }: { readonly config?: OciConfig; readonly launcher?: Launcher } = {},
): Promise<string[]> {
  await endProcesses(record);
  await removeCgroups(record.cgroups, record.cgroupParents);
  const problems = record.hooks ? await poststop(directory, record, config, launcher) : [];
  removeState(directory);
  return problems;
}

async function poststop(
  directory: string,
  record: EngineRecord,
  given: OciConfig | undefined,
  launcher: Launcher | undefined,
): Promise<string[]> {
  const config = given ?? readConfig(savedConfigPath(directory)).config;
  if (config.hooks?.poststop === undefined) return [];
  const state = stateOf(record, "stopped");
  if (launcher !== undefined) return await runPoststopHooks(config, { launcher, directory, state });
  await using own = await Launcher.open();
  const problems = await runPoststopHooks(config, { launcher: own, directory, state });
  // What a hook has left in the background is its own affair.
  await own.release();
  return problems;
}

export interface DeleteOptions {
  /** Ends it first, and is content when there is nothing to delete. */
  readonly force: boolean;
}

/**
 * Deletes a container that has stopped.
 * @returns what went wrong with its poststop hooks, for the log
 * @throws RingsideError when there is no such container, or when it runs and is not forced
 */
export async function deleteEngineContainer(root: string, id: string, { force }: DeleteOptions): Promise<string[]> {
  checkId(id);
  const directory = stateDirectory(root, id);
  if (!isReserved(directory)) {
    if (force) return [];
    throw doesNotExist(id);
  }
  // Whoever is about to create it has the lock: from here on what is there is all there will be.
  using _lock = lockContainer(id, directory);
  const record = readOrForget(directory, force);
  if (record === undefined) {
    removeState(directory);
    if (force) return [];
    throw doesNotExist(id);
  }
  const status = engineStatus(record, directory);
  if (!force && status !== "stopped" && status !== "creating") {
    throw new RingsideError(`cannot delete container "${id}" that is not stopped: ${status}`, {
      fix: `ringside oci kill ${id} KILL, or ringside oci delete --force ${id}`,
    });
  }
  return await destroyContainer(directory, record);
}

/** A state that nobody can read does not make a container immortal. */
function readOrForget(directory: string, force: boolean): EngineRecord | undefined {
  try {
    return readEngineRecord(directory);
  } catch (error) {
    if (!force) throw error;
    return undefined;
  }
}
