/** The limits of `run` and `update`, by Docker's names. docker-run(1), docker-update(1). */
import type { Command } from "commander";
import { DEFAULT_PERIOD_US } from "../cgroup/limits.ts";
import { parseCount, parseCpus, parseMemory } from "../container/options.ts";
import { RingsideError } from "../error.ts";
import type { OciCpu, OciMemory, OciResources } from "../oci/config.ts";

/** As commander hands them over. */
export interface ResourceFlags {
  readonly memory?: string;
  readonly memorySwap?: string;
  readonly memoryReservation?: string;
  readonly memorySwappiness?: string;
  readonly cpus?: string;
  readonly cpuShares?: string;
  readonly cpuQuota?: string;
  readonly cpuPeriod?: string;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly pidsLimit?: string;
  readonly blkioWeight?: string;
}

/** No limit, as Docker writes it. */
const UNLIMITED = "-1";

/** Adds the options to `command`. */
export function addResourceOptions(command: Command): Command {
  return command
    .option("-m, --memory <amount>", "limit its memory, such as 64m")
    .option("--memory-swap <amount>", "limit memory and swap together; -1: no limit on swap")
    .option("--memory-reservation <amount>", "memory that it keeps when the machine runs short")
    .option("--memory-swappiness <0-100>", "how readily its pages go to swap")
    .option("--cpus <number>", "limit its processor time, such as 0.5")
    .option("-c, --cpu-shares <number>", "its share when others want the processor too; 1024 is usual")
    .option("--cpu-quota <microseconds>", "processor time in each period; -1: no limit")
    .option("--cpu-period <microseconds>", "length of the period (default: 100000)")
    .option("--cpuset-cpus <list>", "the CPUs that it may run on, such as 0-2,4")
    .option("--cpuset-mems <list>", "the memory nodes that it may use")
    .option("--pids-limit <number>", "limit its processes and threads; -1: no limit")
    .option("--blkio-weight <10-1000>", "its share when others want the disk too");
}

/** @throws RingsideError naming the option whose value makes no sense */
export function resourcesOf(flags: ResourceFlags): OciResources {
  const memory = memoryOf(flags);
  const cpu = cpuOf(flags);
  const { pidsLimit, blkioWeight } = flags;
  return {
    ...(Object.keys(memory).length > 0 && { memory }),
    ...(Object.keys(cpu).length > 0 && { cpu }),
    ...(pidsLimit !== undefined && { pids: { limit: orUnlimited(pidsLimit, pidsCount) } }),
    ...(blkioWeight !== undefined && { blockIO: { weight: within(blkioWeight, "--blkio-weight", 10, 1000) } }),
  };
}

function memoryOf({ memory, memorySwap, memoryReservation, memorySwappiness }: ResourceFlags): OciMemory {
  if (memorySwap !== undefined && memory === undefined) {
    throw new RingsideError("--memory-swap is memory and swap together, and needs --memory", { fix: "add --memory" });
  }
  const limit = memory === undefined ? undefined : orUnlimited(memory, parseMemory);
  const swap = memorySwap === undefined ? undefined : orUnlimited(memorySwap, parseMemory);
  if (limit !== undefined && swap !== undefined && swap >= 0 && swap < limit) {
    throw new RingsideError(`--memory-swap ${memorySwap} is less than --memory ${memory}: it is both together`, {
      fix: "give at least as much as --memory",
    });
  }
  return {
    ...(limit !== undefined && { limit }),
    ...(swap !== undefined && { swap }),
    ...(memoryReservation !== undefined && { reservation: parseMemory(memoryReservation) }),
    ...(memorySwappiness !== undefined && { swappiness: within(memorySwappiness, "--memory-swappiness", 0, 100) }),
  };
}

function cpuOf({ cpus, cpuShares, cpuQuota, cpuPeriod, cpusetCpus, cpusetMems }: ResourceFlags): OciCpu {
  if (cpus !== undefined && (cpuQuota !== undefined || cpuPeriod !== undefined)) {
    throw new RingsideError("--cpus says the same as --cpu-quota and --cpu-period", { fix: "give one or the other" });
  }
  return {
    ...(cpus !== undefined && { quota: Math.round(parseCpus(cpus) * DEFAULT_PERIOD_US), period: DEFAULT_PERIOD_US }),
    ...(cpuQuota !== undefined && { quota: orUnlimited(cpuQuota, microseconds) }),
    ...(cpuPeriod !== undefined && { period: microseconds(cpuPeriod) }),
    ...(cpuShares !== undefined && { shares: within(cpuShares, "--cpu-shares", 2, 262_144) }),
    ...(cpusetCpus !== undefined && { cpus: cpusetCpus }),
    ...(cpusetMems !== undefined && { mems: cpusetMems }),
  };
}

function orUnlimited(text: string, parse: (text: string) => number): number {
  return text.trim() === UNLIMITED ? -1 : parse(text);
}

function pidsCount(text: string): number {
  return parseCount(text, "a number of processes");
}

function microseconds(text: string): number {
  return parseCount(text, "a number of microseconds");
}

function within(text: string, option: string, least: number, most: number): number {
  const number = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new RingsideError(`${option} ${JSON.stringify(text)} is not a whole number from ${least} to ${most}`, {
    fix: `give ${option} a value from ${least} to ${most}`,
  });
}
