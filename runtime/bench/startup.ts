/**
 * `ringside bench startup`: how long until the first instruction of a program, in every world, side by side. The same static
 * program everywhere, the same launcher starts everything. First every system a byte at a time with warm caches, which is
 * what comparisons are made of; then, where they are asked for, the other conditions: a server, cold caches, many at once.
 */

import { conditionText } from "./condition-text.ts";
import { definitionOf } from "./definition.ts";
import { checkDisk, describeLimits, type Limits, limitsFor } from "./limits.ts";
import { describeMachine } from "./machine.ts";
import { Pacer } from "./pace.ts";
import { type Evictor, openEvictor } from "./page-cache.ts";
import { type Allotment, allot } from "./planner.ts";
import type { BenchProtocol, Condition } from "./protocol.ts";
import { type Random, seededRandom } from "./random.ts";
import {
  batchSize,
  type Circumstances,
  type Entrant,
  type Outcome,
  runRounds,
  type Step,
  type TimedSample,
} from "./rounds.ts";
import {
  type BenchReport,
  benchReportSchema,
  type SystemReport,
  type SystemVariant,
  type Unavailable,
} from "./schema.ts";
import { Settling } from "./settle.ts";
import type { SystemRow, Workbench } from "./system.ts";
import { compareToBaseline, reportSystem, reportVariant } from "./system-report.ts";
import { explain, type Ready, tryAll } from "./trial.ts";
import { openWorkbench } from "./workbench.ts";

export interface StartupOptions {
  /** The rows to measure, by the names that they are reported by; the same row may be there twice. */
  readonly systems: ReadonlyMap<string, SystemRow>;
  readonly runs: number;
  /** Fewer measured starts for some of them. */
  readonly runsOf?: ReadonlyMap<string, number>;
  readonly warmup: number;
  readonly seed: number;
  /** What the others are set against; the first one that was measured unless said otherwise. */
  readonly baseline?: string;
  readonly conditions?: readonly Condition[];
  readonly limits?: BenchProtocol["limits"];
  /** Ends the benchmark; the report then has what was measured until then. */
  readonly signal: AbortSignal;
  progress(step: Step): void;
  /** Told before it begins what it will take at most, and then how many starts were planned. */
  announce?(line: string): void;
  /** Told every sample as it comes. */
  onSample?(system: string, circumstances: Circumstances, sample: TimedSample): void;
}

const MAIN: Circumstances = { workload: "byte", cache: "warm", concurrency: 1 };
/** Of the time, where there are other conditions too. */
const MAIN_SHARE = 0.5;
const LEAST_RUNS = 5;
/** What a start costs beside its own time: settling, the harness. */
const BESIDE_MS = 8;
/** A cold start waits for the disk; how long, nobody knows before. */
const COLD_FACTOR = 3;
/** What takes longer than this is warmed up by its trial and one more start. */
const SLOW_MS = 1000;

/**
 * Measures and reports; whatever was set up for it is gone afterwards.
 * @throws RingsideError when nothing could be measured at all: no launcher, no image; or when a limit would not be kept
 */
export async function benchStartup(options: StartupOptions): Promise<BenchReport> {
  const startedAt = new Date().toISOString();
  const machine = describeMachine();
  const limits = limitsFor(options.limits ?? {});
  options.announce?.(describeLimits(limits));
  await using cleanup = new AsyncDisposableStack();
  const all: readonly Circumstances[] = [MAIN, ...(options.conditions ?? [])];
  const bench = await openWorkbench(cleanup, {
    slots: Math.max(...all.map(({ concurrency }) => concurrency)),
    workloads: [...new Set(all.map(({ workload }) => workload))],
  });
  // Awaited here: what was set up has to last as long.
  return await new Session(options, bench, limits, startedAt, machine).run();
}

