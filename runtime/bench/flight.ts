/** How many starts were really under way: asking for sixteen at once says little where the launcher is the bottleneck. */

import type { Sample } from "./system.ts";

export interface InFlight {
  /** Seen at each start, that start included. */
  readonly mean: number;
  readonly max: number;
}

/**
 * Counts at the moment of each request which starts had been requested and were not gone.
 * @param samples in any order, at least one
 */
export function inFlight(samples: readonly Pick<Sample, "requestedNs" | "gone">[]): InFlight {
  const spans = samples.map(({ requestedNs, gone }) => ({ from: requestedNs, to: requestedNs + gone * 1e6 }));
  const seen = spans.map(({ from: now }) => spans.filter(({ from, to }) => from <= now && now < to).length);
  return { mean: seen.reduce((sum, count) => sum + count, 0) / seen.length, max: Math.max(...seen) };
}
