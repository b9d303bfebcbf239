/**
 * The cpu controller: a share of the CPUs (weight), a quota in each period (bandwidth), and time for real-time tasks.
 * Kernel: scheduler/sched-bwc.rst, scheduler/sched-rt-group.rst; admin-guide/cgroup-v2.rst, "CPU". config-linux.md, CPU.
 */
import type { OciCpu } from "../oci/config.ts";
import { type Controller, given, type Setting } from "./controller.ts";
import { digits, refused } from "./values.ts";

/** The kernel's own default period, and Docker's. A new group has it, so that only the quota is written on v1. */
export const PERIOD_US = 100_000;

const FIELD = "linux.resources.cpu";
/** kernel/sched/core.c: min_cfs_quota_period, max_cfs_quota_period. */
const LEAST_US = 1000;
const LONGEST_PERIOD_US = 1_000_000;
/** kernel/sched/sched.h: MIN_SHARES, MAX_SHARES; the kernel moves what is beyond to the border. */
const LEAST_SHARES = 2;
const MOST_SHARES = 262_144;

export const cpu: Controller = {
  name: "cpu",
  why: "Its processor time is counted against a quota of its own.",

  asked({ cpu: wanted }) {
    if (wanted === undefined) return [];
    const { shares, quota, period, burst, realtimeRuntime, realtimePeriod, idle } = wanted;
    const limited = quota === -1 ? undefined : quota;
    return given(FIELD, { quota: limited, shares, period, burst, realtimeRuntime, realtimePeriod, idle }).map(
      (field) => (field === `${FIELD}.quota` ? `--cpus (${field})` : field),
    );
  },
  joinedOnV1: false,

  settings({ cpu: asked }, { version, isNew, now }) {
    if (asked === undefined) return [];
    const wanted = isNew ? withoutUsual(asked) : asked;
    return [
      ...shareSettings(wanted, version),
      ...(version === 1 ? bandwidthV1(wanted, isNew) : bandwidthV2(wanted, now("cpu.max"))),
      ...realtimeSettings(wanted, version),
    ];
  },

  reports: () => [{ name: "cpu.stat", file: "cpu.stat" }],
};

/** A new group is neither idle nor has it saved anything up. */
function withoutUsual({ idle, burst, ...rest }: OciCpu): OciCpu {
  return {
    ...rest,
    ...(idle !== 0 && idle !== undefined && { idle }),
    ...(burst !== 0 && burst !== undefined && { burst }),
  };
}

/** idle takes the place of the weight: while it is set the kernel refuses a weight, so 0 comes before and 1 after it. */
function shareSettings({ shares, idle }: OciCpu, version: 1 | 2): Setting[] {
  const weight: Setting[] =
    shares === undefined || shares === 0
      ? []
      : [
          {
            file: version === 1 ? "cpu.shares" : "cpu.weight",
            value: version === 1 ? digits(`${FIELD}.shares`, shares, 0) : String(weightOf(shares)),
            why: "When CPUs are short, groups get time in proportion to this weight.",
          },
        ];
  if (idle === undefined) return weight;
  const value = digits(`${FIELD}.idle`, idle, 0, 1);
  const why = "An idle group runs only when nobody else wants the CPU.";
  const setting = { file: "cpu.idle", value, why };
  return idle === 0 ? [setting, ...weight] : [...weight, setting];
}

/**
 * v1's shares (2 to 262144, usually 1024) as v2's weight (1 to 10000, usually 100): the curve through the three pairs of
 * least, usual and most, as crun and runc have it since 2025 (a straight line gave the usual 1024 a weight of 39).
 *
 * @throws RingsideError for shares that are no whole number
 */
export function weightOf(shares: number): number {
  digits(`${FIELD}.shares`, shares, 0);
  if (shares <= LEAST_SHARES) return 1;
  if (shares >= MOST_SHARES) return 10_000;
  const log = Math.log2(shares);
  return Math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34));
}

