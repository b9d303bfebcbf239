/**
 * A container's limits as properties of a systemd unit, in the words that busctl(1) takes: name, type, value. systemd
 * writes them into the group itself and keeps them when it is reloaded. systemd.resource-control(5), org.freedesktop.systemd1(5).
 */
import { RingsideError } from "../error.ts";
import type { OciResources } from "../oci/config.ts";
import { weightOf } from "./cpu.ts";
import { type DeviceList, deviceList, deviceRules } from "./device-rules.ts";
import { checkedWeight, ioWeightOf } from "./io.ts";
import { swapAlone } from "./memory.ts";
import { digits, listText } from "./values.ts";

/** One property: its words follow each other on busctl's command line. */
export type Property = readonly string[];

/** systemd's "no limit": the largest number of 64 bits. */
const INFINITY = (2n ** 64n - 1n).toString();
const PERIOD_US = 100_000;
/** What the kernel takes (kernel/sched/core.c, min_cfs_quota_period). */
const LEAST_QUOTA_US = 1000;
/** The kernel's own most (kernel/sched/core.c, max_cfs_runtime): half a year of one processor. */
const MOST_QUOTA_US = 2 ** 44 - 1;

/**
 * @param version of the hierarchies: systemd has other names for some limits of v1
 * @throws RingsideError for values that make no sense
 */
export function resourceProperties(resources: OciResources, version: 1 | 2): Property[] {
  return [
    ...memoryProperties(resources, version),
    ...cpuProperties(resources, version),
    ...cpusetProperties(resources, version),
    ...pidsProperties(resources),
    ...ioProperties(resources, version),
    ...deviceProperties(resources),
  ];
}

function bytes(name: string, value: number): Property {
  return [name, "t", value === -1 ? INFINITY : digits(name, value, 0)];
}

function memoryProperties({ memory = {} }: OciResources, version: 1 | 2): Property[] {
  const { limit, reservation } = memory;
  const swap = version === 2 ? swapAlone(memory) : undefined;
  return [
    ...(limit ? [bytes(version === 2 ? "MemoryMax" : "MemoryLimit", limit)] : []),
    ...(swap === undefined ? [] : [bytes("MemorySwapMax", swap)]),
    ...(reservation && version === 2 ? [bytes("MemoryLow", reservation)] : []),
  ];
}

function cpuProperties({ cpu = {} }: OciResources, version: 1 | 2): Property[] {
  const { shares, quota, period } = cpu;
  const perSecond = quota ? (quota === -1 ? INFINITY : perSecondUs(quota, period || PERIOD_US)) : undefined;
  return [
    ...(shares
      ? [
          version === 2
            ? ["CPUWeight", "t", String(weightOf(shares))]
            : ["CPUShares", "t", digits("CPUShares", shares, 2)],
        ]
      : []),
    ...(period ? [["CPUQuotaPeriodUSec", "t", digits("CPUQuotaPeriodUSec", period, 1000, 1_000_000)]] : []),
    ...(perSecond === undefined ? [] : [["CPUQuotaPerSecUSec", "t", perSecond]]),
  ];
}

/** systemd knows hundredths of a CPU, and rounds down: rounded up here, so that nobody gets less than asked for. */
function perSecondUs(quota: number, period: number): string {
  digits("linux.resources.cpu.quota", quota, LEAST_QUOTA_US, MOST_QUOTA_US);
  const us = Math.ceil((quota * 1_000_000) / period);
  return String(Math.ceil(us / 10_000) * 10_000);
}

function cpusetProperties({ cpu: { cpus, mems } = {} }: OciResources, version: 1 | 2): Property[] {
  // systemd sets them on v2 only; on v1 Ringside writes the files alone.
  if (version === 1) return [];
  return [
    ...(cpus ? [["AllowedCPUs", "ay", ...bitmap(listText("linux.resources.cpu.cpus", cpus))]] : []),
    ...(mems ? [["AllowedMemoryNodes", "ay", ...bitmap(listText("linux.resources.cpu.mems", mems))]] : []),
  ];
}

/** A list as bytes, the lowest number in the lowest bit of the first; their count goes before them. */
export function bitmap(list: string): string[] {
  const numbers = list.split(",").flatMap((part) => {
    const [first = 0, last = first] = part.replace(/:.*/, "").split("-").map(Number);
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
  });
  const result = new Uint8Array(Math.floor(Math.max(...numbers) / 8) + 1);
  for (const number of numbers) result[number >> 3] = (result[number >> 3] ?? 0) | (1 << (number & 7));
  return [String(result.length), ...Array.from(result, String)];
}

function pidsProperties({ pids: { limit = 0 } = {} }: OciResources): Property[] {
  return limit === 0 ? [] : [["TasksMax", "t", limit === -1 ? INFINITY : digits("TasksMax", limit, 1)]];
}

function ioProperties({ blockIO: { weight } = {} }: OciResources, version: 1 | 2): Property[] {
  if (!weight) return [];
  const checked = checkedWeight("linux.resources.blockIO.weight", weight);
  return [version === 2 ? ["IOWeight", "t", String(ioWeightOf(checked))] : ["BlockIOWeight", "t", String(checked)]];
}

/**
 * The list of devices. systemd has only lists of what is allowed; one with exceptions stays with Ringside's own program
 * or file, and systemd is told to keep out.
 */
function deviceProperties({ devices = [] }: OciResources): Property[] {
  const allowed = plainList(devices);
  if (allowed === undefined) return [["DevicePolicy", "s", "auto"]];
  const list = allowed.flatMap((rule) => [devicePath(rule), rule.access]);
  return [
    ["DevicePolicy", "s", "strict"],
    ["DeviceAllow", "a(ss)", String(allowed.length), ...list],
  ];
}

/** What is allowed where all else is denied; undefined where the rules do not come to that. */
function plainList(devices: NonNullable<OciResources["devices"]>): DeviceList["exceptions"] | undefined {
  try {
    const { allowAll, exceptions } = deviceList(deviceRules(devices));
    return allowAll ? undefined : exceptions;
  } catch (error) {
    // Only exceptions to exceptions cannot be told; a rule that makes no sense is found by whoever enforces it.
    if (error instanceof RingsideError) return undefined;
    throw error;
  }
}

/** By number, which needs no node to be there. */
function devicePath({ type, major, minor }: DeviceList["exceptions"][number]): string {
  const kind = type === "c" ? "char" : "block";
  if (major === undefined) return `${kind}-*`;
  return minor === undefined ? `${kind}-${major}` : `/dev/${kind}/${major}:${minor}`;
}
