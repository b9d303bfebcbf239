/** Looking up a moment on a track, and stepping from event to event. */

import { describe, expect, it } from "vitest";
import { mergeTracks } from "../../web/client/timeline/merge.ts";
import { readoutAt } from "../../web/client/timeline/readout.ts";
import { spokenMoment } from "../../web/client/timeline/spoken.ts";
import { lastStartedBy, neighbourEvent, spanAt } from "../../web/client/timeline/track-index.ts";
import { trackOf } from "./timelines.ts";

const index = trackOf(
  [
    { mode: "kernel", start: 40, end: 60, name: "later" },
    { mode: "user", start: 10, end: 30, name: "first" },
    { mode: "kernel", start: 30, end: 40, name: "second" },
    { mode: "user", start: 80, end: 90, name: "last" },
  ],
  { marks: { "first byte": 35, gone: 95 } },
);

describe("looking up a moment", () => {
  it("sorts what came in any order", () => {
    expect(index.spans.map(({ name }) => name)).toEqual(["first", "second", "later", "last"]);
  });

  it("counts a span's start to it, and its end to the next", () => {
    expect(spanAt(index, 10)?.name).toBe("first");
    expect(spanAt(index, 30)?.name).toBe("second");
    expect(spanAt(index, 59)?.name).toBe("later");
    expect(spanAt(index, 60)).toBeUndefined();
  });

  it("knows that nothing has begun yet", () => {
    expect(lastStartedBy(index, 9)).toBe(-1);
    expect(readoutAt(index, 4)).toEqual({ kind: "before", wait: 6 });
  });

  it("says how long nothing was recorded, and how long it is over", () => {
    expect(readoutAt(index, 70)).toEqual({ kind: "idle", since: 60, until: 80 });
    expect(readoutAt(index, 100)).toEqual({ kind: "after", ago: 5 });
  });

  it("steps through starts and marks alike, and back again", () => {
    const forward: number[] = [];
    for (let at: number | undefined = 0; at !== undefined; at = neighbourEvent([index], at, 1)) forward.push(at);
    expect(forward).toEqual([0, 10, 30, 35, 40, 80, 95]);
    const back: number[] = [];
    for (let at: number | undefined = 95; at !== undefined; at = neighbourEvent([index], at, -1)) back.push(at);
    expect(back).toEqual([95, 80, 40, 35, 30, 10]);
  });
});

describe("what is saved of a figure", () => {
  it("is every shown track once, even where a world was simulated and measured under one name", () => {
    const other = trackOf([{ mode: "user", start: 0, end: 5 }]);
    const merged = mergeTracks("both", [index, other]);
    expect(new Set(merged.tracks.map(({ id }) => id)).size).toBe(2);
    expect(merged.spans).toHaveLength(index.spans.length + 1);
    expect(merged.instants).toHaveLength(index.instants.length);
    const known = merged.tracks.map(({ id }) => id);
    expect(merged.spans.every(({ track }) => known.includes(track))).toBe(true);
  });
});

describe("what is said of a moment", () => {
  it("names every lane on the time axis, and what it was doing", () => {
    const lane = { id: "a", world: "process" as const, title: "Process", subtitle: "", tracks: [index] };
    const at = (time: number): string => spokenMoment([lane], time).replaceAll("\u202f", " ");
    expect(at(35)).toBe("35 ns. Process: second, kernel mode.");
    expect(at(2)).toBe("2 ns. Process: not started.");
    expect(at(300)).toBe("300 ns. Process: gone.");
  });
});
