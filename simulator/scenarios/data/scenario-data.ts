/**
 * A scenario as data: what docs/scenario.md teaches to write, and what simple scenarios of our own are written as. Only
 * the workload has to be there; everything else has a default. from-data.ts makes a Scenario of it.
 */
import type { Random } from "../../engine/random.ts";
import type { Instant, Span, TimeUnit, World } from "../../trace/timeline.ts";
import type { Operation } from "../../workload/workload.ts";
import type { Knob, KnobValues } from "../knob.ts";
import type { Caption, Claim, MetricDescription, Question } from "../scenario.ts";
import type { Part } from "../worlds.ts";

/** What happened in one world, for a metric of the scenario's own. */
export interface WorldView {
  readonly world: World;
  readonly unit: TimeUnit;
  readonly knobs: KnobValues;
  readonly spans: readonly Span[];
  readonly instants: readonly Instant[];
}

/** A figure that only this scenario has. */
export interface OwnMetric extends MetricDescription {
  /** @returns an integer; undefined where the world has no such figure */
  readonly of: (view: WorldView) => number | undefined;
}

/** The workload for some values of the knobs. `random` is the only source of chance: same seed, same trace. */
export type WorkloadOf = (knobs: KnobValues, random: Pick<Random, "integer">) => readonly Operation[];

export interface ScenarioData {
  /** The file's name without its ending, where it is left out. */
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly question?: Question;
  readonly claim?: Claim;
  readonly captions?: readonly Caption[];
  /** Knobs of its own, and by their names knobs of startup-race, which say what the worlds are made of. */
  readonly knobs?: readonly (Knob | string)[];
  /** Values of startup-race's knobs that hold for every run. */
  readonly settings?: KnobValues;
  /** All four, where they are left out. */
  readonly worlds?: readonly World[];
  /** `program` where it is left out: start and end belong to startup-race. */
  readonly part?: Part;
  /** What the program is called; as the scenario, where it is left out. */
  readonly program?: string;
  readonly workload: readonly Operation[] | WorkloadOf;
  /** Names of what can be read off any trace, and metrics of its own. */
  readonly metrics?: readonly (string | OwnMetric)[];
}
