/**
 * Waits until the kernel has finished taking down what the last run left: network namespaces and cgroups die
 * asynchronously in work queues (net/core/net_namespace.c, cleanup_net; kernel/cgroup/cgroup.c, css_free_rwork_fn), and
 * a start that meets them pays for its predecessor.
 *
 * What is observed: since Linux 4.18 a worker thread's comm names the work queue that it serves, with a `+` while it is at
 * it (kernel/workqueue.c, wq_worker_comm): `kworker/u8:1+netns`.
 */

import { readdirSync, readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

const WORKER = /^kworker\//;
const BUSY = /^kworker\/.*\+(netns|cgroup_(destroy|free|offline|release))/;
const POLL_MS = 2;
/** Beyond this something else keeps the queue busy, and waiting on would say nothing about our runs. */
const LIMIT_MS = 1000;

/** The names of kernel workers that are taking down namespaces or cgroups right now. */
export function busyTeardown(procDirectory = "/proc"): string[] {
  return comms(procDirectory).filter((comm) => BUSY.test(comm));
}

function comms(procDirectory: string): string[] {
  return readdirSync(procDirectory)
    .filter((entry) => /^\d+$/.test(entry))
    .map((pid) => commOf(procDirectory, pid));
}

/** Empty for a process that has ended since it was listed. */
function commOf(procDirectory: string, pid: string): string {
  try {
    return readFileSync(`${procDirectory}/${pid}/comm`, "utf8").trim();
  } catch {
    return "";
  }
}

/**
 * Resolves when no such work is under way, or after a second.
 * @returns how long that took, and whether it was given up
 */
export async function settle(procDirectory = "/proc"): Promise<{ waitedMs: number; gaveUp: boolean }> {
  const startedMs = performance.now();
  const waited = () => performance.now() - startedMs;
  while (busyTeardown(procDirectory).length > 0) {
    if (waited() >= LIMIT_MS) return { waitedMs: waited(), gaveUp: true };
    await setTimeout(POLL_MS);
  }
  return { waitedMs: waited(), gaveUp: false };
}

/** What has been waited for, for the report. */
export class Settling {
  private waits = 0;
  private longestMs = 0;
  private givenUp = 0;

  /** Waits, and keeps count. */
  async settle(): Promise<void> {
    const { waitedMs, gaveUp } = await settle();
    this.waits++;
    this.longestMs = Math.max(this.longestMs, waitedMs);
    if (gaveUp) this.givenUp++;
  }

  /** In words. */
  describe(): string {
    if (!comms("/proc").some((comm) => WORKER.test(comm)))
      return "none: the kernel's workers cannot be seen from here (another pid namespace), so nobody knows when it has finished";
    return `before each run, until no kernel worker takes down a network namespace or cgroup (at most ${LIMIT_MS / 1000} s): ${this.waits} times, the longest ${Math.ceil(this.longestMs)} ms, ${this.givenUp} given up`;
  }
}