class Session {
  private readonly beganMs = performance.now();
  private readonly settling = new Settling();
  private readonly random: Random;
  private ready: ReadonlyMap<string, Ready> = new Map();
  private unavailable: Unavailable[] = [];
  /** What became of a system under the other conditions, where that is no figure. */
  private readonly remarks = new Map<string, string[]>();
  private readonly cacheWords = new Set(["warm: page cache and dentries are filled by the warm-up"]);
  /** How long emptying the caches takes here; a guess until it has been done once. */
  private evictionMs = 200;
  private pacer = new Pacer(0);
  private readonly options: StartupOptions;
  private readonly bench: Workbench;
  private readonly limits: Limits;
  private readonly startedAt: string;
  private readonly machine: BenchReport["machine"];

  constructor(
    options: StartupOptions,
    bench: Workbench,
    limits: Limits,
    startedAt: string,
    machine: BenchReport["machine"],
  ) {
    this.options = options;
    this.bench = bench;
    this.limits = limits;
    this.startedAt = startedAt;
    this.machine = machine;
    this.random = seededRandom(options.seed);
  }

  async run(): Promise<BenchReport> {
    const { ready, unavailable } = await tryAll(this.bench, this.options);
    this.ready = ready;
    this.unavailable = unavailable;
    checkDisk(this.bench.directory, this.limits);
    const conditions = this.options.conditions ?? [];
    const plan = this.planMain(conditions.length > 0);
    const outcomes = await this.measure(MAIN, plan.entrants, plan.deadlineMs);
    const variants = new Map<string, SystemVariant[]>();
    const measured: Condition[] = [];
    for (const [index, condition] of conditions.entries()) {
      if (this.options.signal.aborted) break;
      const runs = await this.vary(condition, conditions.length - index, outcomes, variants);
      if (runs > 0) measured.push({ ...condition, runs });
      checkDisk(this.bench.directory, this.limits);
    }
    const { systems, warmup, seed, baseline, limits = {} } = this.options;
    const { runs } = plan.allotment;
    const definition = definitionOf({ systems, runs, warmup, seed, baseline, conditions: measured, limits });
    return this.report(outcomes, variants, definition);
  }

  private leftMs(): number {
    return this.beganMs + this.limits.timeSeconds * 1000 - performance.now();
  }

  private planMain(hasOthers: boolean) {
    const { runs, runsOf, warmup, announce } = this.options;
    const budgetMs = this.leftMs() * (hasOthers ? MAIN_SHARE : 1);
    const warmupOf = ({ trialMs }: Ready) => Math.min(warmup, trialMs > SLOW_MS ? 1 : warmup);
    const warmingMs = sum([...this.ready.values()].map((one) => warmupOf(one) * (one.trialMs + BESIDE_MS)));
    const allotment = allot(
      [...this.ready].map(([name, { trialMs }]) => {
        const wanted = runsOf?.get(name) ?? runs;
        return { name, startMs: trialMs + BESIDE_MS, wanted, least: Math.min(wanted, LEAST_RUNS), step: 1 };
      }),
      budgetMs - warmingMs,
    );
    this.leaveOut(allotment.leftOut);
    const entrants = new Map<string, Entrant>();
    for (const [name, one] of this.ready) {
      const count = allotment.runs.get(name);
      if (count !== undefined) entrants.set(name, { system: one.system, runs: count, warmup: warmupOf(one) });
    }
    const expectedMs = warmingMs + allotment.expectedMs;
    this.pacer = new Pacer(expectedMs + Math.min(this.conditionsMs(), this.leftMs() - expectedMs));
    announce?.(
      `${describeRuns(allotment)}; about ${Math.ceil(expectedMs / 1000)} s${hasOthers ? ", then the other conditions" : ""}`,
    );
    return { entrants, allotment, deadlineMs: performance.now() + budgetMs };
  }

  /** What the further conditions take where everyone has what is wanted. */
  private conditionsMs(): number {
    const { conditions = [] } = this.options;
    const names = [...this.ready.keys()];
    return sum(
      conditions.flatMap((condition) =>
        (condition.systems ?? names)
          .filter((name) => this.ready.get(name)?.system.workloads.includes(condition.workload))
          .map((name) => condition.runs * this.costMs(name, condition)),
      ),
    );
  }

