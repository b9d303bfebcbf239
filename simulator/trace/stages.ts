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
  return inOrderOfTime(timeline.spans.filter((span) => span.track === track));
}

/** @returns the spans by their start; those of one start stay as they are. */
export function inOrderOfTime(spans: readonly Span[]): Span[] {
  return spans.toSorted((left, right) => left.start - right.start);
}

/** @returns the track's stage bars in the order of time; empty where the timeline has no such track. */
export function stagesOf(timeline: Timeline, track: string): StageBar[] {
  const bars: { -readonly [Field in keyof StageBar]: StageBar[Field] }[] = [];
  let timeByMode: Partial<Record<Mode, number>> = {};
  for (const { stage, mode, start, end } of spansOf(timeline, track)) {
    let bar = bars.at(-1);
    if (bar?.stage !== stage) {
      timeByMode = {};
      bar = { track, stage, start, end, spans: 0, timeByMode };
      bars.push(bar);
    }
    bar.end = end;
    bar.spans++;
    timeByMode[mode] = (timeByMode[mode] ?? 0) + (end - start);
  }
  return bars;
}

/** @returns the track's time at each depth below the waterline: 0 user or problem, 1 kernel or supervisor, 2 hypervisor. */
export function timeByDepth(timeline: Timeline, track: string): readonly [number, number, number] {
  const totals: [number, number, number] = [0, 0, 0];
  for (const span of timeline.spans) {
    if (span.track === track) totals[DEPTH_OF_MODE[span.mode]] += span.end - span.start;
  }
  return totals;
}
