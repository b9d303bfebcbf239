/** Running figures of a track, read off its spans: how often it has gone down by the end of each stage. */
import { CrossingCount } from "./crossings.ts";
import { inOrderOfTime } from "./stages.ts";
import type { CounterSample, Span, Timeline } from "./timeline.ts";

export const COUNTERS = { intoKernel: "mode switches so far", intoHypervisor: "VM exits so far" } as const;

/** @returns a sample of each counter at the end of every stage of every track; VM exits only where there are any. */
export function crossingCounters(timeline: Timeline): CounterSample[] {
  const spans = Map.groupBy(timeline.spans, (span) => span.track);
  return timeline.tracks.flatMap(({ id }) => countersOf(id, inOrderOfTime(spans.get(id) ?? [])));
}

/** One walk over the spans of a track, by time; a stage ends where the next span is of another one. */
function countersOf(track: string, spans: readonly Span[]): CounterSample[] {
  const count = new CrossingCount();
  const sofar: { readonly at: number; readonly intoKernel: number; readonly intoHypervisor: number }[] = [];
  for (const [index, span] of spans.entries()) {
    count.add(span);
    const { intoKernel, intoHypervisor } = count;
    if (spans[index + 1]?.stage !== span.stage) sofar.push({ at: span.end, intoKernel, intoHypervisor });
  }
  const exits = count.intoHypervisor > 0;
  return sofar.flatMap(({ at, intoKernel, intoHypervisor }): CounterSample[] => [
    { track, name: COUNTERS.intoKernel, at, value: intoKernel },
    ...(exits ? [{ track, name: COUNTERS.intoHypervisor, at, value: intoHypervisor }] : []),
  ]);
}
