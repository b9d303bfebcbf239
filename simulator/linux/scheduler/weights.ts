/**
 * How much of a processor one gets beside others: the kernel's table of weights by nice value, where one step is a tenth
 * of the processor (Documentation/scheduler/sched-nice-design.rst; sched_prio_to_weight in kernel/sched/core.c), and what
 * cpu.weight of a control group becomes (Documentation/admin-guide/cgroup-v2.rst, "Weights").
 */

/** The weight of nice 0, and the unit of virtual time: for it, a nanosecond is a virtual nanosecond. */
export const NICE_0_WEIGHT = 1024;

export const LOWEST_NICE = -20;
export const HIGHEST_NICE = 19;

/** Each about 1.25 times the next, from nice -20 to nice 19. */
const WEIGHT_OF_NICE: readonly number[] = [
  88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904, 3906, 3121, 2501, 1991,
  1586, 1277, 1024, 820, 655, 526, 423, 335, 272, 215, 172, 137, 110, 87, 70, 56, 45, 36, 29, 23, 18, 15,
];

/**
 * @param nice -20, the most, to 19, the least
 * @throws RangeError where it is no nice value (setpriority(2) would take the nearest one)
 */
export function weightOfNice(nice: number): number {
  const weight = WEIGHT_OF_NICE[nice - LOWEST_NICE];
  if (weight === undefined)
    throw new RangeError(`nice ${nice}: it is an integer from ${LOWEST_NICE} to ${HIGHEST_NICE}`);
  return weight;
}

/** What cpu.weight is where nobody has written it. */
export const DEFAULT_CPU_WEIGHT = 100;

/**
 * @param cpuWeight as in cpu.weight: 1 to 10000
 * @returns the scheduler's weight: 100 is that of a task of nice 0
 * @throws RangeError where the kernel would answer ERANGE
 */
export function weightOfGroup(cpuWeight: number): number {
  if (!Number.isInteger(cpuWeight) || cpuWeight < 1 || cpuWeight > 10_000) {
    throw new RangeError(`cpu.weight ${cpuWeight}: it is an integer from 1 to 10000`);
  }
  return Math.round((cpuWeight * NICE_0_WEIGHT) / DEFAULT_CPU_WEIGHT);
}
