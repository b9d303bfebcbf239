/** A lane of a scenario: one world on one track, carried out from time 0 in a simulation of its own. */
import { Simulation } from "../engine/simulation.ts";
import type { Activities } from "../machine/activity.ts";
import { Processor } from "../machine/processor.ts";
import type { TimeUnit, World } from "../trace/timeline.ts";
import type { ScenarioInput } from "./scenario.ts";

export interface Lane {
  readonly world: World;
  readonly name: string;
  readonly unit: TimeUnit;
  readonly life: Activities;
  /** What the reader has to know of this lane's figures, beyond the run's own provenance. */
  readonly note?: string;
  readonly accelerator?: string;
}

export const Z_OS_STEPS =
  "steps and their order from IBM's manuals and the published MVS 3.8 source; no public timings exist";

/**
 * Carries a lane out and writes it down.
 * @throws Error where it does not come to an end, which is a defect of the world
 */
export function runLane(input: ScenarioInput, lane: Lane): void {
  const { world, name, unit, note, accelerator } = lane;
  const provenance = {
    ...input.provenance,
    ...(note === undefined ? {} : { detail: `${input.provenance.detail}; ${note}` }),
    ...(accelerator === undefined ? {} : { accelerator: `simulated ${accelerator}` }),
  };
  input.recorder.track({ id: world, name, world, unit, provenance });
  const simulation = new Simulation();
  new Processor(simulation, input.recorder, world).execute(lane.life);
  const report = simulation.run();
  if (report.ended !== "finished")
    throw new Error(`simulate the ${world}: not at its end after ${report.events} events`);
}
