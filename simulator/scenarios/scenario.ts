/** What a scenario is: a name, knobs, metrics, and a pure function from seed, knobs and costs to what happens. */
import type { CostBook } from "../costs/cost-book.ts";
import type { Random } from "../engine/random.ts";
import type { TraceRecorder } from "../trace/recorder.ts";
import type { Provenance, World } from "../trace/timeline.ts";
import type { Knob, KnobValues } from "./knob.ts";

export interface MetricDescription {
  readonly name: string;
  readonly unit: string;
  readonly help: string;
}

export interface Metric {
  readonly value: number;
  readonly unit: string;
  readonly provenance: Provenance;
}

export interface WorldMetrics {
  readonly world: World;
  readonly metrics: Readonly<Record<string, Metric>>;
}

/** What a scenario gets; it takes nothing else from anywhere. */
export interface ScenarioInput {
  readonly random: Random;
  readonly knobs: KnobValues;
  readonly costs: CostBook;
  readonly recorder: TraceRecorder;
  /** The provenance of everything that comes out of this run. */
  readonly provenance: Provenance;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** A few sentences: what is compared, and what is not modelled. */
  readonly description: string;
  readonly knobs: readonly Knob[];
  readonly metrics: readonly MetricDescription[];
  /** Carries the scenario out and writes it down. @throws ScenarioError where the knobs do not go together */
  readonly run: (input: ScenarioInput) => void;
}

/** @returns the value of a choice knob; knobs have been parsed, so a wrong type is a defect of the scenario. */
export function choiceOf(knobs: KnobValues, name: string): string {
  const value = knobs[name];
  if (typeof value !== "string") throw new TypeError(`knob ${name} is not a choice`);
  return value;
}

/** @returns the value of an integer knob. */
export function integerOf(knobs: KnobValues, name: string): number {
  const value = knobs[name];
  if (typeof value !== "number") throw new TypeError(`knob ${name} is not an integer`);
  return value;
}
