/** The race as data: its lanes, its address, and what a run for real brings. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runScenario } from "../../simulator/scenarios/run.ts";
import { raceLanes, shownOf } from "../../web/client/race/lanes.ts";
import { formatRaceHash, parseRaceHash } from "../../web/client/race/race-hash.ts";
import { RACE_SCENARIO, RaceState } from "../../web/client/race/race-state.ts";
import { takeLine } from "../../web/client/race/run-for-real.ts";
import { countsSteps } from "../../web/client/timeline/lane.ts";

const simulated = runScenario(RACE_SCENARIO).timeline;

describe("the lanes of the race", () => {
  it("are the four worlds, simulated at once; only the address space counts steps", () => {
    const lanes = raceLanes({ simulated, measured: {}, shown: {} });
    expect(lanes.map(({ world }) => world)).toEqual(["process", "container", "vm", "address-space"]);
    expect(lanes.map((lane) => lane.tracks.length > 0)).toEqual([true, true, true, true]);
    expect(lanes.map(countsSteps)).toEqual([false, false, false, true]);
  });

  it("show what was measured as soon as there is something, and both where both are asked for", () => {
    const measured = { container: simulated };
    expect(shownOf({ simulated, measured, shown: {} }, "container")).toBe("measured");
    expect(shownOf({ simulated, measured, shown: {} }, "process")).toBe("simulated");
    const [, container] = raceLanes({ simulated, measured, shown: { container: "both" } });
    const [, alone] = raceLanes({ simulated, measured: {}, shown: { container: "both" } });
    expect(container?.tracks).toHaveLength((alone?.tracks.length ?? 0) * 2);
  });
});

describe("the race in the address", () => {
  it("is read back as it was written", () => {
    fc.assert(
      fc.property(
        fc.record({
          seed: fc.option(fc.nat(), { nil: undefined }),
          scale: fc.constantFrom("log" as const, "linear" as const),
          window: fc.option(
            fc
              .tuple(fc.nat(1e9), fc.integer({ min: 1, max: 1e9 }))
              .map(([from, width]) => ({ from, to: from + width })),
            { nil: undefined },
          ),
          at: fc.option(fc.nat(1e9), { nil: undefined }),
          step: fc.option(fc.nat(500), { nil: undefined }),
          shown: fc.constantFrom(
            {},
            { container: "both" as const },
            { vm: "measured" as const, process: "simulated" as const },
          ),
          knobs: fc.constantFrom({}, { vmm: "firecracker", spread: "0" }),
        }),
        (state) => {
          expect(parseRaceHash(`#${formatRaceHash(state)}`)).toEqual(state);
        },
      ),
    );
  });

  it("is empty for the race as it always is", () => {
    expect(formatRaceHash(parseRaceHash(""))).toBe("");
  });

  it("leaves out what makes no sense", () => {
    expect(parseRaceHash("#seed=-1&scale=cubic&from=9&to=3&at=x&vm=painted")).toEqual(parseRaceHash(""));
  });
});

describe("the race's state", () => {
  it("stops at the container's first instruction, where it tells most", () => {
    const at = new RaceState("").figure.cursor.value ?? 0;
    const mark = (track: string, name: string) =>
      simulated.instants.find((instant) => instant.track === track && instant.name === name)?.at ?? 0;
    expect(mark("process", "gone")).toBeLessThan(at);
    expect(mark("vm", "first user instruction")).toBeGreaterThan(at);
  });

  it("takes the lanes of a run for real one by one", () => {
    const race = new RaceState("");
    const stop = race.start();
    takeLine(race, { kind: "progress", world: "vm", message: "boots" });
    expect(race.runs.value.vm).toEqual({ kind: "running", message: "boots" });
    takeLine(race, {
      kind: "unavailable",
      world: "vm",
      reason: "there is no QEMU",
      fix: "apt-get install qemu-system-x86",
    });
    expect(race.runs.value.vm?.kind).toBe("unavailable");
    takeLine(race, { kind: "lane", world: "process", timeline: simulated });
    expect(race.figure.lanes.value[0]?.tracks[0]?.timeline).toBe(simulated);
    stop();
  });

  it("says why a simulation is refused, instead of showing an old one", () => {
    const race = new RaceState("#knob.vmm=abacus");
    expect(race.simulated.value).toMatchObject({ kind: "refused" });
    expect(race.figure.lanes.value.every((lane) => lane.tracks.length === 0)).toBe(true);
  });
});