  private leaveOut(names: readonly string[]): void {
    for (const name of names) {
      const { trialMs } = this.ready.get(name) ?? { trialMs: 0 };
      this.unavailable.push({
        name,
        reason: `one start takes ${(trialMs / 1000).toFixed(1)} s: ${LEAST_RUNS} of them do not fit into its share of the time`,
        fix: "a larger --time, or fewer systems",
      });
    }
  }

  private async measure(
    circumstances: Circumstances,
    entrants: ReadonlyMap<string, Entrant>,
    deadlineMs: number,
    evict?: () => Promise<void>,
  ): Promise<Map<string, Outcome>> {
    const { signal, progress, onSample } = this.options;
    return await runRounds(entrants, {
      ...circumstances,
      random: this.random,
      signal,
      ...(Number.isFinite(deadlineMs) ? { deadlineMs } : {}),
      portOf: this.bench.portOf,
      settle: () => this.settling.settle(),
      ...(evict === undefined ? {} : { evict }),
      progress: (step) => {
        const part = circumstances === MAIN ? {} : { part: conditionText(circumstances) };
        progress({ ...step, ...part, ...this.pacer.at() });
        const turns = step.phase === "run" ? batchSize(circumstances.concurrency) : 1;
        this.pacer.worked(turns * this.costMs(step.system, circumstances));
      },
      onSample: (system, sample) => onSample?.(system, circumstances, sample),
    });
  }

  private costMs(name: string, { cache }: Circumstances): number {
    const { trialMs = 0 } = this.ready.get(name) ?? {};
    return cache === "cold" ? trialMs * COLD_FACTOR + this.evictionMs + BESIDE_MS : trialMs + BESIDE_MS;
  }

  /**
   * Measures one further condition with the systems that can be measured under it.
   * @returns how many starts the one with most had
   */
  private async vary(
    condition: Condition,
    conditionsLeft: number,
    main: ReadonlyMap<string, Outcome>,
    variants: Map<string, SystemVariant[]>,
  ): Promise<number> {
    let evictor: Evictor | undefined;
    try {
      evictor = condition.cache === "cold" ? await openEvictor(this.bench) : undefined;
      const startedMs = performance.now();
      await evictor?.evict();
      if (evictor !== undefined) this.evictionMs = performance.now() - startedMs;
    } catch (error) {
      this.unavailable.push({ name: conditionText(condition), ...explain(error) });
      return 0;
    }
    if (evictor !== undefined) this.cacheWords.add(evictor.words);
    const names = [...this.ready.keys()].filter((name) => {
      const reason = this.objection(name, condition, main.get(name));
      if (reason !== undefined && reason !== "") this.remark(name, `${conditionText(condition)}: ${reason}`);
      return reason === undefined;
    });
    const budgetMs = this.leftMs() / conditionsLeft;
    const step = batchSize(condition.concurrency);
    const wanted = Math.max(1, Math.round(condition.runs / step)) * step;
    const { runs, leftOut } = allot(
      names.map((name) => ({
        name,
        startMs: this.costMs(name, condition),
        wanted,
        least: Math.min(wanted, step),
        step,
      })),
      budgetMs,
    );
    for (const name of leftOut)
      this.remark(name, `${conditionText(condition)}: left out, it does not fit into the time`);
    const entrants = new Map<string, Entrant>();
    for (const name of names) {
      const [one, count] = [this.ready.get(name), runs.get(name)];
      const warmup = condition.cache === "cold" || condition.workload === "byte" ? 0 : 1;
      if (one !== undefined && count !== undefined) entrants.set(name, { system: one.system, runs: count, warmup });
    }
    const outcomes = await this.measure(condition, entrants, performance.now() + budgetMs, evictor?.evict);
    for (const [name, outcome] of outcomes) {
      const variant = outcome.failure === undefined ? reportVariant(condition, outcome, this.options.seed) : undefined;
      if (variant !== undefined) variants.set(name, [...(variants.get(name) ?? []), variant]);
      if (outcome.failure !== undefined)
        this.remark(
          name,
          `${conditionText(condition)}: no figures, ${outcome.samples.length} starts came to their end: ${outcome.failure}`,
        );
    }
    return Math.max(0, ...[...outcomes.values()].map(({ samples }) => samples.length));
  }

