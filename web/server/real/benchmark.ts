/**
 * The benchmark of starts for the server: the same as `ringside bench startup`, with its history. What it tells while it
 * works becomes lines.
 */

import { compareReports, protocolDifferences } from "../../../runtime/bench/compare.ts";
import { History } from "../../../runtime/bench/history.ts";
import { limitsFor } from "../../../runtime/bench/limits.ts";
import type { Step } from "../../../runtime/bench/rounds.ts";
import type { BenchReport } from "../../../runtime/bench/schema.ts";
import { benchStartup } from "../../../runtime/bench/startup.ts";
import type { SystemRow } from "../../../runtime/bench/system.ts";
import { STARTUP_SYSTEMS } from "../../../runtime/bench/systems.ts";
import { RingsideError } from "../../../runtime/error.ts";
import type {
  BenchmarkComparison,
  BenchmarkLimits,
  BenchmarkLine,
  BenchmarkRequest,
  BenchmarkSystem,
  HistoryEntry,
} from "../../protocol/benchmark.ts";
import type { BenchmarkBackend } from "../backend.ts";
import { LIMITS } from "../limits.ts";
import { LineQueue } from "./line-queue.ts";

const WARMUP_ROUNDS = 3;

export class RuntimeBenchmark implements BenchmarkBackend {
  readonly #historyFile: string | undefined;

  /** @param historyFile where it is not the one that the command line has */
  constructor(historyFile?: string) {
    this.#historyFile = historyFile;
  }

  systems(): BenchmarkSystem[] {
    return [...STARTUP_SYSTEMS].map(([name, { world, what }]) => ({ name, world, what }));
  }

  limits(request: BenchmarkRequest): BenchmarkLimits {
    rowsOf(request);
    return limitsFor({ timeSeconds: request.timeSeconds });
  }

  async *run(request: BenchmarkRequest, signal: AbortSignal): AsyncGenerator<BenchmarkLine> {
    const lines = new LineQueue<BenchmarkLine>();
    const measured = this.#measure(request, signal, (line) => lines.push(line)).then(
      () => lines.end(),
      (error: unknown) => lines.fail(error),
    );
    yield* lines;
    await measured;
  }

  history(): HistoryEntry[] {
    using history = new History(this.#historyFile);
    return history
      .list()
      .slice(0, LIMITS.listedBenchmarks)
      .map(({ id, ...entry }) => ({ ...entry, id: String(id) }));
  }

  report(id: string): BenchReport {
    using history = new History(this.#historyFile);
    return history.find(numberOf(id));
  }

  compare(before: string, after: string): BenchmarkComparison {
    const [a, b] = [this.report(before), this.report(after)];
    const differences = protocolDifferences(a, b);
    if (differences.length > 0)
      throw new RingsideError(`compare the benchmarks: they were not made alike: ${differences.join("; ")}`, {
        fix: "Choose two of the same systems and conditions.",
      });
    return compareReports(a, b);
  }

  async #measure(request: BenchmarkRequest, signal: AbortSignal, tell: (line: BenchmarkLine) => void): Promise<void> {
    const rows = rowsOf(request);
    const accelerators = new Map<string, string | null>();
    const { runs, timeSeconds } = request;
    const report = await benchStartup({
      systems: new Map([...rows].map(([name, row]) => [name, remembering(row, (one) => accelerators.set(name, one))])),
      runs,
      warmup: WARMUP_ROUNDS,
      seed: seedOf(new Date()),
      limits: { timeSeconds },
      signal,
      progress: (step) => tell({ kind: "progress", ...progressOf(step) }),
      onSample: (name, circumstances, { firstByte }) => {
        const world = rows.get(name)?.world;
        if (world === undefined || circumstances.workload !== "byte") return;
        const accelerator = accelerators.get(name) ?? null;
        tell({ kind: "sample", system: name, world, accelerator, firstByteMs: firstByte });
      },
    });
    for (const { name, reason, fix } of report.unavailable) tell({ kind: "unavailable", system: name, reason, fix });
    tell({ kind: "done", id: this.#keep(report), interrupted: report.interrupted });
  }

  /** What measured nothing is not kept. */
  #keep(report: BenchReport): string | null {
    if (report.systems.length === 0) return null;
    using history = new History(this.#historyFile);
    return String(history.add(report));
  }
}

/** @throws RingsideError where one is not known */
function rowsOf({ systems }: BenchmarkRequest): Map<string, SystemRow> {
  return new Map(
    systems.map((name) => {
      const row = STARTUP_SYSTEMS.get(name);
      if (row !== undefined) return [name, row];
      throw new RingsideError(`measure ${name}: there is no system of that name`, {
        fix: `choose from ${[...STARTUP_SYSTEMS.keys()].join(", ")}`,
      });
    }),
  );
}

/** A row that tells what executes its guests, once that is known. */
function remembering(row: SystemRow, tell: (accelerator: string | null) => void): SystemRow {
  return {
    ...row,
    prepare: async (bench) => {
      const system = await row.prepare(bench);
      tell(system.accelerator);
      return system;
    },
  };
}

function progressOf(step: Step): Omit<Extract<BenchmarkLine, { kind: "progress" }>, "kind"> {
  if (step.phase === "preparing") return { message: `prepares ${step.system}, and starts it once` };
  const { phase, round, rounds, system, fraction, leftSeconds } = step;
  return {
    message: `${phase === "run" ? "round" : "warm-up round"} ${round} of ${rounds}: ${system}`,
    ...(fraction === undefined ? {} : { fraction }),
    ...(leftSeconds === undefined ? {} : { leftSeconds }),
  };
}

/** Another order each time; which one is in the report. */
function seedOf(now: Date): number {
  return Math.floor(now.getTime() / 1000);
}

function numberOf(id: string): number {
  if (/^[1-9]\d{0,14}$/.test(id)) return Number(id);
  throw new RingsideError(`open the benchmark ${id}: there is none of that number`, {
    fix: "the page Benchmark lists them",
  });
}
