/** Customers who come independently of one another: the gaps between them are exponential. */
import { PRIORITIES } from "../engine/priorities.ts";
import type { Random } from "../engine/random.ts";
import type { Simulation } from "../engine/simulation.ts";

export interface PoissonOptions {
  readonly simulation: Simulation;
  readonly random: Random;
  /** The mean time from one to the next. */
  readonly meanGap: number;
  readonly customers: number;
  readonly arrive: () => void;
}

/** Lets customers come, from the present on. */
export function poissonArrivals({ simulation, random, meanGap, customers, arrive }: PoissonOptions): void {
  let left = customers;
  const next = (): void => {
    arrive();
    if (--left > 0) simulation.post(simulation.now + random.exponential(meanGap), PRIORITIES.begin, next);
  };
  if (left > 0) simulation.post(simulation.now + random.exponential(meanGap), PRIORITIES.begin, next);
}
