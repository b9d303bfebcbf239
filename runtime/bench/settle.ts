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

const BUSY = /^kworker\/.*\+(netns|cgroup_(destroy|free|offline|release))/;
const POLL_MS = 2;
/** Beyond this something else keeps the queue busy, and waiting on would say nothing about our runs. */
const LIMIT_MS = 1000;

/** The names of kernel workers that are taking down namespaces or cgroups right now. */
export function busyTeardown(procDirectory = "/proc"): string[] {
  return readdirSync(procDirectory)
    .filter((entry) => /^\d+$/.test(entry))
    .map((pid) => commOf(procDirectory, pid))
    .filter((comm) => BUSY.test(comm));
}

/** Empty for a process that has ended since it was listed. */
function commOf(procDirectory: string, pid: string): string {
  try {
    return readFileSync(`${procDirectory}/${pid}/comm`, "utf8").trim();
  } catch {
    return "";
  }
}

/** Resolves when no such work is under way, or after a second. */
export async function settle(procDirectory = "/proc"): Promise<void> {
  for (let waitedMs = 0; waitedMs < LIMIT_MS; waitedMs += POLL_MS) {
    if (busyTeardown(procDirectory).length === 0) return;
    await setTimeout(POLL_MS);
  }
}

export const SETTLE_DESCRIPTION =
  "before each run, until no kernel worker takes down a network namespace or cgroup (at most 1 s)";
