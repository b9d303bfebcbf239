/** What can be traced: a new container from its program's first instruction on, and a container that runs already. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Launcher } from "../../native/kernel.ts";
import type { ContainerOptions } from "../container/options.ts";
import type { RunningWorld } from "../container/running.ts";
import { startContainer } from "../container/start.ts";
import { findContainer } from "../container/state.ts";
import { RingsideError } from "../error.ts";
import { PROGRAM_PAUSE, withProgramPause } from "../plan/pauses.ts";
import type { TraceRecord } from "./records.ts";
import { type Watch, watchProcess } from "./watch.ts";

export interface TraceOptions {
  /** Every process and thread, not only the first. */
  readonly follow: boolean;
  readonly mostDataBytes: number;
}

export type OnRecords = (records: readonly TraceRecord[]) => void;

/**
 * Starts a container whose calls are watched, from the execve that makes it its program.
 * @throws RingsideError as startContainer and watchProcess do
 */
export async function traceNewContainer(
  launcher: Launcher,
  options: ContainerOptions,
  { follow, mostDataBytes }: TraceOptions,
  onRecords: OnRecords,
): Promise<{ readonly world: RunningWorld; readonly watch: Watch }> {
  let watch: Watch | undefined;
  const world = await startContainer(launcher, options, {
    addPauses: withProgramPause,
    onPause: async (name, pid) => {
      if (name === PROGRAM_PAUSE) watch = watchProcess({ pid, follow, fromExec: true, mostDataBytes }, onRecords);
    },
  });
  if (watch === undefined) throw new TypeError(`the plan has no pause ${PROGRAM_PAUSE}`);
  return { world, watch };
}

/** Processes of a group and of the groups below it, as the host numbers them. */
function processesOf(group: string): number[] {
  try {
    const own = readFileSync(join(group, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
    const below = readdirSync(group, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [...own, ...below.flatMap(({ name }) => processesOf(join(group, name)))];
  } catch {
    return [];
  }
}

/** Processes that `ringside exec` adds while a container is traced are nobody's children in it: they are looked for. */
const LOOK_EVERY_MS = 20;

/**
 * Watches a container that runs. It runs on when the watch ends.
 * @returns the watch, and how many processes there were at its beginning
 * @throws RingsideError when there is no such container, or it does not run
 */
export function traceRunningContainer(
  idOrName: string,
  { follow, mostDataBytes }: TraceOptions,
  onRecords: OnRecords,
): { readonly watch: Watch; readonly name: string; readonly processes: number } {
  const { name, status, init, cgroups } = findContainer(idOrName);
  if (status !== "running" || init === undefined) {
    const fix = status === "paused" ? `ringside unpause ${name}` : "ringside ps lists the containers that run";
    throw new RingsideError(`cannot trace ${name}: it is ${status}`, { fix });
  }
  const watch = watchProcess({ pid: init.pid, follow, fromExec: false, mostDataBytes }, onRecords);
  if (!follow) return { watch, name, processes: 1 };
  const [group = ""] = cgroups;
  const attached = new Set([init.pid]);
  const look = (): void => {
    const current = processesOf(group);
    for (const pid of current) {
      if (!attached.has(pid)) watch.attach(pid);
      attached.add(pid);
    }
  };
  look();
  const timer = setInterval(look, LOOK_EVERY_MS);
  const ended = watch.ended.finally(() => {
    clearInterval(timer);
  });
  return { watch: { ...watch, ended }, name, processes: attached.size };
}
