/** What the kernel's files say when a container has ended. */
import { describe, expect, test } from "vitest";
import { parseReports } from "../../runtime/cgroup/reports.ts";

describe("what a container's groups report at its end", () => {
  test("v1: OOM kills, peak, refused forks and throttling", () => {
    const report = parseReports({
      "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
      "memory.max_usage_in_bytes": "67108864\n",
      "pids.events": "max 41\n",
      "cpu.stat": "nr_periods 10\nnr_throttled 4\nthrottled_time 1500600\nnr_bursts 0\nburst_time 0\n",
    });
    expect(report).toEqual({ oomKilled: true, memoryPeakBytes: 67108864, pidsRefused: 41, cpuThrottledUs: 1501 });
  });

  test("v2: the same from its own files", () => {
    const report = parseReports({
      "memory.events": "low 0\nhigh 0\nmax 12\noom 1\noom_kill 1\noom_group_kill 0\n",
      "memory.peak": "1048576\n",
      "pids.events": "max 0\n",
      "cpu.stat": "usage_usec 1234\nuser_usec 1000\nnr_throttled 3\nthrottled_usec 900\n",
    });
    expect(report).toEqual({ oomKilled: true, memoryPeakBytes: 1048576, pidsRefused: 0, cpuThrottledUs: 900 });
  });

  test("reaching the limit without a kill is not an OOM kill", () => {
    expect(parseReports({ "memory.events": "oom 3\noom_kill 0\noom_group_kill 0\n" }).oomKilled).toBe(false);
    expect(parseReports({ "memory.oom_control": "oom_kill_disable 0\nunder_oom 1\noom_kill 0\n" }).oomKilled).toBe(
      false,
    );
  });

  test("missing and unreadable reports are left out", () => {
    expect(parseReports({})).toEqual({ oomKilled: false });
    expect(parseReports({ "memory.peak": "", "pids.events": "nonsense", "cpu.stat": "throttled_usec -1" })).toEqual({
      oomKilled: false,
    });
  });
});
