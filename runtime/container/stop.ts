/** Ending and removing containers, from whichever Ringside process. Signals go by pidfd. docker-stop(1), docker-rm(1). */
import { signalProcess } from "../../native/kernel.ts";
import { RingsideError } from "../error.ts";
import { isAlive } from "./process-identity.ts";
import { type ContainerState, findContainer, listContainers, release } from "./state.ts";

const POLL_MS = 10;

function requireRunning(idOrName: string, doing: string): { state: ContainerState; pid: number; startTicks: number } {
  const state = findContainer(idOrName);
  if (state.status !== "running" || state.init === undefined) {
    throw new RingsideError(`cannot ${doing} ${state.name}: it is ${state.status}`, {
      fix: "ringside ps lists what runs",
    });
  }
  return { state, ...state.init };
}

/** @throws RingsideError when it is not running */
export function killContainer(idOrName: string, signal = "SIGKILL"): ContainerState {
  const { state, pid, startTicks } = requireRunning(idOrName, "signal");
  signalProcess(pid, signal, () => isAlive(pid, startTicks));
  return state;
}

/** Waits until the container's first process has gone. @returns false when it has not within `timeoutMs` */
async function waitForEnd(pid: number, startTicks: number, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (isAlive(pid, startTicks)) {
    if (performance.now() >= deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return true;
}

/**
 * Asks the container to end (SIGTERM), and ends it (SIGKILL) when it has not after `timeoutMs`. A PID 1 without a
 * handler never sees SIGTERM (pid_namespaces(7)), so that is the usual way for a shell.
 */
export async function stopContainer(idOrName: string, { timeoutMs = 10_000 } = {}): Promise<ContainerState> {
  const { state, pid, startTicks } = requireRunning(idOrName, "stop");
  const same = () => isAlive(pid, startTicks);
  signalProcess(pid, "SIGTERM", same);
  if (await waitForEnd(pid, startTicks, timeoutMs)) return state;
  signalProcess(pid, "SIGKILL", same);
  await waitForEnd(pid, startTicks, 10_000);
  return state;
}

/** Waits until the owner has seen the end, and taken the cgroup away. */
async function waitForOwner(id: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (performance.now() < deadline) {
    const state = listContainers().find((candidate) => candidate.id === id);
    if (state === undefined || state.exit !== undefined || !isAlive(state.owner.pid, state.owner.startTicks)) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/**
 * Removes a container that has ended, with all that it wrote.
 * @param force ends it first
 * @throws RingsideError when it runs and `force` is not given
 */
export async function removeContainer(idOrName: string, { force = false } = {}): Promise<ContainerState> {
  const state = findContainer(idOrName);
  if (state.status !== "exited" && !force) {
    throw new RingsideError(`cannot remove ${state.name}: it is ${state.status}`, {
      fix: `ringside stop ${state.name}, or ringside rm -f ${state.name}`,
    });
  }
  if (state.status === "running") await stopContainer(state.id, { timeoutMs: 0 });
  await waitForOwner(state.id);
  release(state.id, state.name, state.cgroups);
  return state;
}
