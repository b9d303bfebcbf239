/** What was going on at one moment of a timeline: the shape, and its making by reading everything from the start. */
import { CrossingCount, type Crossings } from "./crossings.ts";
import type { TimelineRows } from "./recorder.ts";
import { inOrderOfTime } from "./stages.ts";
import { DEPTH_OF_MODE, type Instant, type Span } from "./timeline.ts";

export interface TrackState {
  readonly track: string;
  /** What the track is doing; undefined where nothing runs. */
  readonly doing: Span | undefined;
  /** Spans that have begun. */
  readonly spans: number;
  /** Instants that have been, and the last of them. */
  readonly instants: number;
  readonly lastInstant: Instant | undefined;
  /** Crossings of the spans that have begun. */
  readonly crossings: Crossings;
  /** Time spent at each depth: 0 user or problem, 1 kernel or supervisor, 2 hypervisor. */
  readonly timeByDepth: readonly [number, number, number];
  /** The last value of each counter that has one by then, in the order of their first values. */
  readonly counters: ReadonlyMap<string, number>;
}

export interface TraceState {
  readonly time: number;
  /** In the timeline's order. */
  readonly tracks: readonly TrackState[];
}

/**
 * Rebuilds a moment by a replay from the start. It takes as long as the trace is: `History` does the same from keyframes,
 * and is checked against this.
 */
export function replayTo(timeline: TimelineRows, time: number): TraceState {
  const spans = Map.groupBy(timeline.spans, ({ track }) => track);
  const instants = Map.groupBy(timeline.instants, ({ track }) => track);
  const samples = Map.groupBy(timeline.counters, ({ track }) => track);
  const tracks = Array.from(timeline.tracks, ({ id }): TrackState => {
    const begun = inOrderOfTime(spans.get(id) ?? []).filter(({ start }) => start <= time);
    const been = (instants.get(id) ?? []).filter(({ at }) => at <= time).toSorted((left, right) => left.at - right.at);
    return {
      track: id,
      doing: begun.at(-1) === undefined ? undefined : running(begun.at(-1), time),
      spans: begun.length,
      instants: been.length,
      lastInstant: been.at(-1),
      ...sums(begun, time),
      counters: lastValues(samples.get(id) ?? [], time),
    };
  });
  return { time, tracks };
}

function running(span: Span | undefined, time: number): Span | undefined {
  return span !== undefined && time < span.end ? span : undefined;
}

function sums(begun: readonly Span[], time: number): Pick<TrackState, "crossings" | "timeByDepth"> {
  const count = new CrossingCount();
  const timeByDepth: [number, number, number] = [0, 0, 0];
  for (const span of begun) {
    count.add(span);
    timeByDepth[DEPTH_OF_MODE[span.mode]] += Math.min(span.end, time) - span.start;
  }
  return { crossings: { intoKernel: count.intoKernel, intoHypervisor: count.intoHypervisor }, timeByDepth };
}

function lastValues(samples: readonly { name: string; at: number; value: number }[], time: number) {
  const inOrder = samples.filter(({ at }) => at <= time).toSorted((left, right) => left.at - right.at);
  const names = new Set(samples.map(({ name }) => name));
  const last = new Map(inOrder.map(({ name, value }) => [name, value]));
  return new Map([...names].flatMap((name) => (last.has(name) ? [[name, last.get(name) ?? 0] as const] : [])));
}
