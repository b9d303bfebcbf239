/** `kill`: a signal for the container's first process, or for all that are in its groups (runtime.md, "Kill"). */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { signalProcess } from "../../../native/kernel.ts";
import { RingsideError } from "../../error.ts";
import { isAlive, processIdentity } from "../process-identity.ts";
import { type EngineContainer, findEngineContainer } from "./store.ts";

/** The words that containerd looks for. */
function notRunning(container: EngineContainer): RingsideError {
  return new RingsideError(`container not running: container "${container.id}" is ${container.status}`);
}

function pidsOf(group: string): number[] {
  try {
    return readFileSync(join(group, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function groupsBelow(group: string): string[] {
  try {
    const below = readdirSync(group, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [group, ...below.flatMap(({ name }) => groupsBelow(join(group, name)))];
  } catch {
    return [];
  }
}

/** Every process of a container, by the host's numbers: those of its group, and of the groups that it made itself. */
export function processesOf({ cgroups }: { readonly cgroups: readonly string[] }): number[] {
  // Each hierarchy has them all; one that a container may have been moved out of by hand does not hide the rest.
  const pids = cgroups.flatMap(groupsBelow).flatMap(pidsOf);
  return [...new Set(pids)].filter((pid) => pid > 0).toSorted((a, b) => a - b);
}

/**
 * Sends a signal to every process of a container. Those that are born meanwhile are found by looking again, until
 * nobody new is there.
 */
export function signalAll(record: { readonly cgroups: readonly string[] }, signal: number): number {
  const reached = new Set<string>();
  for (let found = true; found; ) {
    found = false;
    for (const pid of processesOf(record)) {
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
