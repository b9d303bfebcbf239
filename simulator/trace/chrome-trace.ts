/**
 * A timeline as Chrome Trace Event JSON ("Trace Event Format", Google, 2016), which Perfetto and speedscope open. One
 * process a track, complete events (X) in microseconds, metadata (M) for names, instants (i), counters (C). What the
 * format has no place for travels in `otherData`, so that chrome-trace-parse.ts can read the timeline back unchanged.
 */
import type { TimelineRows } from "./recorder.ts";
import type { CounterSample, Instant, Span, Track } from "./timeline.ts";

export const TIMELINE_SCHEMA = "ringside.timeline/1";

/** Nanoseconds, or steps, in one unit of the format's `ts`. A step is drawn a microsecond wide, and the track says so. */
export const NS_PER_TS = 1000;
export const STEPS_PER_TS = 1;

const THREAD = 1;

export type TraceArguments = Readonly<Record<string, unknown>>;

interface EventBase {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly args: TraceArguments;
}

export type TraceEvent =
  | (EventBase & { readonly ph: "M" })
  | (EventBase & { readonly ph: "X"; readonly cat: string; readonly ts: number; readonly dur: number })
  | (EventBase & { readonly ph: "i"; readonly ts: number; readonly s: "p" })
  | (EventBase & { readonly ph: "C"; readonly ts: number });

export interface ChromeTrace {
  readonly traceEvents: readonly TraceEvent[];
  readonly displayTimeUnit: "ns";
  readonly otherData: {
    readonly schema: typeof TIMELINE_SCHEMA;
    readonly title: string;
    /** Whether any track was simulated; each track's provenance says which. */
    readonly simulated: boolean;
    readonly note: string;
    /** The tracks as they are, in the order of their pids, which count from 1. */
    readonly tracks: readonly Track[];
  };
}

/**
 * @param timeline any timeline, real or simulated
 * @returns the trace as an object; `chromeTraceText` makes a file of it
 * @throws RangeError where something is on a track that the timeline lacks
 */
export function toChromeTrace(timeline: TimelineRows): ChromeTrace {
  return { traceEvents: [...eventsOf(timeline)], ...restOf(timeline) };
}

/** @returns the trace as JSON text, one event a line, the same bytes for the same timeline. */
export function chromeTraceText(timeline: TimelineRows): string {
  return [...chromeTracePieces(timeline)].join("");
}

/** The same text in pieces, each made when it is asked for: a long trace need not be there as one string. */
export function* chromeTracePieces(timeline: TimelineRows): Generator<string> {
  yield '{"traceEvents":[\n';
  let separator = "";
  for (const event of eventsOf(timeline)) {
    yield separator + JSON.stringify(event);
    separator = ",\n";
  }
  yield `\n],${JSON.stringify(restOf(timeline)).slice(1)}\n`;
}

function* eventsOf(timeline: TimelineRows): Generator<TraceEvent> {
  const tracks = new Map(Array.from(timeline.tracks, (track, index) => [track.id, { track, pid: index + 1 }]));
  const place = (id: string): Place => {
    const found = tracks.get(id);
    if (found === undefined)
      throw new RangeError(`export a timeline: something is on the track "${id}", which it lacks`);
    return found;
  };
  for (const each of tracks.values()) yield* metadataOf(each);
  for (const span of timeline.spans) yield spanEvent(span, place(span.track));
  for (const instant of timeline.instants) yield instantEvent(instant, place(instant.track));
  for (const sample of timeline.counters) yield counterEvent(sample, place(sample.track));
}

function restOf({ title, tracks: each }: TimelineRows): Omit<ChromeTrace, "traceEvents"> {
  const tracks = [...each];
  return {
    displayTimeUnit: "ns",
    otherData: {
      schema: TIMELINE_SCHEMA,
      title,
      simulated: tracks.some((track) => track.provenance.kind === "simulated"),
      note: "tracks whose unit is step have no times: one step is drawn one microsecond wide",
      tracks,
    },
  };
}

interface Place {
  readonly track: Track;
  readonly pid: number;
}

function metadataOf({ track, pid }: Place): TraceEvent[] {
  const inSteps = track.unit === "step" && !track.name.includes("step") ? " (steps, not time)" : "";
  const from = `${track.provenance.kind}: ${track.provenance.detail}`;
  return [
    { ph: "M", name: "process_name", pid, tid: THREAD, args: { name: `${track.name}${inSteps}` } },
    { ph: "M", name: "process_sort_index", pid, tid: THREAD, args: { sort_index: pid } },
    { ph: "M", name: "thread_name", pid, tid: THREAD, args: { name: from } },
  ];
}

function timestamp(position: number, track: Track): number {
  return position / (track.unit === "ns" ? NS_PER_TS : STEPS_PER_TS);
}

function spanEvent(span: Span, { track, pid }: Place): TraceEvent {
  return {
    ph: "X",
    name: span.name,
    cat: span.mode,
    pid,
    tid: THREAD,
    ts: timestamp(span.start, track),
    dur: timestamp(span.end - span.start, track),
    args: {
      mode: span.mode,
      stage: span.stage,
      provenance: track.provenance.kind,
      ...(span.args === undefined ? {} : { details: span.args }),
    },
  };
}

function instantEvent(instant: Instant, { track, pid }: Place): TraceEvent {
  return {
    ph: "i",
    name: instant.name,
    s: "p",
    pid,
    tid: THREAD,
    ts: timestamp(instant.at, track),
    args: { provenance: track.provenance.kind, ...(instant.args === undefined ? {} : { details: instant.args }) },
  };
}

function counterEvent(sample: CounterSample, { track, pid }: Place): TraceEvent {
  return {
    ph: "C",
    name: sample.name,
    pid,
    tid: THREAD,
    ts: timestamp(sample.at, track),
    args: { value: sample.value },
  };
}
