/**
 * The limits that a container may have, and which values make sense. Names and meanings are docker-run(1)'s.
 */
import { availableParallelism } from "node:os";
import { RingsideError } from "../error.ts";
import type { OciResources } from "../oci/config.ts";

export interface Limits {
  /** Memory, page cache of its files included. The kernel rounds down to whole pages. */
  readonly memoryBytes?: number;
  /** Processor time per elapsed time: 1.5 is one and a half CPUs. */
  readonly cpus?: number;
  /** Processes and threads together. */
  readonly pidsLimit?: number;
}

/** What of a configuration's resources is enforced. */
export function limitsOf({ memory, cpu, pids }: OciResources = {}): Limits {
  // -1 is no limit.
  const isLimit = (value: number | undefined): value is number => value !== undefined && value !== -1;
  return {
    ...(isLimit(memory?.limit) && { memoryBytes: memory.limit }),
    ...(isLimit(cpu?.quota) && { cpus: cpu.quota / (cpu.period ?? DEFAULT_PERIOD_US) }),
    ...(isLimit(pids?.limit) && { pidsLimit: pids.limit }),
  };
}

/** Below this the kernel always kills the container before its program runs; up to 220 KiB it sometimes does (measured). */
export const MINIMUM_MEMORY_BYTES = 128 * 1024;
/** cpu.cfs_quota_us below 1,000 is refused by the kernel; with the period of 100,000 that is a hundredth of a CPU. */
export const MINIMUM_CPUS = 0.01;
/** PIDS_MAX is the kernel's largest number of processes, PID_MAX_LIMIT on 64 bits, plus one. */
export const MAXIMUM_PIDS = 4 * 1024 * 1024;
/** cpu.cfs_period_us of a new group. */
export const DEFAULT_PERIOD_US = 100_000;

/**
 * @param limitBytes 0, -1 and undefined are no limit
 * @throws RingsideError for one that no program could start within
 */
export function checkMemory(limitBytes: number | undefined): void {
  if (limitBytes === undefined || limitBytes === 0 || limitBytes === -1) return;
  if (Number.isInteger(limitBytes) && limitBytes >= MINIMUM_MEMORY_BYTES) return;
  throw tooLittle(limitBytes);
}

function tooLittle(limitBytes: number): RingsideError {
  return new RingsideError(
    `cannot limit memory to ${limitBytes} bytes (linux.resources.memory.limit): the least that starts a program is ${MINIMUM_MEMORY_BYTES / 1024} KiB`,
    { fix: "give more memory, such as --memory 64m" },
  );
}

/**
 * Checks limits before anything is made, so that a wrong value leaves nothing behind.
 *
 * @param limits as asked for
 * @param processors how many CPUs there are for us, this machine's unless given; more than that cannot be given
 * @throws RingsideError naming the limit, the value and the range
 */
export function checkLimits(limits: Limits, processors?: number): void {
  const { memoryBytes, cpus, pidsLimit } = limits;
  if (memoryBytes === 0 || (memoryBytes !== undefined && !Number.isSafeInteger(memoryBytes)))
    throw tooLittle(memoryBytes);
  checkMemory(memoryBytes);
  if (cpus !== undefined) checkCpus(cpus, processors ?? availableParallelism());
  if (pidsLimit !== undefined && !(Number.isSafeInteger(pidsLimit) && pidsLimit >= 1 && pidsLimit <= MAXIMUM_PIDS)) {
    throw new RingsideError(`cannot limit processes to ${pidsLimit}: not a whole number from 1 to ${MAXIMUM_PIDS}`, {
      fix: "give --pids-limit a number such as 100, or leave it out for no limit",
    });
  }
}

function checkCpus(cpus: number, processors: number): void {
  if (cpus >= MINIMUM_CPUS && cpus <= processors) return;
  throw new RingsideError(
    `cannot give ${cpus} CPUs: this machine has ${processors}, and the least is ${MINIMUM_CPUS}`,
    {
      fix: `give --cpus a value from ${MINIMUM_CPUS} to ${processors}`,
    },
  );
}
