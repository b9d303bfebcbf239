/** The options of `update` that change one limit each, runc's names, as the resources that they stand for. */
import type { OciCpu, OciMemory, OciResources } from "../../oci/config.ts";
import type { Values } from "./arguments.ts";
import { UsageError } from "./usage-error.ts";

export const RESOURCE_OPTIONS = {
  resources: { kind: "value", short: "r", help: "a file of resources as JSON, - for standard input; then no other" },
  "blkio-weight": { kind: "value", help: "share of the block devices, 10 to 1000" },
  "cpu-period": { kind: "value", help: "length of a period, microseconds" },
  "cpu-quota": { kind: "value", help: "time in each period, microseconds" },
  "cpu-burst": { kind: "value", help: "time saved up from earlier periods, microseconds" },
  "cpu-share": { kind: "value", help: "share of the CPUs, 2 to 262144" },
  "cpu-rt-period": { kind: "value", help: "length of a real-time period, microseconds" },
  "cpu-rt-runtime": { kind: "value", help: "real-time time in each period, microseconds" },
  "cpu-idle": { kind: "value", help: "1: run only when nobody else wants to" },
  "cpuset-cpus": { kind: "value", help: "which CPUs: 0-2,5" },
  "cpuset-mems": { kind: "value", help: "which memory nodes: 0,1" },
  memory: { kind: "value", short: "m", help: "bytes of memory" },
  "memory-reservation": { kind: "value", help: "bytes of memory that are not taken away easily" },
  "memory-swap": { kind: "value", help: "bytes of memory and swap together; -1: no limit" },
  "kernel-memory": { kind: "value", help: "accepted: kernels ignore it" },
  "kernel-memory-tcp": { kind: "value", help: "bytes of buffers for TCP" },
  "pids-limit": { kind: "value", help: "processes and threads" },
} as const;

type ResourceValues = Values<typeof RESOURCE_OPTIONS>;
type Name = keyof typeof RESOURCE_OPTIONS;

/** Units are powers of 1024, as Docker's. */
const UNITS: Readonly<Record<string, number>> = { "": 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** @returns the number that an option gave, with `units` also `64m`; undefined where it was not given */
function numberOf(values: ResourceValues, name: Name, units: "units" | "none" = "none"): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  const [, digits, unit = ""] = /^(-?\d+)([bkmgt]?)b?$/i.exec(text) ?? [];
  const value = Number(digits) * (UNITS[unit.toLowerCase()] ?? 1);
  if (digits !== undefined && Number.isSafeInteger(value) && (unit === "" || units === "units")) return value;
  throw new UsageError(`invalid value ${JSON.stringify(text)} for --${name}: not a whole number`);
}

/** Whether any option but --resources was given. */
export function givesLimits(values: ResourceValues): boolean {
  return Object.keys(values).some((name) => name !== "resources");
}

/**
 * The limits that the options ask for.
 * @throws RingsideError for a value that is no number
 */
export function resourcesOf(values: ResourceValues): OciResources {
  const cpu = cpuOf(values);
  const memory = memoryOf(values);
  const weight = numberOf(values, "blkio-weight");
  const limit = numberOf(values, "pids-limit");
  return {
    ...(Object.keys(cpu).length > 0 && { cpu }),
    ...(Object.keys(memory).length > 0 && { memory }),
    ...(weight !== undefined && { blockIO: { weight } }),
    ...(limit !== undefined && { pids: { limit } }),
  };
}

function cpuOf(values: ResourceValues): OciCpu {
  const { "cpuset-cpus": cpus, "cpuset-mems": mems } = values;
  return {
    ...field("shares", numberOf(values, "cpu-share")),
    ...field("quota", numberOf(values, "cpu-quota")),
    ...field("burst", numberOf(values, "cpu-burst")),
    ...field("period", numberOf(values, "cpu-period")),
    ...field("realtimeRuntime", numberOf(values, "cpu-rt-runtime")),
    ...field("realtimePeriod", numberOf(values, "cpu-rt-period")),
    ...field("idle", numberOf(values, "cpu-idle")),
    ...field("cpus", cpus),
    ...field("mems", mems),
  };
}

function memoryOf(values: ResourceValues): OciMemory {
  return {
    ...field("limit", numberOf(values, "memory", "units")),
    ...field("reservation", numberOf(values, "memory-reservation", "units")),
    ...field("swap", numberOf(values, "memory-swap", "units")),
    ...field("kernelTCP", numberOf(values, "kernel-memory-tcp", "units")),
  };
}

/** One field, if it has a value. */
function field<Name extends string, Value>(name: Name, value: Value | undefined): { [Key in Name]?: Value } {
  if (value === undefined) return {};
  const one: { [key: string]: Value } = { [name]: value };
  // The only key is the name that was given.
  return one as { [Key in Name]?: Value };
}
