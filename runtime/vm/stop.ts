/** Ending and removing virtual machines, from whichever Ringside process. Signals to a monitor go by pidfd. */
import { processEnd, signalProcess } from "../../native/kernel.ts";
import { isAlive } from "../container/process-identity.ts";
import { RingsideError } from "../error.ts";
import { signalGuest, stopGuest } from "./agent.ts";
import { controlOf } from "./control.ts";
import { releaseVm } from "./reserve.ts";
import { findVm, type LivingVm, readVm, requireLivingVm, type VmState, vmIs } from "./state.ts";
import { vmStatus } from "./status.ts";

const DEFAULT_STOP_TIMEOUT_MS = 10_000;
/** What a guest needs from the end of its program to that of the machine, under emulation on a busy host. */
const POWER_OFF_PATIENCE_MS = 5000;
/** An agent that lives answers at once, but its host may be busy. */
const LEAST_ANSWER_MS = 2000;
const KILL_PATIENCE_MS = 10_000;
const OWNER_PATIENCE_MS = 10_000;
const POLL_MS = 10;

/**
 * Asks a machine to end, each time harder: SIGTERM to its program through the agent, and SIGKILL to it when the time is
 * over; the power button where the agent does not answer; then the end of the monitor.
 *
 * @returns when its owner has taken away what goes with its end
 * @throws RingsideError when it does not run
 */
export async function stopVm(idOrName: string, options: { readonly timeoutMs?: number } = {}): Promise<VmState> {
  const { timeoutMs = DEFAULT_STOP_TIMEOUT_MS } = options;
  const machine = requireLivingVm(idOrName, "stop");
  const deadline = performance.now() + timeoutMs;
  // A guest that stands still cannot hear.
  if ((await vmStatus(machine)) === "paused") await controlOf(machine).resume().catch(ignoreRefusal);
  const asking = { graceMs: timeoutMs, timeoutMs: Math.max(timeoutMs, LEAST_ANSWER_MS) };
  const isAsked = machine.agent && (await isDone(stopGuest(machine.directory, asking)));
  if (!isAsked) await isDone(controlOf(machine).powerdown());
  const patienceMs = Math.max(0, deadline - performance.now()) + (isAsked ? POWER_OFF_PATIENCE_MS : 0);
  if (!(await endsWithin(machine, patienceMs))) await endMonitor(machine);
  await ownerHasSeen(machine);
  return machine;
}

/** @returns false where the other side refused or was not there: then there is a harder way */
async function isDone(asking: Promise<unknown>): Promise<boolean> {
  return await asking.then(
    () => true,
    (error: unknown) => {
      ignoreRefusal(error);
      return false;
    },
  );
}

function ignoreRefusal(error: unknown): void {
  if (!(error instanceof Error)) throw error;
}

/**
 * Sends a signal to the machine's program; SIGKILL pulls the plug: the monitor ends, whatever the guest does.
 *
 * @throws RingsideError when it does not run, or the guest cannot be asked
 */
export async function killVm(idOrName: string, signal = "SIGKILL"): Promise<VmState> {
  const machine = requireLivingVm(idOrName, "signal");
  if (signal === "SIGKILL") await endMonitor(machine);
  else {
    await requireAgent(machine, "signal");
    await signalGuest(machine.directory, signal);
  }
  return machine;
}

/** @throws RingsideError when it has no agent, or is paused: nothing in it would answer */
export async function requireAgent(machine: LivingVm, doing: string): Promise<void> {
  if (!machine.agent) {
    throw new RingsideError(`cannot ${doing} ${machine.name}: it was started without an agent in its guest`, {
      fix: "start it with ringside vm run --agent, or with -d, -it or --name, which bring it along",
    });
  }
  await requireRunning(machine, doing);
}

/** @throws RingsideError when it is paused */
export async function requireRunning(machine: LivingVm, doing: string): Promise<void> {
  if ((await vmStatus(machine)) !== "paused") return;
  throw new RingsideError(`cannot ${doing} ${machine.name}: it is paused`, {
    fix: `ringside vm resume ${machine.name}`,
  });
}

/**
 * Removes a machine that has ended, with what it printed.
 *
 * @param force ends it first
 * @throws RingsideError when it runs and `force` is not given
 */
export async function removeVm(idOrName: string, { force = false } = {}): Promise<VmState> {
  const state = findVm(idOrName);
  if (state.life !== "exited" && !force) {
    throw new RingsideError(`cannot remove ${state.name}: ${vmIs(state.life)}`, {
      fix: `ringside vm stop ${state.name}, or ringside vm rm -f ${state.name}`,
    });
  }
  if (state.life === "running" && state.process !== undefined) await endMonitor({ ...state, process: state.process });
  await ownerHasSeen(state);
  releaseVm(state);
  return state;
}

async function endMonitor(machine: LivingVm): Promise<void> {
  const { pid, startTicks } = machine.process;
  signalProcess(pid, "SIGKILL", () => isAlive(pid, startTicks));
  await endsWithin(machine, KILL_PATIENCE_MS);
}

/** @returns whether its monitor has ended in time */
async function endsWithin({ process: { pid, startTicks } }: LivingVm, patienceMs: number): Promise<boolean> {
  const isSame = (): boolean => isAlive(pid, startTicks);
  await processEnd(pid, isSame, AbortSignal.timeout(Math.ceil(patienceMs)));
  return !isSame();
}

/** Waits until the owner has written down the end, and taken away what goes with it. */
async function ownerHasSeen({ id, owner, remove }: VmState): Promise<void> {
  const deadline = performance.now() + OWNER_PATIENCE_MS;
  while (performance.now() < deadline && isAlive(owner.pid, owner.startTicks)) {
    const now = readVm(id);
    if (now === undefined || (now.exit !== undefined && !remove)) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
