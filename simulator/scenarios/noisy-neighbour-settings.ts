/** What can be turned in the noisy neighbour, what it counts, and what one server writes down about its requests. */
import type { World } from "../trace/timeline.ts";
import type { Knob, KnobValues } from "./knob.ts";
import { choiceOf, integerOf, type MetricDescription, type ScenarioInput } from "./scenario.ts";

export const PERIOD_NS = 10_000_000;
export const MIB = 1024 * 1024;
const REMEDIES = ["cpu.weight", "cpu.max", "nothing"] as const;
type Remedy = (typeof REMEDIES)[number];

export const NOISY_NEIGHBOUR_KNOBS: readonly Knob[] = [
  integer("neighbours", 0, 32, "count", 8, "busy threads of the neighbour"),
  integer("cpus", 1, 4, "count", 1, "processors of the machine, and of each virtual machine"),
  integer("load", 10, 90, "percent", 40, "how much of one processor the server needs"),
  integer("serverMiB", 1, 56, "MiB", 40, "memory of the server, which it has before the neighbour comes"),
  integer("neighbourMiB", 0, 128, "MiB", 96, "memory that one more process of the neighbour takes, page after page"),
  integer(
    "machineMiB",
    32,
    128,
    "MiB",
    64,
    "memory of the machine; a quarter of it is the neighbour's where it has a share",
  ),
  {
    kind: "choice",
    name: "cpu",
    choices: REMEDIES,
    default: "cpu.weight",
    help: "what the containers' control groups do about processors: equal weights, or half a processor for the neighbour",
  },
  {
    kind: "choice",
    name: "memory",
    choices: ["memory.max", "nothing"],
    default: "memory.max",
    help: "whether the neighbour's control group has a limit of memory",
  },
  {
    kind: "choice",
    name: "importance",
    choices: ["higher", "same"],
    default: "higher",
    help: "on z/OS: whether WLM gives the server's address space the higher dispatching priority",
  },
  integer("duration", 100, 1000, "ms", 400, "how long the server is watched"),
];

export const NOISY_NEIGHBOUR_METRICS: readonly MetricDescription[] = [
  { name: "asked", unit: "count", help: "requests that came to the server" },
  { name: "answered", unit: "count", help: "requests that it answered" },
  { name: "inTime", unit: "count", help: "requests that it answered before the next one came" },
  { name: "meanResponse", unit: "ns|step", help: "from a request's coming to its answer, mean of those answered" },
  { name: "worstResponse", unit: "ns|step", help: "the longest of them" },
  { name: "neighbourShare", unit: "permille", help: "what the neighbour had of all processors" },
  { name: "throttled", unit: "ns", help: "how long cpu.max kept the neighbour off the processors (cpu.stat)" },
  { name: "pagesReadAgain", unit: "count", help: "pages of its file that the server had to have from the disk again" },
  { name: "serverKilled", unit: "yes|no", help: "whether memory ran out and the server was killed for it" },
  { name: "neighbourKilled", unit: "count", help: "processes of the neighbour that were killed for memory" },
];

export interface Settings {
  readonly neighbours: number;
  readonly cpus: number;
  readonly workNs: number;
  readonly serverPages: number;
  readonly neighbourPages: number;
  readonly machineBytes: number;
  readonly neighbourBytes: number;
  readonly cpu: Remedy;
  readonly memoryLimit: boolean;
  readonly higher: boolean;
  readonly durationNs: number;
}

/** @returns the knobs as the scenario uses them. */
export function settingsOf(knobs: KnobValues): Settings {
  const machineBytes = integerOf(knobs, "machineMiB") * MIB;
  const remedy = choiceOf(knobs, "cpu");
  const pages = (name: string): number => (integerOf(knobs, name) * MIB) / 4096;
  return {
    neighbours: integerOf(knobs, "neighbours"),
    cpus: integerOf(knobs, "cpus"),
    workNs: (integerOf(knobs, "load") * PERIOD_NS) / 100,
    serverPages: pages("serverMiB"),
    neighbourPages: pages("neighbourMiB"),
    machineBytes,
    neighbourBytes: machineBytes / 4,
    cpu: REMEDIES.find((one) => one === remedy) ?? "nothing",
    memoryLimit: choiceOf(knobs, "memory") === "memory.max",
    higher: choiceOf(knobs, "importance") === "higher",
    durationNs: integerOf(knobs, "duration") * 1_000_000,
  };
}

/** What a server's requests came to. */
export class RequestLog {
  asked = 0;
  readonly responses: number[] = [];

  /** Reports what every world reports. @param period the time between two requests, in the world's unit */
  report({ metric }: ScenarioInput, world: World, period: number): void {
    metric(world, "asked", this.asked);
    metric(world, "answered", this.responses.length);
    metric(world, "inTime", this.responses.filter((response) => response <= period).length);
    if (this.responses.length === 0) return;
    const sum = this.responses.reduce((total, response) => total + response, 0);
    metric(world, "meanResponse", Math.round(sum / this.responses.length));
    metric(world, "worstResponse", Math.max(...this.responses));
  }
}

function integer(name: string, low: number, high: number, unit: string, standard: number, help: string): Knob {
  return { kind: "integer", name, low, high, unit, default: standard, help };
}
