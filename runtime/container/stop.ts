/** Ending and removing containers, from whichever Ringside process. Signals go by pidfd. docker-stop(1), docker-rm(1). */
import { signalProcess } from "../../native/kernel.ts";
import { thaw } from "../cgroup/freezer.ts";
import { RingsideError } from "../error.ts";
import { appendEvent } from "./events.ts";
import { isAlive } from "./process-identity.ts";
import { release } from "./reserve.ts";
import { type ContainerState, findContainer, itIs, listContainers } from "./state.ts";

const POLL_MS = 10;
const OWNER_PATIENCE_MS = 10_000;
const DEFAULT_STOP_TIMEOUT_MS = 10_000;
const DEFAULT_STOP_SIGNAL = "SIGTERM";

/** A container with its first process. */
export interface LivingContainer {
  readonly state: ContainerState;
  readonly pid: number;
  readonly startTicks: number;
}

/**
 * Finds a container that runs or is paused.
 * @param doing for the error: `signal`, `pause`
 * @throws RingsideError when it does neither
 */
export function requireLiving(idOrName: string, doing: string): LivingContainer {
  const state = findContainer(idOrName);
  if ((state.status !== "running" && state.status !== "paused") || state.init === undefined) {
    throw new RingsideError(`cannot ${doing} ${state.name}: ${itIs(state.status)}`, {
      fix: "ringside ps lists what runs",
    });
  }
  return { state, ...state.init };
}

function send({ pid, startTicks }: LivingContainer, signal: string): void {
  signalProcess(pid, signal, () => isAlive(pid, startTicks));
}

/**
 * Sends a signal to the first process. What is paused and killed is let go on, so that it can end.
 * @throws RingsideError when it is not running
 */
export async function killContainer(idOrName: string, signal = "SIGKILL"): Promise<ContainerState> {
  const living = requireLiving(idOrName, "signal");
  send(living, signal);
  if (signal === "SIGKILL" && living.state.status === "paused") await thaw(living.state.cgroups);
  appendEvent("kill", living.state, { signal });
  return living.state;
}

/** Waits until the container's first process has gone. @returns false when it has not within `timeoutMs` */
async function waitForEnd({ pid, startTicks }: LivingContainer, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (isAlive(pid, startTicks)) {
    if (performance.now() >= deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return true;
}

/**
 * Asks the container to end (SIGTERM, or what it was started with), and ends it (SIGKILL) when it has not in time. A PID
 * 1 without a handler never sees SIGTERM (pid_namespaces(7)), so that is the usual way for a shell.
 * @param timeoutMs undefined: the container's own time, or ten seconds
 * @returns when its owner has taken away what goes with its end
 */
export async function stopContainer(
  idOrName: string,
  { timeoutMs }: { readonly timeoutMs?: number } = {},
): Promise<ContainerState> {
  const living = requireLiving(idOrName, "stop");
  const { state } = living;
  send(living, state.stopSignal ?? DEFAULT_STOP_SIGNAL);
  await thaw(state.cgroups);
  if (!(await waitForEnd(living, timeoutMs ?? state.stopTimeoutMs ?? DEFAULT_STOP_TIMEOUT_MS))) {
    send(living, "SIGKILL");
    await thaw(state.cgroups);
    await waitForEnd(living, OWNER_PATIENCE_MS);
  }
  appendEvent("stop", state);
  await waitForOwner(state);
  return state;
}

/** Waits until the owner has seen the end, and taken away what goes with it. */
async function waitForOwner({ id, remove, owner }: ContainerState): Promise<void> {
  const deadline = performance.now() + OWNER_PATIENCE_MS;
  while (performance.now() < deadline && isAlive(owner.pid, owner.startTicks)) {
    const state = listContainers().find((candidate) => candidate.id === id);
    if (state === undefined || (state.exit !== undefined && !remove)) return;
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
    throw new RingsideError(`cannot remove ${state.name}: ${itIs(state.status)}`, {
      fix: `ringside stop ${state.name}, or ringside rm -f ${state.name}`,
    });
  }
  if (state.status === "running" || state.status === "paused") await killAndWait(state);
  await waitForOwner(state);
  await release(state.id, state.name, state.cgroups);
  if (!state.remove) appendEvent("destroy", state);
  return state;
}

async function killAndWait(state: ContainerState): Promise<void> {
  if (state.init === undefined) return;
  const living = { state, ...state.init };
  send(living, "SIGKILL");
  await thaw(state.cgroups);
  await waitForEnd(living, OWNER_PATIENCE_MS);
}
