/** What every scenario owes its reader: a question with an answer, captions that lie on something, metrics that are there. */
import { describe, expect, test } from "vitest";
import { SCENARIOS, THEMES } from "../../simulator/scenarios/registry.ts";
import { runScenario } from "../../simulator/scenarios/run.ts";
import { checkTimeline } from "../../simulator/trace/check.ts";

describe.each(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))("the scenario %s", (name, scenario) => {
  const result = runScenario(name);

  test("makes a sound timeline, the same each time, and another seed is allowed", () => {
    expect(checkTimeline(result.timeline)).toEqual([]);
    expect(runScenario(name).traceHash).toBe(result.traceHash);
    expect(checkTimeline(runScenario(name, { seed: 2 }).timeline)).toEqual([]);
  });

  test("asks something that can be answered", () => {
    expect(scenario.question.text).toMatch(/\?$/);
    expect(scenario.question.choices.length).toBeGreaterThan(1);
    expect(new Set(scenario.question.choices).size).toBe(scenario.question.choices.length);
    expect(scenario.question.choices).toContain(scenario.question.answer);
  });

  test("has captions, each at something that happens", () => {
    const { spans, instants } = result.timeline;
    const places = new Set([
      ...spans.flatMap(({ name: at, stage }) => [at, stage]),
      ...instants.map((one) => one.name),
    ]);
    expect(scenario.captions.length).toBeGreaterThan(0);
    expect(scenario.captions.filter(({ at }) => !places.has(at))).toEqual([]);
  });

  test("reports every metric that it describes, in some world, and no other", () => {
    const reported = new Set(result.metrics.flatMap(({ metrics }) => Object.keys(metrics)));
    const described = scenario.metrics.map((metric) => metric.name);
    expect(described.filter((metric) => !reported.has(metric))).toEqual([]);
    expect([...reported].filter((metric) => !described.includes(metric))).toEqual([]);
  });

  test("runs with each knob at its ends, or says what does not go together", () => {
    for (const knob of scenario.knobs) {
      for (const value of knob.kind === "choice" ? knob.choices : [knob.low, knob.high]) {
        try {
          expect(checkTimeline(runScenario(name, { knobs: { [knob.name]: value } }).timeline)).toEqual([]);
        } catch (error) {
          expect(error).toMatchObject({ name: "ScenarioError", fix: expect.stringMatching(/./) });
        }
      }
    }
  });
});

test("the twelve are listed under one theme each, and no theme names one that is not there", () => {
  const listed = THEMES.flatMap(({ names }) => names);
  expect(new Set(listed).size).toBe(listed.length);
  expect(SCENARIOS.map(({ name }) => name).toSorted()).toEqual(listed.toSorted());
  expect(SCENARIOS).toHaveLength(12);
});
