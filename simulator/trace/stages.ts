/** Stage bars: the coarse story of a track ("clone, mounts, root, exec"), made from its spans. */
import { DEPTH_OF_MODE, type Mode, type Span, type Timeline } from "./timeline.ts";

/** Consecutive spans of one stage. A stage that is entered twice makes two bars. */
export interface StageBar {
  readonly track: string;
  readonly stage: string;
  readonly start: number;
  readonly end: number;
  /** Spans in the bar. */
  readonly spans: number;
  /** Time in each mode, only the modes that occur; the rest of the bar is time in which nothing of this track ran. */
  readonly timeByMode: Readonly<Partial<Record<Mode, number>>>;
}

/** @returns the track's spans in the order of time. */
export function spansOf(timeline: Timeline, track: string): Span[] {
  return timeline.spans.filter((span) => span.track === track).sort((left, right) => left.start - right.start);
}

/** @returns the track's stage bars in the order of time; empty where the timeline has no such track. */
export function stagesOf(timeline: Timeline, track: string): StageBar[] {
  const bars: StageBar[] = [];
  for (const span of spansOf(timeline, track)) {
    const last = bars.at(-1);
    if (last?.stage === span.stage) bars[bars.length - 1] = extended(last, span);
    else
      bars.push(
        extended({ track, stage: span.stage, start: span.start, end: span.end, spans: 0, timeByMode: {} }, span),
      );
  }
  return bars;
}

function extended(bar: StageBar, span: Span): StageBar {
  const inMode = (bar.timeByMode[span.mode] ?? 0) + (span.end - span.start);
  return { ...bar, end: span.end, spans: bar.spans + 1, timeByMode: { ...bar.timeByMode, [span.mode]: inMode } };
}

/** @returns the track's time at each depth below the waterline: 0 user or problem, 1 kernel or supervisor, 2 hypervisor. */
export function timeByDepth(timeline: Timeline, track: string): readonly [number, number, number] {
  const totals: [number, number, number] = [0, 0, 0];
  for (const span of timeline.spans) {
    if (span.track === track) totals[DEPTH_OF_MODE[span.mode]] += span.end - span.start;
  }
  return totals;
}
