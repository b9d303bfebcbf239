/**
 * What a row of the validation is: a figure that somebody published, or an order that all of them have, beside what the
 * model says when it is run. Rows that a cost was derived from show that the parts still make the whole; they cannot show more,
 * and say so.
 */
import { CostBook } from "../../costs/cost-book.ts";
import { DEFAULT_PROFILE, findProfile } from "../../costs/profiles.ts";
import type { World } from "../../trace/timeline.ts";
import type { KnobValues } from "../knob.ts";
import { findScenario } from "../registry.ts";
import { runScenario, type ScenarioResult } from "../run.ts";

/**
 * What the prediction rests on. `the figure itself`: it is one of the model's costs. `its parts`: costs were derived from
 * it. `other figures`: nothing of it is in the model.
 */
export type Basis = "the figure itself" | "its parts" | "other figures";

export interface FigureCheck {
  readonly kind: "figure";
  readonly id: string;
  readonly published: number;
  readonly unit: string;
  /** As a share of the published figure. */
  readonly tolerance: number;
  readonly source: string;
  readonly basis: Basis;
  /** Runs the model; in the row's unit. */
  readonly predict: () => number;
}

/** One thing more than the one before it, and so on. */
export interface OrderCheck {
  readonly kind: "order";
  readonly id: string;
  /** What is said of all machines. */
  readonly claim: string;
  readonly source: string;
  /** How many times the next one has to be of the one before it, more than. */
  readonly least: number;
  readonly predict: () => readonly NamedValue[];
}

export interface NamedValue {
  readonly name: string;
  readonly value: number;
}

export type Check = FigureCheck | OrderCheck;

export const MS = 1_000_000;
export const US = 1000;

/** @returns the costs as published: what was measured on some machine has no part in a validation. */
export function publishedCosts(): CostBook {
  const profile = findProfile(DEFAULT_PROFILE);
  if (profile === undefined) throw new RangeError(`there is no profile ${DEFAULT_PROFILE}`);
  return new CostBook(profile);
}

/** Runs a scenario of which no start is faster or slower than its sources' typical one. */
export function typicalRun(scenario: string, knobs: KnobValues): ScenarioResult {
  const hasSpread = findScenario(scenario)?.knobs.some(({ name }) => name === "spread") === true;
  return runScenario(scenario, { knobs: hasSpread ? { ...knobs, spread: 0 } : knobs });
}

/** @throws RangeError where the scenario has no such metric, which is a defect of the row */
export function metricOf(result: ScenarioResult, world: World, metric: string): number {
  const value = result.metrics.find((entry) => entry.world === world)?.metrics[metric]?.value;
  if (value === undefined) throw new RangeError(`validate: ${result.scenario} has no ${metric} of the ${world}`);
  return value;
}

/** @returns the time of all spans of a world that fit, whoever carried them out. */
export function timeOf(
  result: ScenarioResult,
  world: World,
  fits: (span: { stage: string; name: string }) => boolean,
): number {
  const tracks = new Set(result.timeline.tracks.filter((track) => track.world === world).map(({ id }) => id));
  const spans = result.timeline.spans.filter((span) => tracks.has(span.track) && fits(span));
  if (spans.length === 0) throw new RangeError(`validate: ${result.scenario} has no such span in the ${world}`);
  return spans.reduce((sum, { start, end }) => sum + end - start, 0);
}
