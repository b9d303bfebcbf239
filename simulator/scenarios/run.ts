/**
 * Runs a scenario: the one way in, for the command line, for the browser and for tests. Pure: the same name, seed,
 * knobs and profile give the same result, byte for byte, everywhere.
 */
import type { Cost, CostProfile } from "../costs/cost.ts";
import { CostBook } from "../costs/cost-book.ts";
import { DEFAULT_PROFILE, findProfile, PROFILES } from "../costs/profiles.ts";
import { MAX_SEED, Random } from "../engine/random.ts";
import { crossingCounters } from "../trace/counters.ts";
import { traceHash } from "../trace/hash.ts";
import { TraceRecorder } from "../trace/recorder.ts";
import type { Provenance, Timeline } from "../trace/timeline.ts";
import { type KnobValues, parseKnobs, ScenarioError, suggestion } from "./knob.ts";
import { measureWorlds, type ReportedMetric } from "./metrics.ts";
import { findScenario, SCENARIOS } from "./registry.ts";
import type { AnyScenario, ScenarioInput, WorldMetrics } from "./scenario.ts";

export const DEFAULT_SEED = 1;

export interface RunOptions {
  /** An integer from 0 to 2^53 - 1. */
  readonly seed?: number;
  /** Values by knob; what is not named keeps its default. */
  readonly knobs?: KnobValues;
  /** A profile that is known by its name, or a whole one: a machine's own is not in the simulator. */
  readonly profile?: string | CostProfile;
}

export interface ScenarioResult {
  readonly scenario: string;
  readonly seed: number;
  readonly profile: string;
  readonly knobs: KnobValues;
  readonly timeline: Timeline;
  readonly metrics: readonly WorldMetrics[];
  readonly traceHash: string;
  /** Every cost that the result rests on, with its source. */
  readonly costs: readonly Cost[];
}

/**
 * Runs a scenario of ours.
 * @param name the scenario's name
 * @throws ScenarioError where the scenario, a knob, a value, the profile or the seed is not known or not possible
 */
export function runScenario(name: string, options: RunOptions = {}): ScenarioResult {
  const scenario = findScenario(name);
  if (scenario !== undefined) return carryOut(scenario, options);
  const names = SCENARIOS.map((known) => known.name);
  throw new ScenarioError(`there is no scenario "${name}"`, suggestion(name, names, "scenarios"));
}

/**
 * Runs a scenario, whoever wrote it.
 * @throws ScenarioError where a knob, a value, the profile or the seed is not known or not possible
 */
export function carryOut(scenario: AnyScenario, options: RunOptions = {}): ScenarioResult {
  const { seed = DEFAULT_SEED, profile: asked = DEFAULT_PROFILE } = options;
  const profile = typeof asked === "string" ? findProfile(asked) : asked;
  if (profile === undefined) {
    const names = PROFILES.map((known) => known.name);
    throw new ScenarioError(`there is no cost profile "${asked}"`, suggestion(String(asked), names, "profiles"));
  }
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new ScenarioError(`the seed ${seed} is not possible`, `give a whole number from 0 to ${MAX_SEED}`);
  }
  const knobs = parseKnobs(scenario.knobs, options.knobs ?? {});
  const provenance: Provenance = {
    kind: "simulated",
    detail: `${scenario.name}, seed ${seed}, costs ${profile.name}`,
  };
  const costs = new CostBook(profile);
  const recorder = new TraceRecorder();
  const reported: ReportedMetric[] = [];
  const metric: ScenarioInput["metric"] = (world, name, value) => void reported.push({ world, name, value });
  scenario.run({ random: new Random(seed, scenario.name), knobs, costs, recorder, provenance, metric });
  const recorded = recorder.timeline(scenario.title);
  const timeline: Timeline = { ...recorded, counters: [...recorded.counters, ...crossingCounters(recorded)] };
  return {
    scenario: scenario.name,
    seed,
    profile: profile.name,
    knobs,
    timeline,
    metrics: measureWorlds(timeline, scenario.metrics, reported, provenance),
    traceHash: traceHash(timeline),
    costs: costs.used(),
  };
}
