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

/** What is asked before a scenario is run: whoever has committed to an answer learns more from the true one. */
export interface Question {
  readonly text: string;
  readonly choices: readonly string[];
  /** One of the choices, right for the scenario with its knobs as they are by default. */
  readonly answer: string;
}

/** A statement of the article that the house starts from, as an experiment. */
export interface Claim {
  /** In our own words. */
  readonly text: string;
  readonly verdict: "holds" | "holds loosely" | "outdated" | "wrong";
  /** What of the scenario shows it. */
  readonly because: string;
}

/** Words beside the picture at one place of it: a span's or an instant's name, or a stage. */
export interface Caption {
  readonly at: string;
  readonly text: string;
}

/** What a scenario gets; it takes nothing else from anywhere. */
export interface ScenarioInput {
  readonly random: Random;
  readonly knobs: KnobValues;
  readonly costs: CostBook;
  readonly recorder: TraceRecorder;
  /** The provenance of everything that comes out of this run. */
  readonly provenance: Provenance;
  /**
   * Reports a figure that cannot be read off the trace: bytes shared, requests answered, who is left alive. It is one of
   * the scenario's metrics, and has the unit that is written there.
   */
  readonly metric: (world: World, name: string, value: number) => void;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** A few sentences: what is compared, and what is not modelled. */
  readonly description: string;
  readonly question: Question;
  readonly claim: Claim;
  readonly captions: readonly Caption[];
  readonly knobs: readonly Knob[];
  readonly metrics: readonly MetricDescription[];
  /** Carries the scenario out and writes it down. @throws ScenarioError where the knobs do not go together */
  readonly run: (input: ScenarioInput) => void;
}

/** A scenario that need not ask or claim anything: one that somebody else wrote. Ours do both. */
export type AnyScenario = Omit<Scenario, "question" | "claim"> & Partial<Pick<Scenario, "question" | "claim">>;

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
