/**
 * The race's state: what was simulated, what was measured, what is shown of both.
 */

import { computed, effect, type ReadonlySignal, type Signal, signal, untracked } from "@preact/signals-core";
import type { KnobValues } from "../../../simulator/scenarios/knob.ts";
import { DEFAULT_SEED } from "../../../simulator/scenarios/run.ts";
import { MARKS, type Timeline, type World } from "../../../simulator/trace/timeline.ts";
import type { RealWorld } from "../../protocol/race.ts";
import { type Simulated, type Simulation, simulate } from "../simulate/simulation.ts";
import { FigureState } from "../timeline/figure-state.ts";
import { raceLanes, type Shown } from "./lanes.ts";
import { formatRaceHash, parseRaceHash, type RaceHash } from "./race-hash.ts";

export const RACE_SCENARIO = "startup-race";

/** How the run for real stands in one world. */
export type RealRun =
  | { readonly kind: "running"; readonly message: string }
  | { readonly kind: "unavailable"; readonly reason: string; readonly fix: string };

export class RaceState implements Simulation {
  readonly scenario = RACE_SCENARIO;
  readonly figure: FigureState = new FigureState();
  readonly seed: Signal<number> = signal(DEFAULT_SEED);
  readonly knobs: Signal<KnobValues> = signal({});
  readonly measured: Signal<Readonly<Partial<Record<World, Timeline>>>> = signal({});
  readonly runs: Signal<Readonly<Partial<Record<RealWorld, RealRun>>>> = signal({});
  readonly shown: Signal<Readonly<Partial<Record<World, Shown>>>> = signal({});
  readonly simulated: ReadonlySignal<Simulated> = computed(() =>
    simulate(RACE_SCENARIO, this.seed.value, this.knobs.value),
  );

  /** Where the cursor was put without anybody asking; as long as it is still there, it may be put elsewhere. */
  #unaskedCursor: number | undefined;

  constructor(hash: string) {
    this.#restore(parseRaceHash(hash), hash.length > 1);
  }

  /** Keeps the figure's lanes equal to what there is to show. @returns what ends that */
  start(): () => void {
    return effect(() => {
      this.figure.lanes.value = raceLanes({
        simulated: this.#timeline(),
        measured: this.measured.value,
        shown: this.shown.value,
      });
    });
  }

  /** Takes over a measured lane. The cursor moves to its telling moment, unless somebody has moved it. */
  addMeasured(world: World, timeline: Timeline): void {
    this.measured.value = { ...this.measured.value, [world]: timeline };
    const moment = tellingMoment(timeline);
    const { cursor } = this.figure;
    if (moment === undefined || cursor.value === undefined || cursor.value !== this.#unaskedCursor) return;
    this.#unaskedCursor = moment;
    cursor.value = moment;
  }

  show(world: World, shown: Shown): void {
    this.shown.value = { ...this.shown.value, [world]: shown };
  }

  /** The part of the address after `#` that shows the same figure again. */
  hash(): string {
    const { figure } = this;
    const { from, to } = figure.view.value;
    const whole = from <= 0 && to >= 1;
    return formatRaceHash({
      seed: this.seed.value === DEFAULT_SEED ? undefined : this.seed.value,
      scale: figure.scale.value,
      window: whole ? undefined : { from: figure.warp.value.toTime(from), to: figure.warp.value.toTime(to) },
      at: figure.playing.value ? undefined : figure.cursor.value,
      step: figure.playing.value ? undefined : figure.stepCursor.value,
      shown: this.shown.value,
      knobs: Object.fromEntries(Object.entries(this.knobs.value).map(([name, value]) => [name, String(value)])),
    });
  }

  #timeline(): Timeline | undefined {
    const simulated = this.simulated.value;
    return simulated.kind === "ran" ? simulated.result.timeline : undefined;
  }

  /** Takes over what the address says; without a word from it, stops at the most telling moment. */
  #restore(hash: RaceHash, said: boolean): void {
    const { figure } = this;
    this.seed.value = hash.seed ?? DEFAULT_SEED;
    this.knobs.value = hash.knobs;
    this.shown.value = hash.shown;
    figure.scale.value = hash.scale;
    untracked(() => {
      const timeline = this.#timeline();
      figure.lanes.value = raceLanes({ simulated: timeline, measured: {}, shown: {} });
      if (hash.window !== undefined) {
        const { warp } = figure;
        figure.view.value = { from: warp.value.toPlace(hash.window.from), to: warp.value.toPlace(hash.window.to) };
      }
      this.#unaskedCursor = hash.at === undefined && !said ? tellingMoment(timeline) : undefined;
      figure.cursor.value = hash.at ?? this.#unaskedCursor;
      figure.stepCursor.value = hash.step ?? (said ? undefined : 0);
    });
  }
}

/** The container's first instruction: the process is over by then, and the machine has hardly begun. */
function tellingMoment(timeline: Timeline | undefined): number | undefined {
  const container = timeline?.tracks.find(({ world }) => world === "container");
  return timeline?.instants.find(({ track, name }) => track === container?.id && name === MARKS.firstInstruction)?.at;
}
