/** A start foretold and made: the same steps, and a report that adds up. How near it comes is for the benchmark to say. */
import { expect, test } from "vitest";
import { z } from "zod";
import { calibrateHere } from "../../runtime/cli/calibrate.ts";
import { planStepsHere } from "../../runtime/cli/plan-steps.ts";
import { profileOf } from "../../runtime/cli/profiles.ts";
import { predictStart } from "../../runtime/cli/truth.ts";
import { truthText } from "../../runtime/cli/truth-text.ts";
import { DEFAULT_PROFILE, findProfile } from "../../simulator/costs/profiles.ts";
import { CONTAINERS, describeWhere } from "../support/needs.ts";
import { ringside } from "../support/ringside.ts";

const figures = z.object({ predictedNs: z.number(), measuredNs: z.number() });
const spread = z.object({ p25: z.number(), p50: z.number(), p75: z.number() });
const report = z.object({
  schema: z.literal("ringside.truth/1"),
  profile: z.string(),
  starts: z.number(),
  steps: z.array(
    z.object({ stage: z.string(), op: z.string(), subject: z.string(), predictedNs: z.number(), measuredNs: spread }),
  ),
  between: figures,
  total: figures,
  wholeStartsNs: spread,
  ratio: z.number(),
  tolerance: z.number(),
  ok: z.boolean(),
});

describeWhere(CONTAINERS, "a start that is foretold", () => {
  test("has a step for each of the real one's, and its verdict is what its figures say", async () => {
    const { stdout, code, stderr } = await ringside(["bench", "truth", "--starts", "5", "--json"]);
    expect(stderr).toBe("");
    const told = report.parse(JSON.parse(stdout));
    const plan = planStepsHere().filter(({ phase }) => phase !== "cleanup");
    expect(told.steps.map(({ op, subject }) => `${op} ${subject}`)).toEqual(
      plan.map(({ op, subject }) => `${op} ${subject}`),
    );
    const { total, ratio, tolerance, ok } = told;
    for (const [whole, part] of [
      [total.predictedNs, told.between.predictedNs + sum(told.steps.map(({ predictedNs }) => predictedNs))],
      [total.measuredNs, told.between.measuredNs + sum(told.steps.map(({ measuredNs }) => measuredNs.p50))],
    ]) {
      expect(whole).toBe(part);
    }
    expect(ratio).toBeCloseTo(total.predictedNs / total.measuredNs, 6);
    expect(ok).toBe(Math.abs(ratio - 1) <= tolerance);
    expect(code).toBe(ok ? 0 : 1);
    expect(truthText(told)).toMatch(ok ? /\nwithin 35 %: predicted/ : /\nNOT within 35 %: predicted/);
  });

  test("rests on what was measured here: no step is reckoned with another machine's figure", async () => {
    const document = await calibrateHere(["processes", "namespaces", "container"]);
    if (document === undefined) throw new Error("interrupted");
    const published = findProfile(DEFAULT_PROFILE);
    if (published === undefined) throw new Error("no default profile");
    const ids = new Set(document.costs.map(({ id }) => id));
    const others = published.costs.filter(({ id }) => !id.startsWith("container."));
    const own = { ...profileOf(document), costs: [...others, ...document.costs] };
    // Without the published steps each step has to find one of its own, else it would be spread over its calls.
    const guessed = others.find(({ id }) => id === "container.call");
    expect(guessed).toBeUndefined();
    expect(() => predictStart(planStepsHere(), own)).not.toThrow();
    expect(ids.has("container.execute")).toBe(true);
  });

  test("of an unknown profile is refused", async () => {
    const { code, stderr } = await ringside(["bench", "truth", "--profile", "measured-nowhere"]);
    expect(code).toBe(125);
    expect(stderr).toMatch(/no calibrated profile.*\n.*ringside calibrate/);
  });
});

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
