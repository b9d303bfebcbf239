/**
 * The null comparison: the same system twice, under two names, in a session of its own, again and again. Whatever difference
 * is reported then is wrong; how often that happens has to agree with the level of the test. It is the same test, with the
 * same correction, that compares reports.
 */

import * as z from "zod";
import { answer, type Question } from "./compare.ts";
import { describeMachine } from "./machine.ts";
import { TEST_NAME } from "./permutation.ts";
import { seededRandom } from "./random.ts";
import { runRounds, type Step, type TimedSample } from "./rounds.ts";
import { MARK_NAMES } from "./schema.ts";
import { Settling } from "./settle.ts";
import { median } from "./statistics.ts";
import type { System, SystemRow } from "./system.ts";
import { explain, tryAll } from "./trial.ts";
import { openWorkbench } from "./workbench.ts";

export interface NullOptions {
  readonly systems: ReadonlyMap<string, SystemRow>;
  readonly repeats: number;
  readonly runs: number;
  readonly level: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  progress(step: Step): void;
}

const resultSchema = z.strictObject({
  system: z.string(),
  repeats: z.int().nonnegative(),
  /** Repeats in which a difference was reported, at any mark. */
  reported: z.int().nonnegative(),
  /** So many may be reported by chance: more has a probability below 2 % where the test holds its level. */
  allowed: z.int().nonnegative(),
  /** The least adjusted p value of each repeat, so that others can look at their distribution. */
  leastP: z.array(z.number()),
  /** The ratio of the two medians of the first byte, in the repeat where it was farthest from 1. */
  worstRatio: z.number().nullable(),
});

export const nullReportSchema = z.strictObject({
  schema: z.literal("ringside.bench-null/1"),
  startedAt: z.string(),
  interrupted: z.boolean(),
  machine: z.record(z.string(), z.unknown()),
  test: z.string(),
  level: z.number(),
  runs: z.int(),
  seed: z.int(),
  results: z.array(resultSchema),
  unavailable: z.array(z.strictObject({ name: z.string(), reason: z.string(), fix: z.string() })),
});

export type NullReport = z.output<typeof nullReportSchema>;
export type NullResult = NullReport["results"][number];

const NAMES = ["a", "b"] as const;
const WARMUP = 3;
/** Of a verdict of ours on the test being wrong. */
const VERDICT_LEVEL = 0.02;

/** Compares every system with itself. @throws RingsideError when nothing can be started at all */
export async function benchNull(options: NullOptions): Promise<NullReport> {
  const { level, runs, seed, signal } = options;
  const startedAt = new Date().toISOString();
  const machine = describeMachine();
  await using cleanup = new AsyncDisposableStack();
  const bench = await openWorkbench(cleanup);
  const { ready, unavailable } = await tryAll(bench, options);
  const results: NullResult[] = [];
  const failed: NullReport["unavailable"] = [];
  for (const [name, { system }] of ready) {
    if (signal.aborted) break;
    try {
      results.push(await compareWithItself(name, system, bench.portOf, options));
    } catch (error) {
      failed.push({ name, ...explain(error) });
    }
  }
  return nullReportSchema.parse({
    schema: "ringside.bench-null/1",
    startedAt,
    interrupted: signal.aborted,
    machine,
    test: `${TEST_NAME}; Holm over ${MARK_NAMES.join(", ")}`,
    level,
    runs,
    seed,
    results,
    unavailable: [...unavailable, ...failed],
  } satisfies NullReport);
}

async function compareWithItself(
  name: string,
  system: System,
  portOf: (slot: number) => number,
  { repeats, runs, level, seed, signal, progress }: NullOptions,
): Promise<NullResult> {
  const settling = new Settling();
  const random = seededRandom(seed);
  const leastP: number[] = [];
  let worstRatio: number | null = null;
  for (let repeat = 1; repeat <= repeats; repeat++) {
    const entrants = new Map(NAMES.map((one) => [one, { system, runs, warmup: repeat === 1 ? WARMUP : 0 }]));
    const outcomes = await runRounds(entrants, {
      workload: "byte",
      cache: "warm",
      concurrency: 1,
      random,
      signal,
      portOf,
      settle: () => settling.settle(),
      progress: () => progress({ phase: "run", round: repeat, rounds: repeats, system: name }),
    });
    if (signal.aborted) break;
    const [first, second] = NAMES.map((one) => outcomes.get(one));
    const failure = first?.failure ?? second?.failure;
    if (failure !== undefined) throw new Error(`repeat ${repeat}: ${failure}`);
    const rows = answer(questionsOf(name, first?.samples ?? [], second?.samples ?? []), level, seed + repeat);
    leastP.push(Math.min(...rows.map(({ adjustedP }) => adjustedP)));
    const ratio = rows.find(({ mark }) => mark === "firstByte")?.ratio ?? 1;
    if (worstRatio === null || Math.abs(Math.log(ratio)) > Math.abs(Math.log(worstRatio))) worstRatio = ratio;
  }
  return {
    system: name,
    repeats: leastP.length,
    reported: leastP.filter((p) => p <= level).length,
    allowed: allowedByChance(leastP.length, level),
    leastP,
    worstRatio,
  };
}

function questionsOf(system: string, a: readonly TimedSample[], b: readonly TimedSample[]): Question[] {
  return MARK_NAMES.flatMap((mark) => {
    const [first, second] = [a, b].map((samples) => samples.flatMap((sample) => sample[mark] ?? []));
    return first === undefined || second === undefined || first.length === 0 || second.length === 0
      ? []
      : [{ system, condition: "byte, warm, one at a time", mark, a: first, b: second }];
  });
}

/** The least number that is exceeded with a probability below 2 %: of 100 at a level of 1 % it is 3. */
export function allowedByChance(repeats: number, level: number): number {
  let probability = (1 - level) ** repeats;
  let atMost = probability;
  let count = 0;
  while (1 - atMost >= VERDICT_LEVEL && count < repeats) {
    probability *= ((repeats - count) / (count + 1)) * (level / (1 - level));
    atMost += probability;
    count++;
  }
  return count;
}

/** In words. */
export function formatNull({ results, unavailable, level, runs, test, interrupted }: NullReport): string {
  const lines = results.map(({ system, repeats, reported, allowed, leastP, worstRatio }) => {
    const verdict = reported <= allowed ? "holds its level" : "does NOT hold its level";
    const median50 = leastP.length === 0 ? "" : `, median p ${median(leastP).toFixed(2)}`;
    const worst = worstRatio === null ? "" : `; the two medians of the first byte at worst ×${worstRatio.toFixed(2)}`;
    return `${system}: a difference was reported in ${reported} of ${repeats} (at most ${allowed} by chance): ${verdict}${median50}${worst}`;
  });
  return [
    `The same system twice, ${runs} starts of each, interleaved; ${test}; level ${level * 100} %`,
    ...(interrupted ? ["Interrupted: what had been compared until then."] : []),
    ...lines,
    ...unavailable.map(({ name, reason, fix }) => `${name}: not compared: ${reason}\n  fix: ${fix}`),
    "",
  ].join("\n");
}
