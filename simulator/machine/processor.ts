/** A processor of one thread's own: carries its activities out one after the other and writes them down as spans of a track. */
import type { Simulation } from "../engine/simulation.ts";
import type { TraceRecorder } from "../trace/recorder.ts";
import type { Activities } from "./activity.ts";
import { CpuSet } from "./cpu-set.ts";
import { RoundRobin } from "./policy.ts";
import { Thread } from "./thread.ts";
import { trackObserver } from "./track-observer.ts";

export class Processor {
  readonly #simulation: Simulation;
  readonly #recorder: TraceRecorder;
  readonly #track: string;

  constructor(simulation: Simulation, recorder: TraceRecorder, track: string) {
    this.#simulation = simulation;
    this.#recorder = recorder;
    this.#track = track;
  }

  /**
   * Begins to carry out the activities at the simulation's present time; they happen while the simulation runs.
   * @param activities drawn one at a time, each when the one before has ended
   * @param done called when the last one has ended
   */
  execute(activities: Activities, done: () => void = () => {}): void {
    const observer = { ...trackObserver(this.#recorder, () => this.#track), ended: done };
    const policy = new RoundRobin(Number.POSITIVE_INFINITY);
    const cpus = new CpuSet({ simulation: this.#simulation, cpus: 1, policy, observer });
    cpus.start(new Thread(this.#track, activities));
  }
}
