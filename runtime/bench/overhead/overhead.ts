/**
 * `ringside bench overhead`: what common operations of a running program take in every world, each set against the bare
 * process of the same rounds. The same static program everywhere measures by itself (native/bench/overhead).
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { nativeProgram } from "../../../native/kernel.ts";
import { RingsideError } from "../../error.ts";
import { checkDisk, describeLimits, type Limits, limitsFor } from "../limits.ts";
import { describeMachine } from "../machine.ts";
import type { BenchProtocol } from "../protocol.ts";
import { seededRandom } from "../random.ts";
import type { Step } from "../rounds.ts";
import { type BenchReport, benchReportSchema, type OverheadReport, type Unavailable } from "../schema.ts";
import { Settling } from "../settle.ts";
import { Unusable, type Workbench } from "../system.ts";
import { explain } from "../trial.ts";
import { openWorkbench } from "../workbench.ts";
import { figuresOf } from "./figures.ts";
import { measureRounds, type WorldOutcome } from "./rounds.ts";
import type { OverheadBench, OverheadRow, OverheadWorld } from "./world.ts";
import { BARE, OVERHEAD_WORLDS } from "./worlds.ts";

export interface OverheadOptions {
  /** The worlds to measure in, by name; the bare process comes with them. */
  readonly worlds: ReadonlyMap<string, OverheadRow>;
  readonly runs: number;
  readonly seed: number;
  readonly limits?: BenchProtocol["limits"];
  /** Ends the benchmark; the report then has what was measured until then. */
  readonly signal: AbortSignal;
  progress(step: Step): void;
  /** Told before it begins what it will take at most. */
  announce?(line: string): void;
}

/** What a workbench that is there is used with. */
export interface OverheadTools {
  /** Waits before each start, and keeps count. */
  readonly settling: Settling;
  readonly limits: Limits;
  /** No start begins after this moment (performance.now()). */
  readonly deadlineMs: number;
}

/** What of a report is this benchmark's. */
export interface OverheadPart {
  readonly overhead: OverheadReport[];
  readonly unavailable: Unavailable[];
}

export const DEFAULT_RUNS = 10;
/** Of each quantity, in each start. */
export const SAMPLES_A_START = 3;
const MS_PER_SECOND = 1000;
export const OVERHEAD_ORDER = "every round starts the program once in each world, in an order shuffled from the seed";
export const OVERHEAD_WORKLOAD = `a static program that measures by itself, by CLOCK_MONOTONIC of its world; ${SAMPLES_A_START} samples of each quantity a start, each in a process of its own`;

/**
 * Measures and reports; whatever was set up for it is gone afterwards.
 * @throws RingsideError when nothing could be measured at all: no launcher, no image, no program
 */
export async function benchOverhead(options: OverheadOptions): Promise<BenchReport> {
  const [startedAt, beganMs] = [new Date().toISOString(), performance.now()];
  const machine = describeMachine();
  const { runs, seed, signal } = options;
  const limits = limitsFor(options.limits ?? {});
  options.announce?.(describeLimits(limits));
  const settling = new Settling();
  const tools = { settling, limits, deadlineMs: beganMs + limits.timeSeconds * MS_PER_SECOND };
  await using cleanup = new AsyncDisposableStack();
  const bench = await openWorkbench(cleanup);
  const { overhead, unavailable } = await measureOverhead(bench, options, tools);
  const took = (performance.now() - beganMs) / MS_PER_SECOND;
  return benchReportSchema.parse({
    schema: "ringside.bench/1",
    benchmark: "overhead",
    startedAt,
    interrupted: signal.aborted,
    machine,
    protocol: {
      seed,
      runs,
      warmup: 1,
      order: OVERHEAD_ORDER,
      cache: "warm: the first start in each world does not count",
      concurrency: 1,
      settle: settling.describe(),
      workload: OVERHEAD_WORKLOAD,
      definition: {
        schema: "ringside.bench-protocol/1",
        seed,
        overhead: { systems: [...options.worlds.keys()], runs },
        limits: options.limits ?? {},
      },
    },
    limits: { ...limits, timeSeconds: Number.isFinite(limits.timeSeconds) ? limits.timeSeconds : took },
    systems: [],
    overhead,
    unavailable,
  } satisfies BenchReport);
}

