/** What is made for long traces: columns of any integers, and readers that look at each row a bounded number of times. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkTimeline } from "../../../simulator/trace/check.ts";
import { chromeTracePieces, chromeTraceText } from "../../../simulator/trace/chrome-trace.ts";
import { Column } from "../../../simulator/trace/column.ts";
import { COUNTERS, crossingCounters } from "../../../simulator/trace/counters.ts";
import { crossingsOf } from "../../../simulator/trace/crossings.ts";
import { traceHash } from "../../../simulator/trace/hash.ts";
import { recorded, TraceRecorder } from "../../../simulator/trace/recorder.ts";
import { Sha256, sha256 } from "../../../simulator/trace/sha256.ts";
import { stagesOf } from "../../../simulator/trace/stages.ts";
import type { CounterSample, Timeline } from "../../../simulator/trace/timeline.ts";
import { arbitraryTimeline } from "../../support/arbitrary-timeline.ts";

describe("a column", () => {
  const near = fc.integer({ min: -1000, max: 1000 });
  const any = fc.oneof(near, fc.maxSafeInteger(), fc.constantFrom(2 ** 29, 2 ** 31, 2 ** 32, 2 ** 32 - 1, -(2 ** 32)));

  it("gives back what was written, however far apart its values lie", () => {
    const growing = fc.array(fc.nat(2 ** 33)).map((steps) => {
      let sum = 0;
      return steps.map((step) => (sum += step));
    });
    fc.assert(
      fc.property(fc.oneof(fc.array(any), growing), fc.constantFrom(0, 4000), (values, before) => {
        const column = new Column();
        // Values on both sides of the end of a chunk.
        for (let row = 0; row < before + 90; row++) column.push(7);
        for (const value of values) column.push(value);
        expect(column.length).toBe(before + 90 + values.length);
        expect(values.map((_, row) => column.at(before + 90 + row))).toEqual(values.map((value) => value + 0));
        expect(column.at(before)).toBe(7);
      }),
    );
  });

  it("refuses what is not an integer, and rows that it does not have", () => {
    const column = new Column();
    column.push(1);
    for (const value of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(() => column.push(value)).toThrow("not an integer");
    }
    for (const row of [-1, 1, 4096]) expect(() => column.at(row)).toThrow("no row");
    expect(column.length).toBe(1);
  });

  it("takes four bytes a value, and eight where values lie further apart than 32 bits reach", () => {
    const near = new Column();
    const far = new Column();
    for (let row = 0; row < 100_000; row++) {
      near.push(row * 1000);
      far.push((row % 2) * 2 ** 40);
    }
    expect(near.bytes).toBeLessThan(100_000 * 4 + 16_384);
    expect(far.bytes).toBeLessThan(100_000 * 8 + 32_768);
  });
});

describe("a recorder", () => {
  it("writes by number what it writes by name", () => {
    fc.assert(
      fc.property(arbitraryTimeline, (timeline) => {
        const recorder = new TraceRecorder();
        for (const track of timeline.tracks) recorder.track(track);
        for (const { start, end, ...kind } of timeline.spans) recorder.row(recorder.kind(kind), start, end);
        for (const instant of timeline.instants) recorder.instant(instant);
        for (const { track, name, at, value } of timeline.counters)
          recorder.sample(recorder.series(track, name), at, value);
        expect(recorder.timeline(timeline.title)).toEqual(timeline);
      }),
    );
  });

  it("writes nothing of a row that it refuses", () => {
    const recorder = new TraceRecorder();
    const kind = recorder.kind({ track: "t", name: "n", mode: "user", stage: "s" });
    for (const [start, end] of [
      [5, 5],
      [5, 4],
      [0.5, 2],
      [1, 2.5],
      [-1, 2],
      [1, 2 ** 53],
    ] as const) {
      expect(() => recorder.row(kind, start, end)).toThrow("record the span");
    }
    expect(() => recorder.row(7, 0, 1)).toThrow("no kind of span 7");
    expect(() => recorder.sample(0, 0, 1)).toThrow("no series 0");
    expect(() => recorder.counter({ track: "t", name: "c", at: 0, value: 0.5 })).toThrow("not integers");
    recorder.row(kind, 1, 2);
    expect(recorder.timeline("t").spans).toEqual([
      { track: "t", name: "n", mode: "user", stage: "s", start: 1, end: 2 },
    ]);
    expect(recorder.sampleCount).toBe(0);
  });
});

describe("readers of rows", () => {
  it("come to the same from a recorder's rows as from its timeline", () => {
    fc.assert(
      fc.property(arbitraryTimeline, (timeline) => {
        const rows = recorded(timeline).rows(timeline.title);
        expect(traceHash(rows)).toBe(traceHash(timeline));
        expect([...chromeTracePieces(rows)].join("")).toBe(chromeTraceText(timeline));
      }),
    );
  });

  it("hash in pieces what they hash as a whole", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), (pieces) => {
        const hash = new Sha256();
        for (const piece of pieces) hash.update(piece);
        expect(hash.digest()).toBe(sha256(Uint8Array.from(pieces.flatMap((piece) => [...piece]))));
      }),
    );
  });

  it("count at the end of each stage the crossings of all that has ended by then", () => {
    fc.assert(
      fc.property(arbitraryTimeline, (timeline) => {
        const expected = timeline.tracks.flatMap(({ id: track }) => {
          const hasExits = crossingsOf(timeline, track).intoHypervisor > 0;
          return stagesOf(timeline, track).flatMap(({ end: at }): CounterSample[] => {
            const ended = timeline.spans.filter((span) => span.track === track && span.end <= at);
            const { intoKernel, intoHypervisor } = crossingsOf({ ...timeline, spans: ended }, track);
            const exits = { track, name: COUNTERS.intoHypervisor, at, value: intoHypervisor };
            return [{ track, name: COUNTERS.intoKernel, at, value: intoKernel }, ...(hasExits ? [exits] : [])];
          });
        });
        expect(crossingCounters(timeline)).toEqual(expected);
      }),
    );
  });

  const provenance = { kind: "simulated", detail: "a test" } as const;

  /** A timeline of many tracks, each with spans of many stages, whose spans count how often they are read. */
  function counted(tracks: number, spansOfEach: number): { readonly timeline: Timeline; readonly reads: () => number } {
    let reads = 0;
    const ids = Array.from({ length: tracks }, (_, index) => `track ${index}`);
    const spans = ids.flatMap((track) =>
      Array.from({ length: spansOfEach }, (_, at) => ({
        get track() {
          reads++;
          return track;
        },
        name: "run",
        start: at * 10,
        end: at * 10 + 10,
        mode: at % 2 === 0 ? ("user" as const) : ("kernel" as const),
        stage: `stage ${at}`,
      })),
    );
    const timeline = {
      title: "counted",
      tracks: ids.map((id) => ({ id, name: id, world: "process" as const, unit: "ns" as const, provenance })),
      spans,
      instants: [],
      counters: [],
    };
    return { timeline, reads: () => reads };
  }

  it.each([
    ["the counters", (timeline: Timeline) => crossingCounters(timeline)],
    ["the check", (timeline: Timeline) => checkTimeline(timeline)],
    ["the hash", (timeline: Timeline) => traceHash(timeline)],
    ["the export", (timeline: Timeline) => chromeTraceText(timeline)],
  ])("look at each span a few times, however many tracks and stages there are: %s", (_, read) => {
    const { timeline, reads } = counted(100, 50);
    read(timeline);
    expect(reads()).toBeGreaterThan(0);
    expect(reads()).toBeLessThanOrEqual(3 * timeline.spans.length);
  });
});
