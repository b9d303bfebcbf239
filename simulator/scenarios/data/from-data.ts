/** Makes a scenario of its data: defaults for what was left out, the four worlds, and metrics of its own. */
import { EndOfTimeError } from "../../engine/event-queue.ts";
import type { TraceRecorder } from "../../trace/recorder.ts";
import type { Timeline } from "../../trace/timeline.ts";
import type { Workload } from "../../workload/workload.ts";
import { type Knob, type KnobValues, parseKnobs, ScenarioError, suggestion } from "../knob.ts";
import { START_METRICS } from "../metrics.ts";
import type { AnyScenario, MetricDescription, Scenario, ScenarioInput } from "../scenario.ts";
import { raceSettings, STARTUP_RACE_KNOBS } from "../startup-race-knobs.ts";
import { runWorlds, WORLDS } from "../worlds.ts";
import { completed } from "./complete.ts";
import { parseOperations } from "./parse-workload.ts";
import type { OwnMetric, ScenarioData, WorldView } from "./scenario-data.ts";

/** What every scenario shows that does not say what it shows. */
const USUAL_METRICS = ["gone", "userTime", "kernelTime", "hypervisorTime", "intoKernel", "intoHypervisor"];

/**
 * @param data the scenario; of data from outside, as parse-scenario.ts has taken it
 * @returns the scenario, ready to be run
 * @throws ScenarioError where a knob or a metric is named that startup-race, or the trace, does not have
 */
export function scenarioFrom(data: ScenarioData & Pick<Scenario, "question" | "claim">): Scenario;
/** @returns a scenario that need not ask or claim anything. */
export function scenarioFrom(data: ScenarioData): AnyScenario;
/** @returns the one or the other. */
export function scenarioFrom(data: ScenarioData): AnyScenario {
  const { name, title = name } = data;
  const knobs = (data.knobs ?? []).map(knobOf);
  const settings = settingsOf(data);
  const metrics = (data.metrics ?? USUAL_METRICS).map(metricOf);
  const own = (data.metrics ?? []).filter((metric) => typeof metric !== "string");
  return {
    name,
    title,
    description: data.description ?? "",
    ...(data.question === undefined ? {} : { question: data.question }),
    ...(data.claim === undefined ? {} : { claim: data.claim }),
    captions: data.captions ?? [],
    knobs,
    metrics: metrics.map(({ name: metric, unit, help }) => ({ name: metric, unit, help })),
    run: (input) => run(data, settings, own, input),
  };
}

/** A spread would make worlds differ by chance that nobody has asked for: it is 0, unless the scenario says otherwise. */
function settingsOf({ settings = {}, knobs = [] }: ScenarioData): KnobValues {
  parseKnobs(STARTUP_RACE_KNOBS, settings);
  const both = Object.keys(settings).find((name) => knobs.includes(name));
  if (both === undefined) return { spread: 0, ...settings };
  throw new ScenarioError(`${both} is a knob and a setting`, `take ${both} out of knobs, or out of settings`);
}

function knobOf(knob: Knob | string): Knob {
  if (typeof knob !== "string") return knob;
  const taken = STARTUP_RACE_KNOBS.find(({ name }) => name === knob);
  if (taken !== undefined) return taken;
  const names = STARTUP_RACE_KNOBS.map(({ name }) => name);
  throw new ScenarioError(`knobs: startup-race has no knob "${knob}"`, suggestion(knob, names, "its knobs"));
}

function metricOf(metric: string | OwnMetric): MetricDescription {
  if (typeof metric !== "string") return metric;
  const known = START_METRICS.find(({ name }) => name === metric);
  if (known !== undefined) return known;
  const names = START_METRICS.map(({ name }) => name);
  throw new ScenarioError(`metrics: no trace has a "${metric}"`, suggestion(metric, names, "metrics of any trace"));
}

function run(data: ScenarioData, settings: KnobValues, own: readonly OwnMetric[], input: ScenarioInput): void {
  const { worlds = WORLDS, part = "program" } = data;
  const taken = STARTUP_RACE_KNOBS.map(({ name }) => name).filter((name) => (data.knobs ?? []).includes(name));
  const turned = Object.fromEntries(Object.entries(input.knobs).filter(([name]) => taken.includes(name)));
  const race = raceSettings(parseKnobs(STARTUP_RACE_KNOBS, { ...settings, ...turned }));
  inTime(() => runWorlds(input, { workload: workloadOf(data, input), worlds, settings: race, part }));
  if (own.length > 0) measureOwn(own, input);
}

/** Time is an integer of nanoseconds that a number holds to the bit: there is no more of it than 104 days. */
function inTime(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof EndOfTimeError)) throw error;
    throw new ScenarioError(
      "the workload takes longer than 104 days, which is all the time that there is",
      "give smaller instructions, bytes or durationNs",
    );
  }
}

function workloadOf(data: ScenarioData, { knobs, random }: ScenarioInput): Workload {
  const { workload, program: name = data.name } = data;
  if (typeof workload !== "function") return { name, operations: completed(workload) };
  const made: unknown = guarded("workload(knobs, random)", () => workload(knobs, random.stream("workload")));
  return { name, operations: completed(parseOperations(made, "workload(knobs, random)")) };
}

function measureOwn(own: readonly OwnMetric[], { knobs, recorder, metric: report }: ScenarioInput): void {
  for (const view of viewsOf(recorder, knobs)) {
    for (const { name, of } of own) {
      const value: unknown = guarded(`metrics: ${name}.of(…)`, () => of(view));
      if (value === undefined) continue;
      if (typeof value !== "number" || !Number.isSafeInteger(value)) {
        throw new ScenarioError(
          `metrics: ${name}.of(…) gives ${String(value)} in the world ${view.world}, which is not an integer`,
          "return a whole number, or undefined where the world has no such figure",
        );
      }
      report(view.world, name, value);
    }
  }
}

function viewsOf(recorder: TraceRecorder, knobs: KnobValues): WorldView[] {
  const timeline: Timeline = recorder.timeline("");
  return timeline.tracks.map(({ id, world, unit }) => ({
    world,
    unit,
    knobs,
    spans: timeline.spans.filter(({ track }) => track === id),
    instants: timeline.instants.filter(({ track }) => track === id),
  }));
}

/** Functions of a scenario are its author's: what they throw is told as the scenario's mistake. */
function guarded<Result>(what: string, call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    if (error instanceof ScenarioError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new ScenarioError(`${what} throws: ${why}`, "mend the function in the scenario's file");
  }
}
