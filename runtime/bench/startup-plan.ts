/** What the startup benchmark is going to start, how often, and why some of it not: reckoned from one start of each system. */

import type { Limits } from "./limits.ts";
import { type Allotment, allot } from "./planner.ts";
import type { Condition } from "./protocol.ts";
import { batchSize, type Circumstances, type Entrant, type Outcome } from "./rounds.ts";
import type { Unavailable } from "./schema.ts";
import type { Workbench } from "./system.ts";
import type { Ready } from "./trial.ts";

const LEAST_RUNS = 5;
/** What a start costs beside its own time: settling, the harness. */
const BESIDE_MS = 8;
/** A cold start waits for the disk; how long, nobody knows before. */
const COLD_FACTOR = 3;
/** What takes longer than this is warmed up by its trial and one more start. */
const SLOW_MS = 1000;

/**
 * How long one start will take, what comes before and after it included.
 * @param evictionMs how long emptying the caches takes here
 */
export function costMs({ trialMs }: Pick<Ready, "trialMs">, { cache }: Circumstances, evictionMs: number): number {
  return cache === "cold" ? trialMs * COLD_FACTOR + evictionMs + BESIDE_MS : trialMs + BESIDE_MS;
}

export interface MainPlan {
  readonly entrants: ReadonlyMap<string, Entrant>;
  readonly allotment: Allotment;
  readonly expectedMs: number;
  readonly leftOut: readonly Unavailable[];
}

/** Plans the main starts: a byte, warm, one at a time. */
export function planMain(
  ready: ReadonlyMap<string, Ready>,
  wanted: { readonly runs: number; readonly runsOf?: ReadonlyMap<string, number>; readonly warmup: number },
  budgetMs: number,
): MainPlan {
  const warmupOf = ({ trialMs }: Ready) => Math.min(wanted.warmup, trialMs > SLOW_MS ? 1 : wanted.warmup);
  const allotment = allot(
    [...ready].map(([name, one]) => {
      const runs = wanted.runsOf?.get(name) ?? wanted.runs;
      const startMs = one.trialMs + BESIDE_MS;
      return {
        name,
        startMs,
        onceMs: warmupOf(one) * startMs,
        wanted: runs,
        least: Math.min(runs, LEAST_RUNS),
        step: 1,
      };
    }),
    budgetMs,
  );
  return {
    entrants: entrantsOf(ready, allotment, warmupOf),
    allotment,
    expectedMs: allotment.expectedMs,
    leftOut: allotment.leftOut.map((name) => ({
      name,
      reason: `one start takes ${((ready.get(name)?.trialMs ?? 0) / 1000).toFixed(1)} s: ${LEAST_RUNS} of them do not fit into its share of the time`,
      fix: "a larger --time, or fewer systems",
    })),
  };
}

export interface ConditionPlan {
  readonly entrants: ReadonlyMap<string, Entrant>;
  /** Why a system is not among them, by its name; nothing of those for which that goes without saying. */
  readonly objections: ReadonlyMap<string, string>;
}

/** What a plan for a condition rests on. */
export interface ConditionGround {
  readonly ready: ReadonlyMap<string, Ready>;
  /** What became of the systems under the main condition. */
  readonly main: ReadonlyMap<string, Outcome>;
  readonly bench: Pick<Workbench, "memoryBytes">;
  readonly limits: Limits;
  readonly budgetMs: number;
  readonly evictionMs: number;
}

/** Plans the starts under one further condition, in whole batches. */
export function planCondition(condition: Condition, ground: ConditionGround): ConditionPlan {
  const { ready, budgetMs, evictionMs } = ground;
  const step = batchSize(condition.concurrency);
  const wanted = Math.max(1, Math.round(condition.runs / step)) * step;
  const objections = new Map<string, string>();
  const warmup = condition.cache === "cold" || condition.workload === "byte" ? 0 : 1;
  const candidates = [...ready].flatMap(([name, one]) => {
    if (!isMeant(name, condition, ground.main.get(name))) return [];
    const objection = objectionTo(one, condition, ground);
    if (objection !== undefined) objections.set(name, objection);
    const startMs = costMs(one, condition, evictionMs);
    return objection === undefined ? [{ name, startMs, onceMs: warmup * startMs, wanted, least: step, step }] : [];
  });
  const allotment = allot(candidates, budgetMs);
  for (const name of allotment.leftOut) objections.set(name, "left out, it does not fit into the time");
  return { entrants: entrantsOf(ready, allotment, () => warmup), objections };
}

/** A system that failed at the main starts, or that the condition does not name, is not asked. */
function isMeant(name: string, { systems }: Condition, main: Outcome | undefined): boolean {
  if (main === undefined || main.samples.length === 0 || main.failure !== undefined) return false;
  return systems === undefined || systems.includes(name);
}

function objectionTo({ system }: Ready, { workload, concurrency }: Condition, { bench, limits }: ConditionGround) {
  if (!system.workloads.includes(workload)) return "it cannot be asked for that";
  if (system.mostAtOnce !== undefined && concurrency > system.mostAtOnce)
    return `no more than ${system.mostAtOnce} at once`;
  const memoryBytes = concurrency * (system.memoryBytes ?? bench.memoryBytes);
  return memoryBytes > limits.memoryBytes ? "more memory than the limit allows" : undefined;
}

function entrantsOf(
  ready: ReadonlyMap<string, Ready>,
  { runs }: Allotment,
  warmupOf: (one: Ready) => number,
): Map<string, Entrant> {
  const entrants = new Map<string, Entrant>();
  for (const [name, one] of ready) {
    const count = runs.get(name);
    if (count !== undefined) entrants.set(name, { system: one.system, runs: count, warmup: warmupOf(one) });
  }
  return entrants;
}

/** In words, for the announcement. */
export function describeRuns({ allotment: { runs }, expectedMs }: MainPlan): string {
  const counts = [...runs.values()];
  if (counts.length === 0) return "nothing can be measured";
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const starts = least === most ? String(most) : `${least} to ${most}`;
  return `${counts.length} systems, ${starts} starts of each; about ${Math.ceil(expectedMs / 1000)} s`;
}
