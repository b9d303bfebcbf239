/** The trace: what is recorded comes back, what is exported can be read back, what is unsound is named. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkTimeline } from "../../../simulator/trace/check.ts";
import { chromeTraceText, toChromeTrace } from "../../../simulator/trace/chrome-trace.ts";
import { parseChromeTrace } from "../../../simulator/trace/chrome-trace-parse.ts";
import { countOf, crossingsOf } from "../../../simulator/trace/crossings.ts";
import { traceHash } from "../../../simulator/trace/hash.ts";
import { TraceRecorder } from "../../../simulator/trace/recorder.ts";
import { sha256, utf8 } from "../../../simulator/trace/sha256.ts";
import { stagesOf, timeByDepth } from "../../../simulator/trace/stages.ts";
import { MARKS, type Mode, type Span, type Timeline } from "../../../simulator/trace/timeline.ts";
import { arbitraryTimeline } from "../../support/arbitrary-timeline.ts";

const provenance = { kind: "simulated", detail: "a test" } as const;

/** A track of spans of length 10, one after the other, from `mode` or `mode*count`. */
function timelineOf(...modes: string[]): Timeline {
  const spans = modes.map((text, index): Span => {
    const [mode = "", count] = text.split("*");
    const span = { track: "t", name: mode, start: index * 10, end: index * 10 + 10, mode: asMode(mode), stage: "s" };
    return count === undefined ? span : { ...span, args: { count: Number(count) } };
  });
  const track = { id: "t", name: "T", world: "process", unit: "ns", provenance } as const;
  return { title: "test", tracks: [track], spans, instants: [], counters: [] };
}

function asMode(text: string): Mode {
  const modes: readonly Mode[] = ["user", "kernel", "hypervisor", "problem", "supervisor"];
  const mode = modes.find((known) => known === text);
  if (mode === undefined) throw new TypeError(text);
  return mode;
}

describe("the recorder", () => {
  it("gives back what was recorded, in the order of recording", () => {
    fc.assert(
      fc.property(arbitraryTimeline, (timeline) => {
        const recorder = new TraceRecorder();
        for (const track of timeline.tracks) recorder.track(track);
        for (const span of timeline.spans) recorder.span(span);
        for (const instant of timeline.instants) recorder.instant(instant);
        for (const counter of timeline.counters) recorder.counter(counter);
        expect(recorder.timeline(timeline.title)).toEqual(timeline);
      }),
    );
  });

  it("refuses spans without length and times that are not integers", () => {
    const span = { track: "t", name: "n", start: 5, end: 5, mode: "user", stage: "s" } as const;
    expect(() => new TraceRecorder().span(span)).toThrow("ends at 5");
    expect(() => new TraceRecorder().span({ ...span, end: 5.5 })).toThrow("not non-negative integers");
  });
});

describe("the Chrome trace", () => {
  it("reads back as it was written, through JSON", () => {
    fc.assert(
      fc.property(arbitraryTimeline, (timeline) => {
        expect(parseChromeTrace(JSON.parse(chromeTraceText(timeline)))).toEqual(timeline);
      }),
    );
  });

  it("keeps the spans of a thread apart and in order, as Perfetto needs them", () => {
    fc.assert(
      fc.property(arbitraryTimeline, (timeline) => {
        const ends = new Map<number, number>();
        for (const event of toChromeTrace(timeline).traceEvents) {
          if (event.ph !== "X") continue;
          // The quotients by 1000 are not exact; Perfetto rounds to nanoseconds, and so does this.
          expect(Math.round(event.ts * 1000)).toBeGreaterThanOrEqual(ends.get(event.pid) ?? 0);
          ends.set(event.pid, Math.round((event.ts + event.dur) * 1000));
        }
      }),
    );
  });

  it("says of every event where it comes from and in which mode it is, and of a track of steps that it has no times", () => {
    const timeline = timelineOf("problem", "supervisor");
    const steps = { ...timeline, tracks: timeline.tracks.map((track) => ({ ...track, unit: "step" as const })) };
    const trace = toChromeTrace(steps);
    expect(trace.otherData).toMatchObject({ schema: "ringside.timeline/1", simulated: true });
    const spans = trace.traceEvents.filter((event) => event.ph === "X");
    expect(spans.map((event) => event.args.mode)).toEqual(["problem", "supervisor"]);
    expect(spans.map((event) => event.args.provenance)).toEqual(["simulated", "simulated"]);
    expect(spans.map((event) => event.dur)).toEqual([10, 10]);
    const names = trace.traceEvents.filter((event) => event.name === "process_name");
    expect(names.map((event) => event.args.name)).toEqual(["T (steps, not time)"]);
  });

  it("refuses what it did not write, and names the place", () => {
    const good: unknown = JSON.parse(chromeTraceText(timelineOf("user")));
    const broken = (change: string, to: string): unknown => JSON.parse(JSON.stringify(good).replace(change, to));
    expect(() => parseChromeTrace(null)).toThrow("trace is not an object");
    expect(() => parseChromeTrace(broken("ringside.timeline/1", "other"))).toThrow("otherData.schema");
    expect(() => parseChromeTrace(broken('"mode":"user"', '"mode":"ring 3"'))).toThrow("args.mode");
    expect(() => parseChromeTrace(broken('"dur":0.01', '"dur":"long"'))).toThrow("dur is not a number");
    expect(() => parseChromeTrace(broken('"world":"process"', '"world":"planet"'))).toThrow("world is none of");
    expect(() => parseChromeTrace(broken('"ph":"X","name":"user","cat":"user","pid":1', '"ph":"X","pid":9'))).toThrow(
      "pid",
    );
  });
});

