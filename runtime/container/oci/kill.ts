/** `kill`: a signal for the container's first process, or for all that are in its groups (runtime.md, "Kill"). */
import { signalProcess } from "../../../native/kernel.ts";
import { RingsideError } from "../../error.ts";
import { isAlive, processIdentity } from "../process-identity.ts";
import { containerProcesses } from "./processes.ts";
import type { EngineRecord } from "./record.ts";
import { type EngineContainer, findEngineContainer } from "./store.ts";

/** The words that containerd looks for. */
function notRunning(container: EngineContainer): RingsideError {
  return new RingsideError(`container not running: container "${container.id}" is ${container.status}`);
}

/**
 * Sends a signal to every process of a container. Those that are born meanwhile are found by looking again, until
 * nobody new is there.
 */
export function signalAll(record: Pick<EngineRecord, "cgroups" | "init">, signal: number): number {
  const reached = new Set<string>();
  for (let found = true; found; ) {
    found = false;
    for (const pid of containerProcesses(record)) {
      const identity = processIdentity(pid);
      const key = `${pid} ${identity?.startTicks}`;
      if (identity === undefined || identity.state === "Z" || reached.has(key)) continue;
      reached.add(key);
      found = true;
      signalProcess(pid, signal, () => isAlive(pid, identity.startTicks));
    }
  }
  return reached.size;
}

/**
 * @param all every process of the container, also when its first one has gone
 * @throws RingsideError when it is not running
 */
export function killEngineContainer(root: string, id: string, signal: number, { all = false } = {}): void {
  const container = findEngineContainer(root, id);
  const { record, status } = container;
  if (all) {
    signalAll(record, signal);
    return;
  }
  const { init } = record;
  if (init === undefined || status === "stopped" || status === "creating") throw notRunning(container);
  if (!signalProcess(init.pid, signal, () => isAlive(init.pid, init.startTicks))) {
    throw notRunning({ ...container, status: "stopped" });
  }
}
