/** A hundred sites: what fits, who shares what, and what a noisy one does, as consequences of what each world is made of. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ISOLATIONS } from "../../simulator/isolation/table.ts";
import type { KnobValues } from "../../simulator/scenarios/knob.ts";
import { runScenario } from "../../simulator/scenarios/run.ts";
import { checkTimeline } from "../../simulator/trace/check.ts";
import type { World } from "../../simulator/trace/timeline.ts";

const SMALL: KnobValues = { sites: 12, databaseMiB: 8, cpus: 2, noisy: 4 };

function sites(knobs: KnobValues = {}, seed = 1) {
  const result = runScenario("hundred-sites", { knobs, seed });
  const of = (world: World, metric: string): number | undefined =>
    result.metrics.find((one) => one.world === world)?.metrics[metric]?.value;
  const sure = (world: World, metric: string): number => {
    const value = of(world, metric);
    if (value === undefined) throw new Error(`the ${world} has no ${metric}`);
    return value;
  };
  return { of, sure, result };
}

describe("a hundred sites", () => {
  it("need more memory in machines than in containers, and more in containers than as processes", () => {
    const { sure } = sites();
    expect(sure("process", "memoryPerSite")).toBeLessThan(sure("container", "memoryPerSite"));
    expect(sure("container", "memoryPerSite")).toBeLessThan(sure("vm", "memoryPerSite"));
    expect([sure("process", "started"), sure("container", "started")]).toEqual([100, 100]);
    expect(sure("vm", "started")).toBe(sure("vm", "fit"));
    expect(sure("vm", "kernels")).toBe(1 + sure("vm", "started"));
    expect(sure("address-space", "kernels")).toBe(1);
  });

  it("the answer to the question is what the figures say", () => {
    const fit = sites().sure("vm", "fit");
    expect(fit).toBeGreaterThan(50);
    expect(fit).toBeLessThan(70);
  });

  it("never take more than there is, whatever they are like", () => {
    const arbitrary = fc.record({
      sites: fc.integer({ min: 1, max: 40 }),
      memoryGiB: fc.integer({ min: 1, max: 4 }),
      databaseMiB: fc.integer({ min: 1, max: 512 }),
      programMiB: fc.integer({ min: 1, max: 256 }),
      image: fc.constantFrom("one", "own"),
      guest: fc.constantFrom("distribution", "minimal"),
      noisy: fc.constant(0),
    });
    fc.assert(
      fc.property(arbitrary, (knobs) => {
        const { sure, result } = sites(knobs);
        expect(checkTimeline(result.timeline)).toEqual([]);
        for (const world of ["process", "container", "vm"] as const) {
          expect(sure(world, "memory")).toBeLessThanOrEqual(knobs.memoryGiB * 2 ** 30);
          expect(sure(world, "started")).toBe(Math.min(knobs.sites, sure(world, "fit")));
        }
        expect(sure("vm", "fit")).toBeLessThanOrEqual(sure("container", "fit"));
        expect(sure("container", "fit")).toBeLessThanOrEqual(sure("process", "fit"));
      }),
      { numRuns: 15 },
    );
  });

  it("of one image have the program once, of images of their own each once more; machines share neither", () => {
    const copies = (image: string, subsystem: string) =>
      (["process", "container", "vm", "address-space"] as const).map((world) =>
        sites({ ...SMALL, image, subsystem }).sure(world, "programCopies"),
      );
    expect(copies("one", "each")).toEqual([1, 1, 12, 1]);
    expect(copies("own", "each")).toEqual([12, 12, 12, 12]);
    // One manager for all regions has loaded it once, wherever it is from.
    expect(copies("own", "one")).toEqual([12, 12, 12, 1]);
  });

  it("a noisy site slows others by its threads, where the scheduler does not know whose they are", () => {
    const knobs = { ...SMALL, noisy: 40 };
    const { sure } = sites(knobs);
    expect(sure("process", "answerMedian")).toBeGreaterThan(2 * sure("container", "answerMedian"));
    expect(sure("process", "answerMedian")).toBeGreaterThan(2 * sure("vm", "answerMedian"));
    const quiet = sites({ ...knobs, noisy: 0 });
    expect(quiet.sure("process", "answerMedian")).toBeLessThan(sure("process", "answerMedian"));
    // A chroot has no control group: it is as if there were no container.
    expect(sites({ ...knobs, isolation: "chroot" }).sure("container", "answerMedian")).toBeGreaterThan(
      2 * sure("container", "answerMedian"),
    );
  });

  it("start in as many steps as there are regions, and in times only where somebody published them", () => {
    const steps = (count: number) =>
      sites({ ...SMALL, sites: count, subsystem: "each" }).sure("address-space", "startTime");
    expect(steps(24)).toBe(2 * steps(12));
    expect(sites({ ...SMALL, isolation: "jail" }).of("container", "startTime")).toBeUndefined();
    expect(sites(SMALL).of("container", "startTime")).toBeGreaterThan(0);
  });

  it("of z/OS call one database manager in another address space, by PROGRAM CALL", () => {
    const { sure, result } = sites(SMALL);
    expect([sure("address-space", "databaseManagers"), sure("container", "databaseManagers")]).toEqual([1, 12]);
    const switches = result.timeline.spans.filter(({ name }) => name.startsWith("space switch"));
    expect(switches).toHaveLength(12);
    expect(sure("address-space", "requestSteps")).toBeGreaterThan(5);
    expect(sites({ ...SMALL, subsystem: "each" }).sure("address-space", "requestSteps")).toBe(1);
  });

  it("kept apart by each mechanism of the table; a zone with a whole root has copies of the program", () => {
    for (const { id, cells } of ISOLATIONS) {
      const { sure } = sites({ ...SMALL, isolation: id });
      const known = Object.values(cells);
      expect([id, sure("container", "keptApart")]).toEqual([id, known.filter(({ whose }) => whose !== "host").length]);
      expect([id, sure("container", "programCopies")]).toEqual([
        id,
        ["zone-whole", "zone-exclusive-ip"].includes(id) ? 12 : 1,
      ]);
    }
  });
});
