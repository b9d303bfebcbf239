/** Travel in time: a moment rebuilt from keyframes is the moment that a replay from the start comes to. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crossingCounters } from "../../../simulator/trace/counters.ts";
import { crossingsOf } from "../../../simulator/trace/crossings.ts";
import { History, SPANS_PER_KEYFRAME } from "../../../simulator/trace/history.ts";
import { TraceRecorder } from "../../../simulator/trace/recorder.ts";
import { timeByDepth } from "../../../simulator/trace/stages.ts";
import { replayTo } from "../../../simulator/trace/state.ts";
import type { Mode, Timeline } from "../../../simulator/trace/timeline.ts";
import { arbitraryTimeline } from "../../support/arbitrary-timeline.ts";
import { chance } from "../../support/chance.ts";

const MODES: readonly Mode[] = ["user", "kernel", "hypervisor", "problem", "supervisor"];
const provenance = { kind: "simulated", detail: "a test" } as const;

/** Every time at which something begins or ends, and the ones beside it. */
function tellingTimes({ spans, instants, counters }: Timeline): number[] {
  const times = [...spans.flatMap(({ start, end }) => [start, end]), ...[...instants, ...counters].map(({ at }) => at)];
  return [0, ...times.flatMap((time) => [time - 1, time, time + 1])].filter((time) => time >= 0);
}

/** A trace of many keyframes on several tracks, written in the order in which it happens. */
function longTrace(tracks: number, spansOfEach: number, seed = chance()): TraceRecorder {
  const recorder = new TraceRecorder();
  const random = seed.stream("trace");
  for (let track = 0; track < tracks; track++) {
    recorder.track({ id: `cpu${track}`, name: `CPU ${track}`, world: "process", unit: "ns", provenance });
  }
  const ends = new Array<number>(tracks).fill(0);
  for (let span = 0; span < tracks * spansOfEach; span++) {
    const at = random.integer(0, tracks - 1);
    const track = `cpu${at}`;
    const start = (ends[at] ?? 0) + random.integer(0, 3);
    const end = start + random.integer(1, 1000);
    ends[at] = end;
    const mode = MODES[random.integer(0, 4)] ?? "user";
    const counted = random.integer(0, 9) === 0 ? { args: { count: random.integer(1, 5) } } : {};
    recorder.span({ track, name: mode, stage: "run", mode, start, end, ...counted });
    if (random.integer(0, 3) === 0) recorder.counter({ track, name: "misses", at: end, value: span });
    if (random.integer(0, 99) === 0) recorder.instant({ track, name: "tick", at: end });
  }
  return recorder;
}

describe("the state at a time", () => {
  it("is the one that a replay from the start comes to, at every moment of any timeline", () => {
    fc.assert(
      fc.property(arbitraryTimeline, (timeline) => {
        const history = History.of(timeline);
        for (const time of tellingTimes(timeline)) expect(history.stateAt(time)).toEqual(replayTo(timeline, time));
      }),
      { numRuns: 60 },
    );
  });

  it("is so across keyframes, forwards and backwards alike", () => {
    const random = chance();
    const recorder = longTrace(3, 4 * SPANS_PER_KEYFRAME, random);
    const history = new History(recorder);
    const timeline = recorder.timeline("long");
    const last = Math.max(...timeline.spans.map(({ end }) => end));
    const keyframes = timeline.spans.filter((_, row) => row % SPANS_PER_KEYFRAME < 2).map(({ start }) => start);
    const anywhere = Array.from({ length: 100 }, () => random.integer(0, last + 10));
    for (const time of [...keyframes, ...anywhere]) {
      expect(history.stateAt(time)).toEqual(replayTo(timeline, time));
    }
  });

  it("is so where the rows of a track were written in any order", () => {
    const random = chance();
    const inOrder = longTrace(2, SPANS_PER_KEYFRAME + 10, random).timeline("shuffled");
    const spans = inOrder.spans
      .map((span) => ({ span, key: random.word() }))
      .toSorted((left, right) => left.key - right.key)
      .map(({ span }) => span);
    const timeline = { ...inOrder, spans };
    const history = History.of(timeline);
    for (let draw = 0; draw < 50; draw++) {
      const time = random.integer(0, 60_000);
      expect(history.stateAt(time)).toEqual(replayTo(timeline, time));
    }
  });

  it("comes at the end to what the whole timeline is known to come to", () => {
    const recorder = longTrace(2, 1000);
    const timeline = recorder.timeline("whole");
    for (const state of new History(recorder).stateAt(Number.MAX_SAFE_INTEGER).tracks) {
      expect(state.doing).toBeUndefined();
      expect(state.crossings).toEqual(crossingsOf(timeline, state.track));
      expect(state.timeByDepth).toEqual(timeByDepth(timeline, state.track));
      expect(state.spans).toBe(timeline.spans.filter(({ track }) => track === state.track).length);
    }
  });

  it("has the crossings of crossingCounters at the end of each stage", () => {
    const timeline = longTrace(1, 300).timeline("counted");
    const counters = crossingCounters(timeline);
    const history = History.of({ ...timeline, counters });
    for (const { track, at } of counters) {
      // Just before the end: what begins at that very moment has not begun.
      const state = history.trackAt(track, at - 1);
      expect(state?.crossings.intoKernel).toBe(history.trackAt(track, at)?.counters.get("mode switches so far"));
    }
  });

  it("has no state of a track that is not there, and leaves out what is on none", () => {
    const recorder = longTrace(1, 10);
    recorder.span({ track: "nowhere", name: "lost", mode: "kernel", stage: "run", start: 0, end: 10 });
    const history = new History(recorder);
    expect(history.trackAt("nowhere", 5)).toBeUndefined();
    expect(history.stateAt(5).tracks.map(({ track }) => track)).toEqual(["cpu0"]);
  });

  it("reads a bounded number of spans, however long the trace is: counted, not timed", () => {
    for (const length of [1000, 100_000]) {
      const recorder = new TraceRecorder();
      recorder.track({ id: "cpu", name: "CPU", world: "process", unit: "ns", provenance });
      const kind = recorder.kind({ track: "cpu", name: "run", mode: "user", stage: "run" });
      for (let row = 0; row < length; row++) recorder.row(kind, row * 10, row * 10 + 10);
      const history = new History(recorder);
      let reads = 0;
      const { time } = recorder.columns.spans;
      const original = time.at.bind(time);
      time.at = (row) => {
        reads++;
        return original(row);
      };
      const state = history.stateAt(length * 10 - 5);
      expect(state.tracks[0]?.spans).toBe(length);
      expect(reads).toBeLessThan(SPANS_PER_KEYFRAME + 64);
    }
  });
});
