/** What is read off a timeline after a run: marks, crossings, time by depth. The same for every scenario. */
import { crossingsOf } from "../trace/crossings.ts";
import { timeByDepth } from "../trace/stages.ts";
import { MARKS, type Timeline, type Track } from "../trace/timeline.ts";
import type { Metric, MetricDescription, WorldMetrics } from "./scenario.ts";

/** The metrics of a start, in the order in which they are shown. */
export const START_METRICS: readonly MetricDescription[] = [
  {
    name: "firstInstruction",
    unit: "ns|step",
    help: "from the request to the program's first instruction in user mode",
  },
  { name: "firstByte", unit: "ns|step", help: "from the request to the end of its one write" },
  { name: "gone", unit: "ns|step", help: "from the request until nothing of it is left" },
  { name: "userTime", unit: "ns|step", help: "time in user mode or problem state: host, monitor and guest together" },
  { name: "kernelTime", unit: "ns|step", help: "time in kernel mode or supervisor state, the guest's included" },
  { name: "hypervisorTime", unit: "ns", help: "time that the guest stands still because the hypervisor acts for it" },
  {
    name: "intoKernel",
    unit: "count",
    help: "how often it went from user to kernel mode, from problem to supervisor state",
  },
  { name: "intoHypervisor", unit: "count", help: "how often the guest was left: VM exits" },
];

/** @returns the metrics of every track, in the tracks' order. */
export function measureWorlds(timeline: Timeline): WorldMetrics[] {
  return timeline.tracks.map((track) => ({ world: track.world, metrics: measureTrack(timeline, track) }));
}

function measureTrack(timeline: Timeline, track: Track): Record<string, Metric> {
  const metric = (value: number, unit: string): Metric => ({ value, unit, provenance: track.provenance });
  const marks = Object.entries(MARKS).flatMap(([name, mark]): [string, Metric][] => {
    const instant = timeline.instants.find((candidate) => candidate.track === track.id && candidate.name === mark);
    return instant === undefined ? [] : [[name, metric(instant.at, track.unit)]];
  });
  const [userTime, kernelTime, hypervisorTime] = timeByDepth(timeline, track.id);
  const { intoKernel, intoHypervisor } = crossingsOf(timeline, track.id);
  return {
    ...Object.fromEntries(marks),
    userTime: metric(userTime, track.unit),
    kernelTime: metric(kernelTime, track.unit),
    hypervisorTime: metric(hypervisorTime, track.unit),
    intoKernel: metric(intoKernel, "count"),
    intoHypervisor: metric(intoHypervisor, "count"),
  };
}
