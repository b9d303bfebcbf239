/** Starts that were asked for at the same time: a report's rows for each system and number, one at a time included. */

import type { BenchReport, SystemReport, SystemVariant } from "../schema.ts";

/** One condition of a system. */
export interface Crowd {
  readonly concurrency: number;
  readonly p50: number;
  readonly p99: number;
  readonly variant: SystemVariant | undefined;
}

/**
 * The systems that were started several at once, with the rows for each number, one at a time included.
 */
export function crowdsOf({ systems }: BenchReport): { system: SystemReport; crowds: Crowd[] }[] {
  return systems.flatMap((system) => {
    const several = (system.variants ?? []).filter(({ cache, workload }) => cache === "warm" && workload === "byte");
    const crowds = several.flatMap((variant): Crowd[] => {
      const mark = variant.marks.firstByte;
      return mark === undefined ? [] : [{ concurrency: variant.concurrency, p50: mark.p50, p99: mark.p99, variant }];
    });
    if (crowds.length === 0) return [];
    const main = system.marks.firstByte;
    const isThere = crowds.some(({ concurrency }) => concurrency === 1);
    if (main !== undefined && !isThere)
      crowds.push({ concurrency: 1, p50: main.p50, p99: main.p99, variant: undefined });
    return [{ system, crowds: crowds.toSorted((one, other) => one.concurrency - other.concurrency) }];
  });
}
