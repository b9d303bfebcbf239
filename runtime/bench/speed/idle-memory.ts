/**
 * What Ringside itself takes for a container that does nothing: the monitor of each `run -d`, by its proportional set
 * size, in which a page that several share counts for each by its part (proc(5), /proc/PID/smaps_rollup).
 */

import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { startDetached } from "../../container/detached.ts";
import { findContainer } from "../../container/state.ts";
import { removeContainer } from "../../container/stop.ts";
import { benchContainer } from "../container-options.ts";
import type { Workbench } from "../system.ts";
import type { Figure } from "./schema.ts";

export const IDLE_CONTAINERS = 10;

/**
 * Starts some containers that sleep, and asks the kernel for their monitors' memory.
 *
 * @throws RingsideError when they cannot be started
 */
export async function idleMemory(bench: Workbench): Promise<Figure> {
  await using running = new AsyncDisposableStack();
  const monitors: number[] = [];
  for (let count = 0; count < IDLE_CONTAINERS; count++) {
    const { id } = await startDetached({ ...benchContainer(bench, ["sleep", "1000000"]), remove: false, input: false });
    running.defer(async () => {
      await removeContainer(id, { force: true });
    });
    const { owner } = findContainer(id);
    monitors.push(owner.pid);
  }
  await untilSteady(monitors);
  const bytes = monitors.map(proportionalBytes);
  const value = bytes.reduce((sum, each) => sum + each, 0) / bytes.length;
  return { system: "monitor", value, unit: "bytes", n: bytes.length };
}

const POLL_MS = 250;
const MOST_POLLS = 40;
/** Two seconds: a monitor gives back what its start has used when nothing has happened for a while. */
const STEADY_POLLS = 8;

/** Waits until nobody's memory changes any more. */
async function untilSteady(pids: readonly number[]): Promise<void> {
  let last = "";
  for (let polls = 0, steady = 0; polls < MOST_POLLS && steady < STEADY_POLLS; polls++) {
    const now = pids.map(proportionalBytes).join();
    steady = now === last ? steady + 1 : 0;
    last = now;
    await setTimeout(POLL_MS);
  }
}

function proportionalBytes(pid: number): number {
  const kibibytes = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1];
  if (kibibytes === undefined) throw new Error(`/proc/${pid}/smaps_rollup names no Pss`);
  return Number(kibibytes) * 1024;
}
