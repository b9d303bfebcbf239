/** The parts of the density benchmark that need no instance: the line, the stop, what is counted. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { fitLine } from "../../runtime/bench/density/fit.ts";
import {
  allocatedBytes,
  chargedBytes,
  proportionalBytes,
  withDescendants,
} from "../../runtime/bench/density/footprint.ts";
import { type Bounds, floorBytes, memoryNow, type Reached, whyStop } from "../../runtime/bench/density/guard.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const GIBIBYTE = 1024 ** 3;

describe("the line through the points", () => {
  const size = fc.integer({ min: -1_000_000, max: 1_000_000 });

  test("finds slope and intercept of points that lie on one, and says that it explains all", () => {
    fc.assert(
      fc.property(size, size, fc.integer({ min: 2, max: 40 }), (slope, intercept, count) => {
        const points = Array.from({ length: count }, (_, x) => [x + 1, intercept + slope * (x + 1)] as const);
        const line = fitLine(points);
        expect(line?.slope).toBeCloseTo(slope, 4);
        expect(line?.intercept).toBeCloseTo(intercept, 3);
        expect(line?.r2).toBeCloseTo(1, 6);
      }),
    );
  });

  test("is the one with the least squares: no other near it has smaller ones", () => {
    const points = fc.array(size, { minLength: 3, maxLength: 20 });
    fc.assert(
      fc.property(points, fc.double({ min: -5, max: 5, noNaN: true }), (values, turn) => {
        const data = values.map((y, x) => [x, y] as const);
        const line = fitLine(data);
        if (line === undefined) throw new Error("three points have a line");
        const squares = (slope: number) => data.reduce((sum, [x, y]) => sum + (y - line.intercept - slope * x) ** 2, 0);
        expect(squares(line.slope)).toBeLessThanOrEqual(squares(line.slope + turn) * (1 + 1e-9) + 1e-6);
        expect(line.r2).toBeGreaterThanOrEqual(0);
        expect(line.r2).toBeLessThanOrEqual(1);
      }),
    );
  });

  test("does not exist for fewer than two points, or where all have the same place", () => {
    expect([
      fitLine([]),
      fitLine([[1, 5]]),
      fitLine([
        [2, 5],
        [2, 7],
      ]),
    ]).toEqual([undefined, undefined, undefined]);
  });
});

describe("the guard", () => {
  const bounds: Bounds = { instances: 10, memoryBytes: 4 * GIBIBYTE, diskBytes: GIBIBYTE, deadlineMs: 1000 };
  const reached: Reached = {
    instances: 3,
    availableBeforeBytes: 12 * GIBIBYTE,
    nextBytes: GIBIBYTE / 4,
    diskBytes: 0,
    nextDiskBytes: 0,
    nowMs: 500,
  };
  const now = { totalBytes: 16 * GIBIBYTE, availableBytes: 11 * GIBIBYTE, pressurePercent: 0 };

  it("lets one more start while everything is within its bounds", () => {
    expect(whyStop(bounds, reached, now)).toBeUndefined();
    expect(whyStop(bounds, reached, { ...now, pressurePercent: undefined })).toBeUndefined();
  });

  it.each([
    ["as many as were asked for are there", { instances: 10 }, {}, /as many as were asked for/],
    ["the time is over", { nowMs: 1000 }, {}, /time was over/],
    ["one more would take more than its share", {}, { availableBytes: 8.2 * GIBIBYTE }, /more than the 4096 MiB/],
    [
      "one more would leave the machine too little",
      { availableBeforeBytes: 2 * GIBIBYTE },
      { availableBytes: 1.7 * GIBIBYTE },
      /leave the machine less/,
    ],
    ["one more would take too much disk", { diskBytes: GIBIBYTE - 1, nextDiskBytes: 2 }, {}, /1024 MiB of disk/],
    ["tasks wait for memory", {}, { pressurePercent: 25 }, /25 %/],
  ])("stops when %s, and says so", (_, isReached, isNow, reason) => {
    expect(whyStop(bounds, { ...reached, ...isReached }, { ...now, ...isNow })).toMatch(reason);
  });

  it("keeps half a gibibyte available on a small machine, a tenth on a large one", () => {
    expect([floorBytes(2 * GIBIBYTE), floorBytes(100 * GIBIBYTE)]).toEqual([GIBIBYTE / 2, 10 * GIBIBYTE]);
  });

  it("reads this machine's memory", () => {
    const { totalBytes, availableBytes } = memoryNow();
    expect(availableBytes).toBeGreaterThan(0);
    expect(totalBytes).toBeGreaterThan(availableBytes);
  });
});

describe("what is counted", () => {
  it("is the processes with all that descend from them, whatever they are called", () => {
    const proc = temporaryDirectory();
    const process = (pid: number, parent: number, name: string, pssKib: number) => {
      mkdirSync(join(proc, String(pid)));
      writeFileSync(join(proc, String(pid), "stat"), `${pid} (${name}) S ${parent} 1 1 0`);
      writeFileSync(join(proc, String(pid), "smaps_rollup"), `Rss: 999 kB\nPss:      ${pssKib} kB\nPss_Anon: 1 kB\n`);
    };
    process(10, 1, "launcher", 100);
    process(11, 10, "a) S 1 (b", 20);
    process(12, 11, "two words", 3);
    process(20, 1, "stranger", 5000);
    const found = withDescendants([10], proc);
    expect(found.sort()).toEqual([10, 11, 12]);
    expect(proportionalBytes(found, proc)).toBe(123 * 1024);
    expect(proportionalBytes([12, 99], proc)).toBe(3 * 1024);
  });

  it("is what the kernel charges to groups of either version; a group that has gone is charged nothing", () => {
    const directory = temporaryDirectory();
    for (const [name, file] of [
      ["v1", "memory.usage_in_bytes"],
      ["v2", "memory.current"],
    ] as const) {
      mkdirSync(join(directory, name));
      writeFileSync(join(directory, name, file), "4096\n");
    }
    expect(chargedBytes(["v1", "v2", "gone"].map((name) => join(directory, name)))).toBe(8192);
  });

  it("is the blocks on disk: a hole takes none", () => {
    const directory = temporaryDirectory();
    const empty = allocatedBytes([directory]);
    writeFileSync(join(directory, "full"), Buffer.alloc(1024 ** 2, 1));
    const full = allocatedBytes([directory]);
    expect(full - empty).toBeGreaterThanOrEqual(1024 ** 2);
    expect(allocatedBytes([join(directory, "not-there")])).toBe(0);
  });
});