describe("SHA-256", () => {
  it("is the standard's", () => {
    expect(sha256(utf8("abc"))).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });

  it("agrees with OpenSSL's on any bytes, and UTF-8 with Node's on any text", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.string({ unit: "binary" }), (bytes, text) => {
        expect(sha256(bytes)).toBe(createHash("sha256").update(bytes).digest("hex"));
        expect([...utf8(text)]).toEqual([...new TextEncoder().encode(text)]);
      }),
    );
  });
});

describe("the trace hash", () => {
  it("does not change with provenance, and changes with anything that happened", () => {
    const timeline = timelineOf("user", "kernel", "user");
    const elsewhere = timeline.tracks.map((track) => ({
      ...track,
      provenance: { ...provenance, detail: "elsewhere" },
    }));
    expect(traceHash({ ...timeline, tracks: elsewhere })).toBe(traceHash(timeline));
    const later = timeline.spans.map((span, index) => (index === 2 ? { ...span, end: span.end + 1 } : span));
    expect(traceHash({ ...timeline, spans: later })).not.toBe(traceHash(timeline));
    const marked = { ...timeline, instants: [{ track: "t", name: MARKS.gone, at: 30 }] };
    expect(traceHash(marked)).not.toBe(traceHash(timeline));
  });
});

describe("crossings", () => {
  it("count every dip once, however many spans it is drawn in", () => {
    expect(crossingsOf(timelineOf("user", "kernel", "user", "kernel", "kernel", "user"), "t").intoKernel).toBe(2);
    expect(crossingsOf(timelineOf("kernel", "user"), "t").intoKernel).toBe(1);
    expect(crossingsOf(timelineOf("user", "user"), "t").intoKernel).toBe(0);
    expect(crossingsOf(timelineOf("problem", "supervisor", "problem"), "t").intoKernel).toBe(1);
  });

  it("count the visits that one span stands for", () => {
    expect(crossingsOf(timelineOf("user", "kernel*3", "user", "kernel*2"), "t").intoKernel).toBe(5);
    expect(crossingsOf(timelineOf("user", "kernel*3", "kernel*2"), "t").intoKernel).toBe(5);
  });

  it("do not take coming back from the hypervisor for a system call", () => {
    const timeline = timelineOf("user", "kernel", "hypervisor*4", "kernel", "hypervisor", "kernel", "user");
    expect(crossingsOf(timeline, "t")).toEqual({ intoKernel: 1, intoHypervisor: 5 });
  });

  it("take a count that makes no sense for one", () => {
    const span = { track: "t", name: "", start: 0, end: 1, mode: "kernel", stage: "" } as const;
    for (const count of [0, -3, 1.5, "many"]) expect(countOf({ ...span, args: { count } })).toBe(1);
  });
});

describe("stages", () => {
  it("cover exactly the spans of their track, each in one bar", () => {
    fc.assert(
      fc.property(arbitraryTimeline, (timeline) => {
        for (const { id } of timeline.tracks) {
          const bars = stagesOf(timeline, id);
          const spans = timeline.spans.filter((span) => span.track === id);
          expect(bars.reduce((sum, bar) => sum + bar.spans, 0)).toBe(spans.length);
          const inBars = bars.flatMap((bar) => Object.values(bar.timeByMode)).reduce((sum, time) => sum + time, 0);
          expect(inBars).toBe(timeByDepth(timeline, id).reduce((sum, time) => sum + time, 0));
          for (const [index, bar] of bars.entries()) expect(bar.stage).not.toBe(bars[index + 1]?.stage);
        }
      }),
    );
  });
});

describe("a timeline's check", () => {
  it("finds nothing wrong with a sound one", () => {
    fc.assert(
      fc.property(arbitraryTimeline, (timeline) => {
        expect(checkTimeline({ ...timeline, instants: [] })).toEqual([]);
      }),
    );
  });

  it("names overlaps, fractions, unknown tracks, tracks without provenance and marks out of order", () => {
    const sound = timelineOf("user", "kernel");
    const [first, second] = sound.spans;
    if (first === undefined || second === undefined) throw new Error("two spans expected");
    const problemsOf = (change: Partial<Timeline>) => checkTimeline({ ...sound, ...change }).join("; ");
    expect(problemsOf({ spans: [first, { ...second, start: 9 }] })).toContain(
      "starts at 9, the span before ends at 10",
    );
    expect(problemsOf({ spans: [{ ...first, end: 9.5 }] })).toContain("not integers");
    expect(problemsOf({ spans: [{ ...first, end: 0 }] })).toContain("ends at 0");
    expect(problemsOf({ spans: [{ ...first, track: "x" }] })).toContain('no track "x"');
    const blank = sound.tracks.map((track) => ({ ...track, provenance: { ...provenance, detail: "" } }));
    expect(problemsOf({ tracks: blank })).toContain("no provenance");
    const swapped = [
      { track: "t", name: MARKS.gone, at: 1 },
      { track: "t", name: MARKS.firstByte, at: 2 },
    ];
    expect(problemsOf({ instants: swapped })).toContain('"gone" lies before "first byte"');
  });
});