/** The burst must not be larger than the quota; the period must be there before the quota is measured against it. */
function bandwidthV1(wanted: OciCpu, isNew: boolean): Setting[] {
  const { quota, period, burst } = checkedBandwidth(wanted);
  return [
    ...(period === undefined || (isNew && period === PERIOD_US)
      ? []
      : [{ file: "cpu.cfs_period_us", value: String(period), why: "The time over which the quota is counted." }]),
    ...(quota === undefined
      ? []
      : [{ file: "cpu.cfs_quota_us", value: String(quota), why: quotaWhy(quota, period ?? PERIOD_US) }]),
    ...burstSetting("cpu.cfs_burst_us", burst),
  ];
}

/** @param now what cpu.max holds: one file has both, and what is not named stays as it is */
function bandwidthV2(wanted: OciCpu, now = `max ${PERIOD_US}`): Setting[] {
  const [quotaNow = "max", periodNow = String(PERIOD_US)] = now.trim().split(" ");
  const {
    quota = quotaNow === "max" ? -1 : Number(quotaNow),
    period = Number(periodNow),
    burst,
  } = checkedBandwidth(wanted);
  return [
    ...(isNamed(wanted.quota) || isNamed(wanted.period)
      ? [{ file: "cpu.max", value: `${quota === -1 ? "max" : quota} ${period}`, why: quotaWhy(quota, period) }]
      : []),
    ...burstSetting("cpu.max.burst", burst),
  ];
}

function burstSetting(file: string, burst: number | undefined): Setting[] {
  if (burst === undefined) return [];
  return [{ file, value: String(burst), why: "Time that was not used may be saved up to this much, and used later." }];
}

function quotaWhy(quota: number, period: number): string {
  if (quota === -1) return "It may run as long as it likes.";
  return `In every ${period / 1000} ms it may run for ${quota / 1000} ms on all CPUs together, then it waits for the next.`;
}

/** An engine's 0 stands for "not set". */
function isNamed(value: number | undefined): value is number {
  return value !== undefined && value !== 0;
}

/** Any negative quota stands for none; the kernel's range else. */
function checkedBandwidth({ quota, period, burst }: OciCpu): { quota?: number; period?: number; burst?: number } {
  if (isNamed(period)) digits(`${FIELD}.period`, period, LEAST_US, LONGEST_PERIOD_US);
  if (isNamed(quota) && quota !== -1) digits(`${FIELD}.quota`, quota, LEAST_US);
  if (burst !== undefined) {
    digits(`${FIELD}.burst`, burst, 0);
    if (isNamed(quota) && quota !== -1 && burst > quota) {
      throw refused(`${FIELD}.burst`, burst, `it is more than the quota, ${quota}`, "give at most the quota");
    }
  }
  return {
    ...(isNamed(quota) && { quota }),
    ...(isNamed(period) && { period }),
    ...(burst !== undefined && { burst }),
  };
}

function realtimeSettings({ realtimeRuntime, realtimePeriod }: OciCpu, version: 1 | 2): Setting[] {
  const settings: Setting[] = [];
  if (realtimePeriod !== undefined && realtimePeriod !== 0) {
    const value = digits(`${FIELD}.realtimePeriod`, realtimePeriod, 1);
    settings.push({ file: "cpu.rt_period_us", value, why: "The time over which real-time tasks are counted." });
  }
  if (realtimeRuntime !== undefined && realtimeRuntime !== 0) {
    const value = digits(`${FIELD}.realtimeRuntime`, realtimeRuntime, -1);
    settings.push({ file: "cpu.rt_runtime_us", value, why: "So long real-time tasks may run in each period." });
  }
  if (version === 2 && settings.length > 0) {
    const field = realtimeRuntime ? "realtimeRuntime" : "realtimePeriod";
    const why = "cgroup v2 does not share out real-time";
    throw refused(`${FIELD}.${field}`, realtimeRuntime ?? realtimePeriod, why, "leave it out, or use cgroup v1");
  }
  return settings;
}
