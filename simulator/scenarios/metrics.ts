/** What is read off a timeline after a run: marks, crossings, time by depth. The same for every scenario. */
import { crossingsOf } from "../trace/crossings.ts";
import { MARKS, type Timeline, type Track } from "../trace/timeline.ts";
import type { Metric, WorldMetrics } from "./scenario.ts";

/** @returns the metrics of every track, in the tracks' order. */
export function measureWorlds(timeline: Timeline): WorldMetrics[] {
  return timeline.tracks.map((track) => ({ world: track.world, metrics: measureTrack(timeline, track) }));
}

function measureTrack(timeline: Timeline, track: Track): Record<string, Metric> {
  const metrics: Record<string, Metric> = {};
  for (const [name, mark] of Object.entries(MARKS)) {
    const instant = timeline.instants.find((candidate) => candidate.track === track.id && candidate.name === mark);
    if (instant !== undefined) metrics[name] = { value: instant.at, unit: track.unit, provenance: track.provenance };
  }
  const crossings = crossingsOf(timeline, track.id);
  metrics.intoKernel = { value: crossings.intoKernel, unit: "count", provenance: track.provenance };
  metrics.intoHypervisor = { value: crossings.intoHypervisor, unit: "count", provenance: track.provenance };
  return metrics;
}
