/** What is read off a timeline after a run: marks, crossings, time by depth. The same for every scenario. */
import { crossingsOf } from "../trace/crossings.ts";
import { timeByDepth } from "../trace/stages.ts";
import { MARKS, type Provenance, type Timeline, type TimeUnit, type Track, type World } from "../trace/timeline.ts";
import type { Metric, MetricDescription, WorldMetrics } from "./scenario.ts";

/** What can be read off any trace; a scenario describes those of them that it is about. */
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

/** A figure that a scenario has reported itself. */
export interface ReportedMetric {
  readonly world: World;
  readonly name: string;
  readonly value: number;
}

/**
 * @param described the scenario's metrics: a reported figure must be one of them, and has its unit
 * @returns the metrics of every world, in the order of the tracks: what is read off them, then what was reported
 */
export function measureWorlds(
  timeline: Timeline,
  described: readonly MetricDescription[],
  reported: readonly ReportedMetric[],
  provenance: Provenance,
): WorldMetrics[] {
  const worlds = [...new Set([...timeline.tracks, ...reported].map(({ world }) => world))];
  return worlds.map((world) => {
    const tracks = timeline.tracks.filter((track) => track.world === world);
    const own = reported.filter((metric) => metric.world === world);
    const from = tracks[0]?.provenance ?? provenance;
    // A scenario shows of the trace's own figures those that it describes.
    const ofTrace = Object.entries(measured(timeline, tracks)).filter(([name]) =>
      described.some((metric) => metric.name === name),
    );
    const unit = tracks[0]?.unit ?? "ns";
    return { world, metrics: { ...Object.fromEntries(ofTrace), ...reportedMetrics(own, described, from, unit) } };
  });
}

function reportedMetrics(
  reported: readonly ReportedMetric[],
  described: readonly MetricDescription[],
  provenance: Provenance,
  timeUnit: TimeUnit,
): Record<string, Metric> {
  return Object.fromEntries(
    reported.map(({ name, value }) => {
      const description = described.find((metric) => metric.name === name);
      if (description === undefined) throw new TypeError(`the scenario has no metric ${name}`);
      // A time that one world counts in steps.
      const unit = description.unit === "ns|step" ? timeUnit : description.unit;
      return [name, { value, unit, provenance }];
    }),
  );
}

/** Of a world that has several tracks, a processor each or a guest each, the first that passes a mark counts. */
function measured(timeline: Timeline, tracks: readonly Track[]): Record<string, Metric> {
  const [first] = tracks;
  if (first === undefined) return {};
  const metric = (value: number, unit: string): Metric => ({ value, unit, provenance: first.provenance });
  const ids = new Set(tracks.map(({ id }) => id));
  const marks = Object.entries(MARKS).flatMap(([name, mark]): [string, Metric][] => {
    const instants = timeline.instants.filter((candidate) => ids.has(candidate.track) && candidate.name === mark);
    return instants.length === 0 ? [] : [[name, metric(Math.min(...instants.map(({ at }) => at)), first.unit)]];
  });
  const sums = { user: 0, kernel: 0, hypervisor: 0, intoKernel: 0, intoHypervisor: 0 };
  for (const { id } of tracks) {
    const [user, kernel, hypervisor] = timeByDepth(timeline, id);
    const { intoKernel, intoHypervisor } = crossingsOf(timeline, id);
    sums.user += user;
    sums.kernel += kernel;
    sums.hypervisor += hypervisor;
    sums.intoKernel += intoKernel;
    sums.intoHypervisor += intoHypervisor;
  }
  return {
    ...Object.fromEntries(marks),
    userTime: metric(sums.user, first.unit),
    kernelTime: metric(sums.kernel, first.unit),
    hypervisorTime: metric(sums.hypervisor, first.unit),
    intoKernel: metric(sums.intoKernel, "count"),
    intoHypervisor: metric(sums.intoHypervisor, "count"),
  };
}
