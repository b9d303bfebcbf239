/**
 * The benchmark that runs, or ran last: everybody who looks gets all its lines from the beginning, then those that come.
 * It belongs to the server and not to whoever asked for it: it takes minutes, and goes on when the browser is closed.
 */

import { RingsideError } from "../../runtime/error.ts";
import type { BenchmarkLimits, BenchmarkLine, BenchmarkRequest } from "../protocol/benchmark.ts";
import type { BenchmarkBackend } from "./backend.ts";
import type { Measuring } from "./measuring.ts";
import { HttpProblem } from "./problem.ts";

interface Run {
  readonly request: BenchmarkRequest;
  readonly abort: AbortController;
  /** Of progress only the last one is kept. */
  readonly lines: BenchmarkLine[];
  progress: BenchmarkLine | undefined;
  /** Resolves, and is replaced, when there is more. */
  more: PromiseWithResolvers<void>;
  isOver: boolean;
  ended: Promise<void>;
}

export class Benchmarks {
  readonly #backend: BenchmarkBackend;
  readonly #measuring: Measuring;
  readonly #report: (error: unknown) => void;
  #run: Run | undefined;

  /** @param report takes the errors that nobody foresaw */
  constructor(backend: BenchmarkBackend, measuring: Measuring, report: (error: unknown) => void) {
    this.#backend = backend;
    this.#measuring = measuring;
    this.#report = report;
  }

  /** What runs now. */
  get running(): BenchmarkRequest | null {
    return this.#run === undefined || this.#run.isOver ? null : this.#run.request;
  }

  /**
   * Starts one.
   *
   * @throws HttpProblem 429 while something is measured; RingsideError where it cannot be
   */
  start(request: BenchmarkRequest): void {
    const limits = this.#backend.limits(request);
    const giveBack = this.#measuring.begin("a benchmark");
    const run: Run = {
      request,
      abort: new AbortController(),
      lines: [{ kind: "started", request, limits }],
      progress: undefined,
      more: Promise.withResolvers<void>(),
      isOver: false,
      ended: Promise.resolve(),
    };
    run.ended = this.#measure(run).finally(giveBack);
    this.#run = run;
  }

  /** What a request would take at most. @throws RingsideError */
  limits(request: BenchmarkRequest): BenchmarkLimits {
    return this.#backend.limits(request);
  }

  /**
   * The lines of the last one from its beginning, then live, until it is over.
   *
   * @param gone whoever looks has left
   * @throws HttpProblem 404 where there was none
   */
  lines(gone: AbortSignal): AsyncGenerator<BenchmarkLine> {
    const run = this.#run;
    if (run === undefined) throw new HttpProblem(404, "no benchmark has run since the server was started");
    return follow(run, gone);
  }

  /** Ends what runs, and waits for it; what was measured is kept. Harmless when nothing does. */
  async stop(): Promise<void> {
    this.#run?.abort.abort(new Error("the benchmark was stopped"));
    await this.#run?.ended;
  }

  async #measure(run: Run): Promise<void> {
    try {
      for await (const line of this.#backend.run(run.request, run.abort.signal)) tell(run, line);
    } catch (error) {
      const isUnderstood = error instanceof RingsideError;
      if (!isUnderstood) this.#report(error);
      const reason = error instanceof Error ? error.message : String(error);
      const fix = (isUnderstood ? error.fix : undefined) ?? "`ringside doctor` shows what this machine lacks";
      tell(run, { kind: "failed", reason, fix });
    } finally {
      run.isOver = true;
      run.more.resolve();
    }
  }
}

function tell(run: Run, line: BenchmarkLine): void {
  if (line.kind === "progress") run.progress = line;
  else run.lines.push(line);
  run.more.resolve();
  run.more = Promise.withResolvers<void>();
}

async function* follow(run: Run, gone: AbortSignal): AsyncGenerator<BenchmarkLine> {
  const left = Promise.withResolvers<void>();
  gone.addEventListener("abort", () => left.resolve(), { once: true });
  let told = 0;
  let shown: BenchmarkLine | undefined;
  while (!gone.aborted) {
    const { more } = run;
    if (run.progress !== shown && run.progress !== undefined && !run.isOver) yield run.progress;
    shown = run.progress;
    for (; told < run.lines.length; told++) {
      const line = run.lines[told];
      if (line !== undefined) yield line;
    }
    if (run.isOver && told === run.lines.length) return;
    if (run.more === more) await Promise.race([more.promise, left.promise]);
  }
}