  /** Why a system is not measured under a condition; empty where that goes without saying. */
  private objection(name: string, condition: Condition, main: Outcome | undefined): string | undefined {
    const { system } = this.ready.get(name) ?? {};
    if (system === undefined || main === undefined || main.samples.length === 0) return "";
    if (condition.systems !== undefined && !condition.systems.includes(name)) return "";
    if (main.failure !== undefined) return "";
    if (!system.workloads.includes(condition.workload)) return "it cannot be asked for that";
    const { concurrency } = condition;
    if (system.mostAtOnce !== undefined && concurrency > system.mostAtOnce)
      return `no more than ${system.mostAtOnce} at once`;
    const memoryBytes = concurrency * (system.memoryBytes ?? this.bench.memoryBytes);
    return memoryBytes > this.limits.memoryBytes ? "more memory than the limit allows" : undefined;
  }

  private remark(name: string, text: string): void {
    this.remarks.set(name, [...(this.remarks.get(name) ?? []), text]);
  }

  private report(
    outcomes: ReadonlyMap<string, Outcome>,
    variants: ReadonlyMap<string, SystemVariant[]>,
    definition: BenchProtocol,
  ): BenchReport {
    const { seed, warmup, signal } = this.options;
    const systems: SystemReport[] = [];
    for (const [name, outcome] of outcomes) {
      const one = this.ready.get(name);
      if (one === undefined) continue;
      if (outcome.samples.length > 0) systems.push(this.reportOne(name, one, outcome, variants.get(name) ?? []));
      if (outcome.failure !== undefined) {
        const fix = `see what it says: ringside bench startup --systems ${name} --runs 1`;
        this.unavailable.push({ name, reason: outcome.failure, fix });
      }
    }
    const baseline = this.options.baseline ?? systems[0]?.name;
    const comparisons = baseline === undefined ? [] : compareToBaseline(systems, baseline, seed);
    const elapsedSeconds = (performance.now() - this.beganMs) / 1000;
    const { timeSeconds, memoryBytes, diskBytes } = this.limits;
    return benchReportSchema.parse({
      schema: "ringside.bench/1",
      benchmark: "startup",
      startedAt: this.startedAt,
      interrupted: signal.aborted,
      machine: this.machine,
      protocol: {
        seed,
        runs: definition.startup?.runs ?? 1,
        warmup,
        order:
          "every round starts each system once, in an order shuffled from the seed; a system with fewer runs takes part in rounds that lie evenly among the others'",
        cache: [...this.cacheWords].join("; "),
        concurrency: Math.max(1, ...(definition.startup?.conditions ?? []).map(({ concurrency }) => concurrency)),
        settle: this.settling.describe(),
        workload:
          "a static program that writes one byte and ends, or (serve) listens on TCP, writes its byte, answers one client and ends; containers: 64 MiB, 64 processes, no network (serve: the host's)",
        definition,
      },
      limits: { timeSeconds: Number.isFinite(timeSeconds) ? timeSeconds : elapsedSeconds, memoryBytes, diskBytes },
      systems,
      comparisons,
      unavailable: this.unavailable,
    } satisfies BenchReport);
  }

  private reportOne(name: string, { row, system }: Ready, outcome: Outcome, variants: SystemVariant[]): SystemReport {
    const one = reportSystem(name, row, system, outcome, this.options.seed);
    const notes = [...one.notes, ...(this.remarks.get(name) ?? [])];
    return { ...one, notes, ...(variants.length === 0 ? {} : { variants }) };
  }
}

function describeRuns({ runs }: Allotment): string {
  const counts = [...runs.values()];
  if (counts.length === 0) return "nothing can be measured";
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return `${counts.length} systems, ${least === most ? most : `${least} to ${most}`} starts of each`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