/**
 * Measures on a workbench that is there.
 * @throws RingsideError when the measuring program has not been built, or a limit would not be kept
 */
export async function measureOverhead(
  bench: Workbench,
  options: OverheadOptions,
  { settling, limits, deadlineMs }: OverheadTools,
): Promise<OverheadPart> {
  const rows = withBare(options.worlds);
  const asked = { ...options, worlds: rows };
  const { ready, trialMs, unavailable } = await prepareAll(overheadBench(bench), asked, { limits, deadlineMs });
  checkDisk(bench.directory, limits);
  const { runs, seed, signal, progress } = options;
  const plan = { runs, samples: SAMPLES_A_START, random: seededRandom(seed), signal, deadlineMs, trialMs, progress };
  const outcomes = await measureRounds(ready, { ...plan, settle: () => settling.settle() });
  const bare = outcomes.get(BARE)?.rounds;
  const overhead = [...ready].flatMap(([name, world]) => {
    const [row, outcome] = [rows.get(name), outcomes.get(name)];
    if (row === undefined || outcome === undefined || outcome.rounds.size === 0) return [];
    const quantities = figuresOf(outcome.rounds, name === BARE ? undefined : bare, () => seededRandom(seed));
    const { version, accelerator } = world;
    return [{ name, world: row.world, version, accelerator, notes: notesOf(world, outcome, runs), quantities }];
  });
  const failed = [...outcomes].flatMap(([name, { failure }]) =>
    failure === undefined
      ? []
      : [{ name, reason: failure, fix: `see what it says: ringside bench overhead --systems ${name} --runs 1` }],
  );
  return { overhead, unavailable: [...unavailable, ...failed] };
}

function withBare(worlds: ReadonlyMap<string, OverheadRow>): ReadonlyMap<string, OverheadRow> {
  const bare = OVERHEAD_WORLDS.get(BARE);
  return bare === undefined ? worlds : new Map([[BARE, bare], ...worlds]);
}

function overheadBench(bench: Workbench): OverheadBench {
  const program = nativeProgram("ringside-overhead");
  if (program === undefined) {
    throw new RingsideError("benchmark overhead: its measuring program has not been built", { fix: "npm run build" });
  }
  const files = join(bench.directory, "overhead-files");
  mkdirSync(files, { recursive: true });
  return { bench, program, files };
}

/** Prepares every world and starts the program there once: what does not work here is named with its reason. */
async function prepareAll(
  overhead: OverheadBench,
  options: OverheadOptions,
  { limits, deadlineMs }: Pick<OverheadTools, "limits" | "deadlineMs">,
) {
  const { worlds, signal, progress } = options;
  const ready = new Map<string, OverheadWorld>();
  const trialMs = new Map<string, number>();
  const unavailable: Unavailable[] = [];
  for (const [name, row] of worlds) {
    if (signal.aborted) break;
    progress({ phase: "preparing", system: name });
    try {
      if (performance.now() >= deadlineMs) throw new Unusable(TOO_LATE);
      const world = await row.prepare(overhead);
      if (world.memoryBytes > limits.memoryBytes) throw new Unusable(TOO_LARGE);
      const beganMs = performance.now();
      await world.measure({ samples: 1, signal });
      trialMs.set(name, performance.now() - beganMs);
      ready.set(name, world);
    } catch (error) {
      if (!signal.aborted) unavailable.push({ name, ...explain(error) });
    }
  }
  return { ready, trialMs, unavailable };
}

const TOO_LATE = { reason: "the time was over before it was its turn", fix: "more time, or fewer worlds" };
const TOO_LARGE = { reason: "it needs more memory than the limit allows", fix: "a larger limit of memory" };

/** The world's own, and what its program remarked. */
function notesOf({ notes }: OverheadWorld, { rounds, failure }: WorldOutcome, wanted: number): string[] {
  const remarks = new Set([...rounds.values()].flatMap((output) => output.remarks));
  const less =
    rounds.size < wanted ? [`${rounds.size} of ${wanted} rounds${failure === undefined ? "" : `: ${failure}`}`] : [];
  return [...notes, ...remarks, ...less];
}
