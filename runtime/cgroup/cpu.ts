/**
 * The cpu controller's bandwidth: in each period of 100 ms a group may run for so long, then it is throttled.
 * Kernel: scheduler/sched-bwc.rst; admin-guide/cgroup-v2.rst, "CPU".
 */
import type { Controller } from "./controller.ts";

/** The kernel's own default period, and Docker's. A new group has it, so that only the quota is written on v1. */
export const PERIOD_US = 100_000;

export const cpu: Controller = {
  name: "cpu",
  why: "Its processor time is counted against a quota of its own.",
  option: "--cpus",
  needed: ({ cpus }) => cpus !== undefined,
  joinedOnV1: false,

  settings({ cpus }, { version }) {
    if (cpus === undefined) return [];
    const quotaUs = Math.round(cpus * PERIOD_US);
    const why = `In every 100 ms it may run for ${quotaUs / 1000} ms on all CPUs together, then it waits for the next.`;
    return version === 1
      ? [{ file: "cpu.cfs_quota_us", value: String(quotaUs), why }]
      : [{ file: "cpu.max", value: `${quotaUs} ${PERIOD_US}`, why }];
  },

  reports: () => [{ name: "cpu.stat", file: "cpu.stat" }],
};
