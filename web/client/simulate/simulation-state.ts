/**
 * The state of a scenario's page: what was predicted, what is turned, what is shown.
 */

import { computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import type { KnobValues } from "../../../simulator/scenarios/knob.ts";
import { DEFAULT_SEED } from "../../../simulator/scenarios/run.ts";
import type { Scenario } from "../../../simulator/scenarios/scenario.ts";
import type { Timeline } from "../../../simulator/trace/timeline.ts";
import { readStored, writeStored } from "../app/storage.ts";
import { formatRaceHash, parseRaceHash } from "../race/race-hash.ts";
import { FigureState } from "../timeline/figure-state.ts";
import { captionWords } from "./caption-places.ts";
import { scenarioLanes } from "./scenario-lanes.ts";
import { type Simulated, type Simulation, simulate } from "./simulation.ts";

export class SimulationState implements Simulation {
  readonly about: Scenario;
  readonly figure: FigureState = new FigureState();
  readonly seed: Signal<number>;
  readonly knobs: Signal<KnobValues>;
  readonly allStrips: Signal<boolean> = signal(false);
  /** What somebody has said that comes out; it can be changed until the run. */
  readonly guess: Signal<string | undefined>;
  /** Whether it has been run: then the guess is locked. */
  readonly revealed: Signal<boolean>;
  readonly simulated: ReadonlySignal<Simulated> = computed(() =>
    simulate(this.scenario, this.seed.value, this.knobs.value),
  );
  readonly timeline: ReadonlySignal<Timeline | undefined> = computed(() => {
    const simulated = this.revealed.value ? this.simulated.value : undefined;
    return simulated?.kind === "ran" ? simulated.result.timeline : undefined;
  });

  /** @param hash the part of the address after `#`: whoever follows a link to a figure sees it at once */
  constructor(about: Scenario, hash: string) {
    this.about = about;
    const said = parseRaceHash(hash);
    this.seed = signal(said.seed ?? DEFAULT_SEED);
    this.knobs = signal(said.knobs);
    const kept = readStored(this.#key);
    this.guess = signal(about.question.choices.find((choice) => choice === kept));
    this.revealed = signal(hash.length > 1 || kept !== undefined);
    this.figure.scale.value = said.scale;
    this.figure.cursor.value = said.at;
    this.figure.stepCursor.value = said.step;
  }

  get scenario(): string {
    return this.about.name;
  }

  /** Keeps the figure's lanes equal to what was simulated. @returns what ends that */
  start(): () => void {
    return effect(() => {
      const timeline = this.timeline.value;
      const lanes = scenarioLanes(timeline, this.allStrips.value);
      this.figure.lanes.value = lanes;
      if (timeline !== undefined) this.#stopSomewhere(timeline);
    });
  }

  /** Runs it; the guess is kept, and stays as it is. */
  reveal(): void {
    writeStored(this.#key, this.guess.peek() ?? "");
    this.revealed.value = true;
  }

  /** The part of the address after `#` that shows the same figure again. */
  hash(): string {
    const { figure } = this;
    return formatRaceHash({
      seed: this.seed.value === DEFAULT_SEED ? undefined : this.seed.value,
      scale: figure.scale.value,
      window: undefined,
      at: undefined,
      step: undefined,
      shown: {},
      knobs: Object.fromEntries(Object.entries(this.knobs.value).map(([name, value]) => [name, String(value)])),
    });
  }

  get #key(): string {
    return `simulate.${this.scenario}`;
  }

  /** Where the first caption stands that is not at the very beginning, and at the first step. */
  #stopSomewhere(timeline: Timeline): void {
    const { cursor, stepCursor } = this.figure;
    const places = captionWords(this.about.captions, timeline).flatMap((caption) => caption.places);
    if (cursor.peek() === undefined) cursor.value = places.find(({ unit, at }) => unit === "ns" && at > 0)?.at ?? 0;
    if (stepCursor.peek() === undefined) stepCursor.value = 0;
  }
}
