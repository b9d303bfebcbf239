/** The density benchmark with real instances. */
import { describe, expect, it } from "vitest";
import { benchDensity } from "../../runtime/bench/density/density.ts";
import { withDescendants } from "../../runtime/bench/density/footprint.ts";
import type { DensityRow } from "../../runtime/bench/density/system.ts";
import { DENSITY_SYSTEMS } from "../../runtime/bench/density/systems.ts";
import { formatDensity } from "../../runtime/bench/density/text.ts";
import { benchReportSchema } from "../../runtime/bench/schema.ts";
import { listContainers } from "../../runtime/container/state.ts";
import { processes } from "../support/leftovers.ts";
import { realContainers } from "./real-containers.ts";

const never = new AbortController().signal;
const quiet = () => undefined;

function rows(...names: string[]): Map<string, DensityRow> {
  return new Map(
    names.map((name) => {
      const row = DENSITY_SYSTEMS.get(name);
      if (row === undefined) throw new Error(`there is no ${name}`);
      return [name, row];
    }),
  );
}

/** What this test's benchmarks have left idling: other tests have their own. */
function idle(): string[] {
  const ours = new Set(withDescendants([process.pid]));
  const left = processes().filter(({ pid, command }) => ours.has(pid) && /\bsleep 1000000$/.test(command));
  return left.map(({ command }) => command);
}

const ownContainers = () => listContainers().filter(({ name }) => name.startsWith(`ringside-bench-${process.pid}-`));

describe("the density benchmark", () => {
  it.skipIf(realContainers.missing)(
    realContainers.title("adds idle instances one by one, lays a line through what they take, and ends them all"),
    { timeout: 60_000 },
    async () => {
      const lines: string[] = [];
      const report = await benchDensity({
        systems: rows("process", "container"),
        instances: 3,
        signal: never,
        progress: quiet,
        announce: (line) => lines.push(line),
      });
      expect(benchReportSchema.parse(report)).toEqual(report);
      expect(lines).toEqual([expect.stringContaining("at most: 3 instances")]);
      expect(report.unavailable).toEqual([]);
      const [processes, containers] = report.density ?? [];
      for (const system of [processes, containers]) {
        expect(system?.points.map(({ instances }) => instances)).toEqual([1, 2, 3]);
        expect(system?.stoppedBecause).toContain("as many as were asked for");
        expect(system?.lines.pss?.slopeBytes).toBeGreaterThan(0);
      }
      // A container is the same program with a monitor beside it, in a group of its own.
      expect(containers?.lines.pss?.slopeBytes).toBeGreaterThan(processes?.lines.pss?.slopeBytes ?? Number.NaN);
      expect(containers?.points.every(({ cgroupBytes }) => (cgroupBytes ?? 0) > 0)).toBe(true);
      expect(processes?.points.map(({ cgroupBytes }) => cgroupBytes)).toEqual([null, null, null]);
      expect(idle()).toEqual([]);
      expect(ownContainers()).toEqual([]);
      expect(formatDensity(report)).toMatch(/^container\s+3 /m);
    },
  );

  it.skipIf(realContainers.missing)(realContainers.title("starts none that might not fit"), async () => {
    const greedy: DensityRow = {
      world: "process",
      what: "",
      prepare: async (bench, command) => ({
        ...(await processRow().prepare(bench, command)),
        memoryBytes: 2 ** 50,
        start: () => Promise.reject(new Error("it was started")),
      }),
    };
    const systems = new Map([["greedy", greedy]]);
    const report = await benchDensity({ systems, signal: never, progress: quiet });
    expect(report.density).toEqual([
      expect.objectContaining({ points: [], lines: {}, stoppedBecause: expect.stringContaining("one more would") }),
    ]);
  });

  it.skipIf(realContainers.missing)(
    realContainers.title("when interrupted, says so, keeps what had been measured, and ends what runs"),
    async () => {
      const interrupt = new AbortController();
      const report = await benchDensity({
        systems: rows("process"),
        instances: 100,
        signal: interrupt.signal,
        progress: (step) => {
          if (step.phase !== "preparing" && step.round === 3) interrupt.abort(new Error("interrupted"));
        },
      });
      expect(report.interrupted).toBe(true);
      expect(report.density?.[0]?.points.map(({ instances }) => instances)).toEqual([1, 2, 3]);
      expect(report.density?.[0]?.stoppedBecause).toBe("it was interrupted");
      expect(idle()).toEqual([]);
      expect(formatDensity(report)).toContain("Interrupted: what had been measured until then.");
    },
  );

  it.skipIf(realContainers.missing)(
    realContainers.title("keeps what it has where a later instance does not start, and says which and why"),
    async () => {
      const failing: DensityRow = {
        world: "process",
        what: "",
        async prepare(bench, command) {
          const system = await processRow().prepare(bench, command);
          const start = (number: number) => (number > 2 ? Promise.reject(new Error("no room")) : system.start(number));
          return { ...system, start };
        },
      };
      const report = await benchDensity({ systems: new Map([["failing", failing]]), signal: never, progress: quiet });
      expect(report.density?.[0]?.points).toHaveLength(2);
      expect(report.density?.[0]?.stoppedBecause).toBe("number 3 did not start: no room");
    },
  );
});

describe("an instance that does not stay", () => {
  it.skipIf(realContainers.missing)(
    realContainers.title("is none that idles: the first is a reason, a later one ends the system"),
    async () => {
      const ending = (after: number): DensityRow => ({
        world: "process",
        what: "",
        async prepare(bench, command) {
          const system = await processRow().prepare(bench, command);
          const gone = { stop: () => Promise.resolve() };
          return { ...system, start: (number) => (number > after ? Promise.resolve(gone) : system.start(number)) };
        },
      });
      const systems = new Map([
        ["never", ending(0)],
        ["twice", ending(2)],
      ]);
      const report = await benchDensity({ systems, signal: never, progress: quiet });
      expect(report.unavailable).toEqual([
        { name: "never", reason: expect.stringContaining("ended by itself"), fix: expect.any(String) },
      ]);
      expect(report.density?.[0]?.points).toHaveLength(2);
      expect(report.density?.[0]?.stoppedBecause).toContain("number 3");
    },
  );
});

function processRow(): DensityRow {
  const row = DENSITY_SYSTEMS.get("process");
  if (row === undefined) throw new Error("there is no process");
  return row;
}
