/**
 * What a container's groups said when it ended. The launcher hands over the files as text, by the names that the
 * controllers gave them. Kernel: admin-guide/cgroup-v1/memory.rst; admin-guide/cgroup-v2.rst.
 */

export interface ResourceReport {
  /** The kernel killed a process of the container for want of memory. */
  readonly oomKilled: boolean;
  readonly memoryPeakBytes?: number;
  /** How often fork was refused by --pids-limit. */
  readonly pidsRefused?: number;
  /** How long the container wanted to run and was held back by --cpus. */
  readonly cpuThrottledUs?: number;
}

/**
 * Reads the reports of a plan's cleanup. Files of v1 and v2 have different names and keys, so the layout need not be
 * known; a report that is missing (an older kernel, a controller not joined) is left out.
 *
 * @param reports file texts by name, as the launcher's exit record carries them
 */
export function parseReports(reports: Readonly<Record<string, string>>): ResourceReport {
  const oomKills = counter(reports["memory.events"] ?? reports["memory.oom_control"], "oom_kill");
  const memoryPeakBytes = wholeNumber(reports["memory.peak"] ?? reports["memory.max_usage_in_bytes"]);
  const pidsRefused = counter(reports["pids.events"], "max");
  const cpuThrottledUs = throttledUs(reports["cpu.stat"]);
  return {
    oomKilled: (oomKills ?? 0) > 0,
    ...(memoryPeakBytes !== undefined && { memoryPeakBytes }),
    ...(pidsRefused !== undefined && { pidsRefused }),
    ...(cpuThrottledUs !== undefined && { cpuThrottledUs }),
  };
}

function throttledUs(text: string | undefined): number | undefined {
  const ns = counter(text, "throttled_time");
  return ns === undefined ? counter(text, "throttled_usec") : Math.round(ns / 1000);
}

/** The value of `key` in a file of lines `key value`. */
function counter(text: string | undefined, key: string): number | undefined {
  const line = text?.split("\n").find((candidate) => candidate.startsWith(`${key} `));
  return wholeNumber(line?.slice(key.length + 1));
}

function wholeNumber(text: string | undefined): number | undefined {
  const trimmed = text?.trim() ?? "";
  return /^\d+$/.test(trimmed) ? Number(trimmed) : undefined;
}
