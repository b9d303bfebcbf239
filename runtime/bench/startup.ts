/**
 * `ringside bench startup`: how long until the first instruction of a program, in every world, side by side. The same static
 * program everywhere, the same launcher starts everything, one start at a time.
 */

import { RingsideError } from "../error.ts";
import { describeMachine } from "./machine.ts";
import { seededRandom } from "./random.ts";
import { type Outcome, runRounds, type Step } from "./rounds.ts";
import { type BenchReport, benchReportSchema, MARK_NAMES, type SystemReport, type Unavailable } from "./schema.ts";
import { SETTLE_DESCRIPTION, settle } from "./settle.ts";
import { summarize } from "./statistics.ts";
import { type System, type SystemRow, Unusable, type Workbench } from "./system.ts";
import { openWorkbench } from "./workbench.ts";

export interface StartupOptions {
  /** The rows to measure, by name. */
  readonly systems: ReadonlyMap<string, SystemRow>;
  readonly runs: number;
  readonly warmup: number;
  readonly seed: number;
  /** Ends the benchmark; the report then has what was measured until then. */
  readonly signal: AbortSignal;
  progress(step: Step): void;
}

/**
 * Measures and reports; whatever was set up for it is gone afterwards.
 * @throws RingsideError when nothing could be measured at all: no launcher, no image
 */
export async function benchStartup(options: StartupOptions): Promise<BenchReport> {
  const startedAt = new Date().toISOString();
  await using cleanup = new AsyncDisposableStack();
  const bench = await openWorkbench(cleanup);
  const { ready, unavailable } = await prepareAll(bench, options);
  const random = seededRandom(options.seed);
  const { runs, warmup, signal } = options;
  const outcomes = await runRounds(ready, { runs, warmup, random, signal, settle, progress: options.progress });
  const failed = [...outcomes].flatMap(([name, { failure }]) =>
    failure === undefined
      ? []
      : [{ name, reason: failure, fix: `see what it says: ringside bench startup --systems ${name} --runs 1` }],
  );
  return benchReportSchema.parse({
    schema: "ringside.bench/1",
    benchmark: "startup",
    startedAt,
    interrupted: signal.aborted,
    machine: describeMachine(),
    protocol: {
      seed: options.seed,
      runs,
      warmup,
      order: "every round starts each system once, in an order shuffled from the seed",
      cache: "warm: page cache and dentries are filled by the warm-up",
      concurrency: 1,
      settle: SETTLE_DESCRIPTION,
      workload: "a static program that writes one byte and ends; containers: 64 MiB, 64 processes, no network",
    },
    systems: [...ready].flatMap(([name, system]) => {
      const row = options.systems.get(name);
      const outcome = outcomes.get(name);
      return row === undefined || outcome === undefined || outcome.samples.length === 0
        ? []
        : [reportSystem(name, row, system, outcome, options.seed)];
    }),
    unavailable: [...unavailable, ...failed],
  } satisfies BenchReport);
}

/** Prepares every system and starts it once: what does not work here is named with its reason, before the clock runs. */
async function prepareAll(bench: Workbench, options: StartupOptions) {
  const ready = new Map<string, System>();
  const unavailable: Unavailable[] = [];
  for (const [name, row] of options.systems) {
    if (options.signal.aborted) break;
    options.progress({ phase: "preparing", system: name });
    try {
      const system = await row.prepare(bench);
      await system.measure({ signal: options.signal, slot: 0, workload: "byte", port: undefined });
      ready.set(name, system);
    } catch (error) {
      if (!options.signal.aborted) unavailable.push({ name, ...explain(error) });
    }
  }
  return { ready, unavailable };
}

function explain(error: unknown): { reason: string; fix: string } {
  const reason = error instanceof Error ? error.message : String(error);
  const known = error instanceof Unusable || error instanceof RingsideError ? error.fix : undefined;
  return { reason, fix: known ?? "ringside doctor" };
}

function reportSystem(name: string, row: SystemRow, system: System, outcome: Outcome, seed: number): SystemReport {
  const { samples, failure } = outcome;
  const marks: SystemReport["marks"] = {};
  for (const mark of MARK_NAMES) {
    const samplesMs = samples.flatMap((sample) => sample[mark] ?? []);
    // A seed of its own for each, so that a system's figures do not depend on which others were measured.
    if (samplesMs.length === 0) continue;
    const { p50, p95, p99, ci95 } = summarize(samplesMs, seededRandom(seed));
    marks[mark] = { samplesMs, p50, p95, p99, ci95: [...ci95] };
  }
  return {
    name,
    world: row.world,
    version: system.version,
    accelerator: system.accelerator,
    notes: [...system.notes, ...(failure === undefined ? [] : [`stopped after ${samples.length} samples: ${failure}`])],
    marks,
  };
}
