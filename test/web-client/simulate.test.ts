/** Any scenario on a page: its lanes, its captions, its figures, and the question that comes first. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { findScenario, SCENARIOS } from "../../simulator/scenarios/registry.ts";
import { runScenario } from "../../simulator/scenarios/run.ts";
import { captionWords } from "../../web/client/simulate/caption-places.ts";
import { metricName, metricText } from "../../web/client/simulate/metric-text.ts";
import { hiddenStrips, STRIPS_AT_ONCE, scenarioLanes } from "../../web/client/simulate/scenario-lanes.ts";
import { SimulationState } from "../../web/client/simulate/simulation-state.ts";

function named(name: string) {
  const scenario = findScenario(name);
  if (scenario === undefined) throw new Error(`there is no scenario ${name}`);
  return scenario;
}

const sites = runScenario("hundred-sites", { knobs: { sites: 6, cpus: 6, databaseMiB: 4 } });

describe.each(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))("on its page %s", (name, scenario) => {
  const { timeline, metrics } = runScenario(name);

  it("has a lane for each world, and hides no strip that cannot be asked for", () => {
    const lanes = scenarioLanes(timeline, true);
    expect(lanes.length).toBeGreaterThan(0);
    expect(hiddenStrips(timeline, lanes)).toBe(0);
    const few = scenarioLanes(timeline, false);
    expect(few.every(({ tracks }) => tracks.length <= STRIPS_AT_ONCE)).toBe(true);
  });

  it("says each caption once, with a place to go to", () => {
    const words = captionWords(scenario.captions, timeline);
    expect(words.map(({ text }) => text)).toEqual(scenario.captions.map(({ text }) => text));
    for (const { places } of words) expect(new Set(places.map(({ world }) => world)).size).toBe(places.length);
  });

  it("has words for every figure", () => {
    for (const metric of metrics.flatMap((one) => Object.values(one.metrics)))
      expect(metricText(metric)).toMatch(/^(-?[<>\d]|yes$|no$)/);
  });
});

describe("figures", () => {
  it("are in the unit that fits, and a world without one has a dash", () => {
    const provenance = { kind: "simulated", detail: "a test" } as const;
    expect(metricText({ value: 1_500_000, unit: "ns", provenance })).toBe("1.50\u202fms");
    expect(metricText({ value: 12, unit: "step", provenance })).toBe("12\u202fsteps");
    expect(metricText({ value: 2 ** 30, unit: "bytes", provenance })).toBe("1\u202fGiB");
    expect(metricText({ value: 0, unit: "yes|no", provenance })).toBe("no");
    expect(metricText(undefined)).toBe("–");
    expect(metricName("memoryPerSite")).toBe("memory per site");
  });

  it("of many tracks show a few, and count the others", () => {
    const lanes = scenarioLanes(sites.timeline, false);
    expect(hiddenStrips(sites.timeline, lanes)).toBe(3 * (6 - STRIPS_AT_ONCE));
  });
});

describe("the question", () => {
  const kept = new Map<string, string>();
  beforeEach(() => {
    vi.stubGlobal("localStorage", {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    });
  });
  afterEach(() => {
    kept.clear();
    vi.unstubAllGlobals();
  });

  it("comes before the run: nothing is simulated until somebody has had the chance to guess", () => {
    const state = new SimulationState(named("startup-race"), "");
    const stop = state.start();
    expect(state.figure.lanes.value).toEqual([]);
    state.guess.value = "about seventy times";
    state.reveal();
    expect(state.figure.lanes.value.map(({ world }) => world)).toEqual(["process", "container", "vm", "address-space"]);
    expect(state.figure.cursor.value).toBeGreaterThan(0);
    stop();
  });

  it("is not asked again, and the guess is as it was", () => {
    const state = new SimulationState(named("startup-race"), "");
    state.guess.value = "about as long";
    state.reveal();
    const again = new SimulationState(named("startup-race"), "");
    expect([again.revealed.value, again.guess.value]).toEqual([true, "about as long"]);
    expect(new SimulationState(named("boot"), "").revealed.value).toBe(false);
  });

  it("is passed by whoever follows a link to a figure; the figure is the link's", () => {
    const state = new SimulationState(named("startup-race"), "#seed=9&knob.vmm=firecracker");
    expect([state.revealed.value, state.seed.value]).toEqual([true, 9]);
    expect(state.hash()).toBe("seed=9&knob.vmm=firecracker");
    const simulated = state.simulated.value;
    expect(simulated.kind === "ran" && simulated.result.knobs.vmm).toBe("firecracker");
  });

  it("leads to words, not to an old figure, where knobs do not go together", () => {
    const state = new SimulationState(named("startup-race"), "#knob.vmm=abacus");
    const stop = state.start();
    expect(state.simulated.value).toMatchObject({ kind: "refused", reason: expect.stringContaining("values:") });
    expect(state.figure.lanes.value).toEqual([]);
    stop();
  });
});
