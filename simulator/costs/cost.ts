/**
 * What a cost is: a number that somebody measured, with where it comes from. Nothing in the simulator takes time except
 * by a cost, and no cost is without a source.
 */

/**
 * `published`: read in the named source, or recomputed from its raw data. `derived`: arithmetic on published or measured
 * values, spelled out in the source. `measured`: measured by us on the named machine. `assumed`: nobody published it
 * and we could not measure it; the source says why this value.
 */
export type CostStatus = "published" | "derived" | "measured" | "assumed";

export type CostUnit = "ns" | "count" | "permille";

export interface Cost {
  /** Dotted, most general first: `linux.systemCall.entry`, `vm.firecracker.m5d.kernel`. */
  readonly id: string;
  /** A non-negative integer in the unit. */
  readonly value: number;
  readonly unit: CostUnit;
  readonly status: CostStatus;
  /** Where the value is written, precisely enough to find it; for `derived` the arithmetic. */
  readonly source: string;
  /** When it was published or measured: ISO 8601, as precisely as known. */
  readonly date: string;
  /** The machine it was measured on; "not stated" where the source does not say. */
  readonly machine: string;
}

/** A named set of costs. Exactly one is in use in a run, and every figure names it. */
export interface CostProfile {
  readonly name: string;
  /** One sentence: whose figures these are. */
  readonly title: string;
  readonly costs: readonly Cost[];
}

/** @returns what is wrong with a cost, one sentence each; empty for a sound one. */
export function checkCost(cost: Cost): string[] {
  const problems: string[] = [];
  if (!Number.isSafeInteger(cost.value) || cost.value < 0) problems.push("the value is not a non-negative integer");
  if (cost.source.trim().length < 10) problems.push("the source is missing");
  if (cost.machine.trim() === "") problems.push("the machine is missing");
  if (!/^\d{4}(-\d{2}(-\d{2})?)?$/.test(cost.date)) problems.push(`the date "${cost.date}" is not ISO 8601`);
  return problems.map((problem) => `cost ${cost.id}: ${problem}`);
}
