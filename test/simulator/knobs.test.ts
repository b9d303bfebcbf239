/** Knobs and names come from people: what is wrong is named, and what was probably meant is suggested. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { editDistance, type Knob, parseKnobs, ScenarioError, suggestion } from "../../simulator/scenarios/knob.ts";
import { SCENARIOS } from "../../simulator/scenarios/registry.ts";
import { runScenario } from "../../simulator/scenarios/run.ts";

const KNOBS: readonly Knob[] = [
  { kind: "choice", name: "vmm", choices: ["firecracker", "qemu"], default: "qemu", help: "the monitor" },
  { kind: "integer", name: "spread", low: 0, high: 200, unit: "permille", default: 30, help: "the spread" },
];

function refusal(action: () => unknown): ScenarioError {
  try {
    action();
  } catch (error) {
    if (error instanceof ScenarioError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("knobs", () => {
  it("keep their defaults and their order", () => {
    expect(parseKnobs(KNOBS, {})).toEqual({ vmm: "qemu", spread: 30 });
    expect(Object.keys(parseKnobs(KNOBS, { spread: "7", vmm: "firecracker" }))).toEqual(["vmm", "spread"]);
  });

  it("take whole numbers within their range, as text or number, and nothing else", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), (spread) => {
        expect(parseKnobs(KNOBS, { spread })).toMatchObject({ spread });
        expect(parseKnobs(KNOBS, { spread: String(spread) })).toMatchObject({ spread });
      }),
    );
    for (const spread of ["", " 7", "7.5", "1e2", "0x10", "-1", "201", "seven", 7.5, Number.NaN]) {
      expect(refusal(() => parseKnobs(KNOBS, { spread })).fix).toContain("from 0 to 200");
    }
  });

  it("are not found in what every object has", () => {
    for (const name of ["constructor", "__proto__", "toString"]) {
      expect(refusal(() => parseKnobs(KNOBS, { [name]: "x", ...Object.fromEntries([[name, "x"]]) })).message).toContain(
        name,
      );
    }
  });

  it("suggest what was probably meant, and name all that there is", () => {
    const { message, fix } = refusal(() => parseKnobs(KNOBS, { vmm: "firecraker" }));
    expect(message).toContain('there is no "firecraker"');
    expect(fix).toBe('did you mean "firecracker"? values: firecracker, qemu');
    expect(refusal(() => parseKnobs(KNOBS, { sprad: 3 })).fix).toContain('did you mean "spread"?');
    expect(suggestion("zebra", ["firecracker"], "values")).toBe("values: firecracker");
  });
});

describe("a run", () => {
  it("refuses scenarios, profiles and seeds that there are not", () => {
    expect(refusal(() => runScenario("startup-rase")).fix).toContain('did you mean "startup-race"?');
    expect(refusal(() => runScenario("startup-race", { profile: "published" })).fix).toContain("published-2022");
    for (const seed of [-1, 0.5, 2 ** 53, Number.NaN]) {
      expect(refusal(() => runScenario("startup-race", { seed })).fix).toContain("whole number");
    }
  });
});

describe("every scenario", () => {
  it.each(SCENARIOS)(
    "$name has a default within each knob, help for everything, and names that are said once",
    (scenario) => {
      expect(() => parseKnobs(scenario.knobs, {})).not.toThrow();
      const names = [...scenario.knobs.map(({ name }) => name), ...scenario.metrics.map(({ name }) => name)];
      expect(new Set(names).size).toBe(names.length);
      for (const { help } of [...scenario.knobs, ...scenario.metrics]) expect(help.length).toBeGreaterThan(10);
    },
  );
});

describe("the edit distance", () => {
  it("is a distance", () => {
    const word = fc.string({ maxLength: 8 });
    fc.assert(
      fc.property(word, word, word, (one, two, three) => {
        expect(editDistance(one, one)).toBe(0);
        expect(editDistance(one, two)).toBe(editDistance(two, one));
        expect(editDistance(one, three)).toBeLessThanOrEqual(editDistance(one, two) + editDistance(two, three));
      }),
    );
    expect(editDistance("firecraker", "firecracker")).toBe(1);
  });
});
