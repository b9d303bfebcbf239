/** What a strip had counted by a moment, wherever the cursor jumps. */
import { describe, expect, it } from "vitest";
import { crossingsOf } from "../../simulator/trace/crossings.ts";
import { soFarWords, stateAt } from "../../web/client/timeline/so-far.ts";
import { indexTracks } from "../../web/client/timeline/track-index.ts";
import { timelineOf, trackOf } from "./timelines.ts";

const spans = [
  { mode: "user", start: 0, end: 10 },
  { mode: "kernel", start: 10, end: 20 },
  { mode: "hypervisor", start: 20, end: 30 },
  { mode: "kernel", start: 30, end: 40 },
  { mode: "user", start: 40, end: 50 },
  { mode: "kernel", start: 50, end: 60 },
] as const;

describe("what has been counted so far", () => {
  it("grows with the cursor and shrinks with it", () => {
    const index = trackOf(spans);
    const words = (times: readonly number[]) => times.map((time) => soFarWords(index, time));
    expect(words([5, 10, 25, 55, 1000, 15, 0])).toEqual([
      "",
      "so far into the kernel once",
      "so far into the kernel once, into the hypervisor once",
      "so far into the kernel twice, into the hypervisor once",
      "so far into the kernel twice, into the hypervisor once",
      "so far into the kernel once",
      "",
    ]);
  });

  it("is in the end what the strip comes to", () => {
    const index = trackOf(spans);
    expect(stateAt(index, index.end)?.crossings).toEqual(crossingsOf(index.timeline, index.track.id));
  });

  it("says what the world counts, with its last value, and the crossings only once", () => {
    const counters = [
      { track: "t", name: "page faults", at: 12, value: 3 },
      { track: "t", name: "page faults", at: 52, value: 8 },
      { track: "t", name: "mode switches so far", at: 20, value: 1 },
    ];
    const [index] = indexTracks({ ...timelineOf(spans), counters });
    if (index === undefined) throw new Error("the timeline has a track");
    expect(soFarWords(index, 30)).toBe("so far into the kernel once, into the hypervisor once, page faults 3");
    expect(soFarWords(index, 60)).toContain("page faults 8");
  });

  it("speaks of supervisor state where steps are counted", () => {
    const index = trackOf([{ mode: "supervisor", start: 0, end: 4 }], { unit: "step" });
    expect(soFarWords(index, 2)).toBe("so far into supervisor state once");
  });
});
