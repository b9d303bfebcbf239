/**
 * `ringside bench truth`: the simulator foretells a container's start on this machine from the costs of its parts, which
 * `ringside calibrate` measured one by one; then the launcher makes such starts and stamps every step. The two have nothing
 * in common but the kernel and the list of steps.
 */
import type { Launcher } from "../../native/kernel.ts";
import type { CostProfile } from "../../simulator/costs/cost.ts";
import { CostBook } from "../../simulator/costs/cost-book.ts";
import { Simulation } from "../../simulator/engine/simulation.ts";
import { containerLife } from "../../simulator/linux/container.ts";
import type { ContainerPlanStep } from "../../simulator/linux/container-plan.ts";
import { LinuxKernel } from "../../simulator/linux/kernel.ts";
import { Processor } from "../../simulator/machine/processor.ts";
import { TraceRecorder } from "../../simulator/trace/recorder.ts";
import { MARKS } from "../../simulator/trace/timeline.ts";
import { PROBE } from "../../simulator/workload/probe.ts";
import { percentile } from "../bench/statistics.ts";
import { startContainer } from "../container/start.ts";
import { DEFAULT_OPTIONS } from "./plan-steps.ts";

/** By how much the whole may be off, as a share of what was measured. */
export const TOLERANCE = 0.35;

const GUEST_PROBE = "/bin/ringside-probe";
const WARM_UP = 5;

export interface Spread {
  readonly p25: number;
  readonly p50: number;
  readonly p75: number;
}

export interface TruthStep {
  readonly stage: string;
  readonly op: string;
  readonly subject: string;
  readonly predictedNs: number;
  readonly measuredNs: Spread;
}

export interface Figures {
  readonly predictedNs: number;
  readonly measuredNs: number;
}

export interface TruthReport {
  readonly schema: "ringside.truth/1";
  readonly profile: string;
  readonly starts: number;
  readonly steps: readonly TruthStep[];
  /** What lies between the steps: the launcher's own code, and waiting until the new process gets a processor. */
  readonly between: Figures;
  /** Of an undisturbed start: the steps and what lies between them, each with its median. */
  readonly total: Figures;
  /** Of whole starts, with whatever else took the processors meanwhile. */
  readonly wholeStartsNs: Spread;
  readonly ratio: number;
  readonly tolerance: number;
  readonly ok: boolean;
}

interface Prediction {
  /** In the plan's order. */
  readonly stepsNs: readonly number[];
  readonly totalNs: number;
}

/**
 * Plays the start of a container.
 * @param plan its steps
 * @returns what each takes under these costs, and from the first of them to the program's first instruction
 */
export function predictStart(plan: readonly ContainerPlanStep[], profile: CostProfile): Prediction {
  const costs = new CostBook(profile);
  const output = { name: "pipe", writeCost: "linux.write.pipe", traps: [] };
  const linux = new LinuxKernel({ costs, output, pageTableIsolation: false });
  const recorder = new TraceRecorder();
  const provenance = { kind: "simulated", detail: `costs ${profile.name}` } as const;
  recorder.track({ id: "container", name: "container", world: "container", unit: "ns", provenance });
  const simulation = new Simulation();
  const life = containerLife({ linux, costs, plan, hostKernel: "source" }, PROBE);
  new Processor(simulation, recorder, "container").execute(life);
  simulation.run();
  const { spans, instants } = recorder.timeline("a container's start");
  const first = instants.find(({ name }) => name === MARKS.firstInstruction);
  if (first === undefined) throw new RangeError("predict a start: the program never ran");
  const steps = spans.filter(({ args, start }) => args?.operation !== undefined && start < first.at);
  return { stepsNs: steps.map(({ start, end }) => end - start), totalNs: first.at };
}

interface Measurement {
  /** By step, then by start. */
  readonly stepsNs: readonly number[][];
  /** From a step's end to the next one's beginning; the launcher's and the new process's steps overlap for a moment. */
  readonly gapsNs: readonly number[][];
  readonly wholeNs: number[];
}

function newMeasurement(steps: number): Measurement {
  const each = (): number[][] => Array.from({ length: steps }, () => []);
  return { stepsNs: each(), gapsNs: each(), wholeNs: [] };
}

/** Starts containers one after the other and keeps the launcher's stamps. */
async function measureStarts(
  launcher: Launcher,
  { stepsNs, gapsNs, wholeNs }: Measurement,
  starts: number,
  signal: AbortSignal,
): Promise<void> {
  const steps = stepsNs.length;
  for (let start = -WARM_UP; start < starts; start++) {
    signal.throwIfAborted();
    const world = await startContainer(launcher, { ...DEFAULT_OPTIONS, command: [GUEST_PROBE] });
    await world.exited;
    const { planReport: rows } = world;
    if (rows.length !== steps) throw new RangeError(`a start of ${rows.length} steps, and a plan of ${steps}`);
    if (start < 0) continue;
    for (const [index, { startNs, endNs }] of rows.entries()) {
      stepsNs[index]?.push(endNs - startNs);
      gapsNs[index]?.push(Math.max(0, (rows[index + 1]?.startNs ?? endNs) - endNs));
    }
    wholeNs.push((rows.at(-1)?.endNs ?? 0) - (rows[0]?.startNs ?? 0));
  }
}

export interface TruthOptions {
  readonly plan: readonly ContainerPlanStep[];
  /** Asked for between two halves of the starts: whatever else the machine does, it does to both. */
  readonly profile: () => Promise<CostProfile | undefined>;
  readonly starts: number;
  readonly signal: AbortSignal;
}

/**
 * Measures, predicts and compares.
 * @returns undefined where there was no profile in the end
 * @throws RingsideError where a container cannot be started
 */
export async function benchTruth(launcher: Launcher, options: TruthOptions): Promise<TruthReport | undefined> {
  const { starts, signal } = options;
  const plan = options.plan.filter(({ phase }) => phase !== "cleanup");
  const measured = newMeasurement(plan.length);
  await measureStarts(launcher, measured, Math.ceil(starts / 2), signal);
  const profile = await options.profile();
  if (profile === undefined) return undefined;
  await measureStarts(launcher, measured, Math.floor(starts / 2), signal);
  const predicted = predictStart(options.plan, profile);
  const steps = plan.map(({ stage, op, subject }, index): TruthStep => {
    const measuredNs = spreadOf(measured.stepsNs[index] ?? []);
    return { stage, op, subject, predictedNs: predicted.stepsNs[index] ?? 0, measuredNs };
  });
  const between = {
    predictedNs: predicted.totalNs - sum(steps.map(({ predictedNs }) => predictedNs)),
    measuredNs: sum(measured.gapsNs.map((gaps) => spreadOf(gaps).p50)),
  };
  const total = {
    predictedNs: predicted.totalNs,
    measuredNs: sum(steps.map(({ measuredNs }) => measuredNs.p50)) + between.measuredNs,
  };
  const ratio = total.predictedNs / total.measuredNs;
  return {
    schema: "ringside.truth/1",
    profile: profile.name,
    starts,
    steps,
    between,
    total,
    wholeStartsNs: spreadOf(measured.wholeNs),
    ratio,
    tolerance: TOLERANCE,
    ok: Math.abs(ratio - 1) <= TOLERANCE,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}

function spreadOf(samples: readonly number[]): Spread {
  const sorted = Float64Array.from(samples).sort();
  const at = (fraction: number): number => Math.round(percentile(sorted, fraction));
  return { p25: at(0.25), p50: at(0.5), p75: at(0.75) };
}
