/**
 * `ringside bench startup`: how long until the first instruction of a program, in every world, side by side. The same static
 * program everywhere, the same launcher starts everything. First every system a byte at a time with warm caches, which is
 * what comparisons are made of; then, where they are asked for, the other conditions: a server, cold caches, many at once.
 */

import { conditionText } from "./condition-text.ts";
import { definitionOf } from "./definition.ts";
import { otherBenches } from "./journal.ts";
import { checkDisk, describeLimits, type Limits, limitsFor } from "./limits.ts";
import { describeMachine } from "./machine.ts";
import { Pacer } from "./pace.ts";
import { type Evictor, openEvictor } from "./page-cache.ts";
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
import { costMs, describeRuns, planCondition, planMain } from "./startup-plan.ts";
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

/**
 * Measures and reports; whatever was set up for it is gone afterwards.
 * @throws RingsideError when nothing could be measured at all: no launcher, no image; or when a limit would not be kept
 */
export async function benchStartup(options: StartupOptions): Promise<BenchReport> {
  const began = { startedAt: new Date().toISOString(), beganMs: performance.now(), machine: describeMachine() };
  const limits = limitsFor(options.limits ?? {});
  options.announce?.(describeLimits(limits));
  const others = otherBenches();
  if (others.length > 0) options.announce?.(disturbance(others));
  await using cleanup = new AsyncDisposableStack();
  const all: readonly Circumstances[] = [MAIN, ...(options.conditions ?? [])];
  const bench = await openWorkbench(cleanup, {
    slots: Math.max(...all.map(({ concurrency }) => concurrency)),
    workloads: [...new Set(all.map(({ workload }) => workload))],
  });
  // Awaited here: what was set up has to last as long.
  return await new Session(options, bench, limits, {
    ...began,
    disturbances: others.length > 0 ? [disturbance(others)] : [],
  }).run();
}

function disturbance(pids: readonly number[]): string {
  return `another benchmark was running on this machine when this one began (process ${pids.join(", ")}): each disturbs the other`;
}

/** When it began, on what, and beside what. */
interface Began {
  readonly startedAt: string;
  readonly beganMs: number;
  readonly machine: BenchReport["machine"];
  readonly disturbances: readonly string[];
}

class Session {
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
  private readonly began: Began;

  constructor(options: StartupOptions, bench: Workbench, limits: Limits, began: Began) {
    this.options = options;
    this.bench = bench;
    this.limits = limits;
    this.began = began;
    this.random = seededRandom(options.seed);
  }

  async run(): Promise<BenchReport> {
    const { ready, unavailable } = await tryAll(this.bench, this.options);
    this.ready = ready;
    this.unavailable = unavailable;
    checkDisk(this.bench.directory, this.limits);
    const conditions = this.options.conditions ?? [];
    const budgetMs = this.leftMs() * (conditions.length > 0 ? MAIN_SHARE : 1);
    const plan = planMain(ready, this.options, budgetMs);
    this.unavailable.push(...plan.leftOut);
    this.pacer = new Pacer(plan.expectedMs + Math.min(this.conditionsMs(), this.leftMs() - plan.expectedMs));
    const others = conditions.length > 0 ? ", then the other conditions" : "";
    this.options.announce?.(`${describeRuns(plan)}${others}`);
    const outcomes = await this.measure(MAIN, plan.entrants, performance.now() + budgetMs);
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
    return this.began.beganMs + this.limits.timeSeconds * 1000 - performance.now();
  }

  /** What the further conditions take where everyone has what is wanted. */
  private conditionsMs(): number {
    let ms = 0;
    for (const condition of this.options.conditions ?? []) {
      for (const [name, one] of this.ready) {
        const isAsked = condition.systems?.includes(name) ?? true;
        if (isAsked && one.system.workloads.includes(condition.workload))
          ms += condition.runs * costMs(one, condition, this.evictionMs);
      }
    }
    return ms;
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
        const one = this.ready.get(step.system);
        if (one !== undefined) this.pacer.worked(turns * costMs(one, circumstances, this.evictionMs));
      },
      onSample: (system, sample) => onSample?.(system, circumstances, sample),
    });
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
      // The first time everything goes that the machine had; from then on only what one start has read.
      await evictor?.evict();
      const startedMs = performance.now();
      await evictor?.evict();
      if (evictor !== undefined) this.evictionMs = performance.now() - startedMs;
    } catch (error) {
      this.unavailable.push({ name: conditionText(condition), ...explain(error) });
      return 0;
    }
    if (evictor !== undefined) this.cacheWords.add(evictor.words);
    const budgetMs = this.leftMs() / conditionsLeft;
    const { ready, bench, limits, evictionMs } = this;
    const ground = { ready, main, bench, limits, budgetMs, evictionMs };
    const { entrants, objections } = planCondition(condition, ground);
    for (const [name, reason] of objections) this.remark(name, `${conditionText(condition)}: ${reason}`);
    const outcomes = await this.measure(condition, entrants, performance.now() + budgetMs, evictor?.evict);
    for (const [name, outcome] of outcomes) {
      const variant = outcome.failure === undefined ? reportVariant(condition, outcome, this.options.seed) : undefined;
      if (variant !== undefined) variants.set(name, [...(variants.get(name) ?? []), variant]);
      if (outcome.failure === undefined && variant === undefined && !this.options.signal.aborted)
        this.remark(name, `${conditionText(condition)}: no figures, the time was over before its first start`);
      if (outcome.failure !== undefined)
        this.remark(
          name,
          `${conditionText(condition)}: no figures, ${outcome.samples.length} starts came to their end: ${outcome.failure}`,
        );
    }
    return Math.max(0, ...[...outcomes.values()].map(({ samples }) => samples.length));
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
    const elapsedSeconds = (performance.now() - this.began.beganMs) / 1000;
    const { timeSeconds, memoryBytes, diskBytes } = this.limits;
    return benchReportSchema.parse({
      schema: "ringside.bench/1",
      benchmark: "startup",
      startedAt: this.began.startedAt,
      interrupted: signal.aborted,
      machine: this.began.machine,
      protocol: {
        seed,
        runs: definition.startup?.runs ?? 1,
        warmup,
        order:
          "every round starts each system once, in an order shuffled from the seed; a system with fewer runs takes part in rounds that lie evenly among the others'",
        cache: [...this.cacheWords].join("; "),
        concurrency: Math.max(1, ...(definition.startup?.conditions ?? []).map(({ concurrency }) => concurrency)),
        settle: [this.settling.describe(), ...this.began.disturbances].join("; "),
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
