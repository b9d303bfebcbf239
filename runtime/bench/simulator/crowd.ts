/**
 * Many events that wait at once, which is where queues of events differ: each that happens puts another one off to a random
 * time, so that there are always as many (the hold model; Jones, "An Empirical Comparison of Priority-Queue and Event-Set
 * Implementations", 1986).
 */

import { PRIORITIES } from "../../../simulator/engine/priorities.ts";
import { Random } from "../../../simulator/engine/random.ts";
import { Simulation } from "../../../simulator/engine/simulation.ts";

export const WAITING = 1000;
const MEAN_DELAY_NS = 1_000_000;

/** @returns how many events have happened: as many as were asked for */
export function runCrowd(seed: number, events: number): number {
  const random = new Random(seed, "crowd");
  const simulation = new Simulation();
  const again = (which: number): void => {
    simulation.post(simulation.now + random.exponential(MEAN_DELAY_NS), PRIORITIES.begin, again, which);
  };
  for (let which = 0; which < WAITING; which++) again(which);
  return simulation.run({ maxEvents: events }).events;
}
