/** Running figures of a track, read off its spans: how often it has gone down by the end of each stage. */
import { crossingsOf } from "./crossings.ts";
import { stagesOf } from "./stages.ts";
import type { CounterSample, Timeline } from "./timeline.ts";

export const COUNTERS = { intoKernel: "mode switches so far", intoHypervisor: "VM exits so far" } as const;

/** @returns a sample of each counter at the end of every stage of every track; VM exits only where there are any. */
export function crossingCounters(timeline: Timeline): CounterSample[] {
  return timeline.tracks.flatMap(({ id: track }) => {
    const all = crossingsOf(timeline, track);
    return stagesOf(timeline, track).flatMap(({ end: at }) => {
      const sofar = { ...timeline, spans: timeline.spans.filter((span) => span.track === track && span.end <= at) };
      const { intoKernel, intoHypervisor } = crossingsOf(sofar, track);
      const samples: CounterSample[] = [{ track, name: COUNTERS.intoKernel, at, value: intoKernel }];
      if (all.intoHypervisor > 0) samples.push({ track, name: COUNTERS.intoHypervisor, at, value: intoHypervisor });
      return samples;
    });
  });
}
