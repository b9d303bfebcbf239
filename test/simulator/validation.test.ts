/** Every figure that the model is calibrated on and every order that holds on all machines, by running the model. */
import { describe, expect, test } from "vitest";
import { checkCost } from "../../simulator/costs/cost.ts";
import { publishedCosts } from "../../simulator/scenarios/validation/check.ts";
import { CHECKS, validate } from "../../simulator/scenarios/validation.ts";

const rows = validate();

describe("the validation", () => {
  test.each(rows.filter(({ kind }) => kind === "figure"))(
    "$id: $predicted $unit is the published $published within its tolerance",
    ({ ok, predicted }) => {
      expect(predicted).toBeGreaterThan(0);
      expect(ok).toBe(true);
    },
  );

  test.each(rows.filter(({ kind }) => kind === "order"))("$claim: holds", ({ ok, predicted, published }) => {
    expect(predicted).toBeGreaterThan(published);
    expect(ok).toBe(true);
  });

  test("has a row for each of the twelve calibration figures", () => {
    const ids = new Set(rows.map(({ id }) => /^CAL-\d+/.exec(id)?.[0]).filter((id) => id !== undefined));
    expect([...ids].sort()).toEqual(Array.from({ length: 12 }, (_, index) => `CAL-${index + 1}`).sort());
  });

  test("gives every row a name of its own and a source", () => {
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
    for (const { source } of rows) expect(source.length).toBeGreaterThan(10);
  });

  test("says of a figure that is a cost that it is one, and of a foretold one that nothing of it is a cost", () => {
    const values = new Set(publishedCosts().profile.costs.map(({ value }) => value));
    const scales = { ns: 1, us: 1000, ms: 1_000_000, cycles: 1, MiB: 1024, MB: 1000, IOPS: 1 };
    for (const check of CHECKS) {
      if (check.kind === "order" || check.basis !== "other figures") continue;
      const scale = Object.entries(scales).find(([unit]) => unit === check.unit)?.[1];
      // Small counts and ratios are equal to some cost by chance.
      if (scale === undefined) continue;
      const isCost = values.has(check.published * scale);
      expect([check.id, isCost]).toEqual([check.id, false]);
    }
  });

  test("rests on sound costs, and on none that was measured on the machine at hand", () => {
    expect(publishedCosts().profile.costs.flatMap((cost) => checkCost(cost))).toEqual([]);
  });

  test("comes to the same each time", () => {
    expect(validate()).toEqual(rows);
  });
});
