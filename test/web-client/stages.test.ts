/** Stage bars, flags and table rows: what fits, and what the figures add up to. */

import { describe, expect, it } from "vitest";
import { placeFlags } from "../../web/client/timeline/flags.ts";
import { stageRows } from "../../web/client/timeline/rows.ts";
import { placeStages, stageBars } from "../../web/client/timeline/stages.ts";
import { trackOf } from "./timelines.ts";

const index = trackOf([
  { mode: "kernel", start: 0, end: 10, stage: "clone" },
  { mode: "user", start: 10, end: 12, stage: "mounts" },
  { mode: "kernel", start: 12, end: 100, stage: "mounts" },
  { mode: "kernel", start: 100, end: 104, stage: "exec" },
]);
const window = { widthPx: 104, project: (time: number) => time };

describe("the stages under a waterline", () => {
  it("names a stage only where its name fits", () => {
    const placed = placeStages(stageBars(index), window, (name) => name.length * 7);
    expect(placed.map(({ name, labelled }) => [name, labelled])).toEqual([
      ["clone", false],
      ["mounts", true],
      ["exec", false],
    ]);
  });

  it("keeps to what is on screen", () => {
    const placed = placeStages(stageBars(index), { widthPx: 50, project: (time) => time - 20 }, () => 0);
    expect(placed).toEqual([{ name: "mounts", x0: 0, x1: 50, labelled: true }]);
  });
});

describe("the figure as a table", () => {
  it("adds up what every stage cost at each depth", () => {
    expect(stageRows(index)).toEqual([
      { stage: "clone", start: 0, length: 10, byDepth: [0, 10, 0], spans: 1 },
      { stage: "mounts", start: 10, length: 90, byDepth: [2, 88, 0], spans: 2 },
      { stage: "exec", start: 100, length: 4, byDepth: [0, 4, 0], spans: 1 },
    ]);
  });
});

describe("the flags of the marks", () => {
  it("hang one below the other, and turn to the left at the right edge", () => {
    const marks = [
      { name: "first byte", at: 10 },
      { name: "gone", at: 95 },
    ];
    const flags = placeFlags(marks, window, () => 40);
    expect(flags.map(({ row, anchor }) => [row, anchor])).toEqual([
      [0, "start"],
      [1, "end"],
    ]);
  });

  it("leaves out a mark that is off screen, and keeps the rows of the others", () => {
    const flags = placeFlags(
      [
        { name: "first byte", at: 500 },
        { name: "gone", at: 50 },
      ],
      window,
      () => 10,
    );
    expect(flags.map(({ name, row }) => [name, row])).toEqual([["gone", 1]]);
  });
});
