/** A processor: carries out activities one after the other in simulated time and writes them down as spans of a track. */
import { PRIORITIES } from "../engine/priorities.ts";
import type { Simulation } from "../engine/simulation.ts";
import type { TraceRecorder } from "../trace/recorder.ts";
import type { Activities, Activity, Burst } from "./activity.ts";

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
    const iterator = activities[Symbol.iterator]();
    this.#simulation.after(0, PRIORITIES.begin, () => this.#next(iterator, done));
  }

  #next(iterator: Iterator<Activity>, done: () => void): void {
    for (;;) {
      const step = iterator.next();
      if (step.done) {
        done();
        return;
      }
      const activity = step.value;
      if (activity.kind === "mark") {
        this.#mark(activity.name, activity.args);
        continue;
      }
      if (activity.kind === "burst") this.#write(activity);
      const priority = activity.kind === "burst" ? PRIORITIES.complete : PRIORITIES.expire;
      this.#simulation.after(activity.duration, priority, () => this.#next(iterator, done));
      return;
    }
  }

  #mark(name: string, args: Burst["args"]): void {
    this.#recorder.instant({
      track: this.#track,
      name,
      at: this.#simulation.now,
      ...(args === undefined ? {} : { args }),
    });
  }

  #write(burst: Burst): void {
    const start = this.#simulation.now;
    this.#recorder.span({
      track: this.#track,
      name: burst.name,
      start,
      end: start + burst.duration,
      mode: burst.mode,
      stage: burst.stage,
      ...(burst.args === undefined ? {} : { args: burst.args }),
    });
  }
}
