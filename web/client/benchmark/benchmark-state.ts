/**
 * The benchmark as the browser knows it: what can be chosen, what runs, what has been measured so far, what there was.
 */

import { type Signal, signal } from "@preact/signals-core";
import type {
  BenchmarkComparison,
  BenchmarkLimits,
  BenchmarkLine,
  BenchmarkRequest,
  HistoryEntry,
  StoredReport,
} from "../../protocol/benchmark.ts";
import {
  compareBenchmarks,
  fetchOverview,
  fetchReport,
  followBenchmark,
  listBenchmarks,
  startBenchmark,
  stopBenchmark,
} from "../api/benchmark.ts";
import { RequestError } from "../api/request.ts";
import { BenchmarkChoice } from "./choice.ts";
import type { Distribution } from "./distributions.ts";

/** One that could not be measured. */
export interface Missing {
  readonly name: string;
  readonly reason: string;
  readonly fix: string;
}

/** A benchmark that runs. */
export interface Running {
  readonly request: BenchmarkRequest;
  readonly limits: BenchmarkLimits | undefined;
  readonly message: string;
  readonly fraction: number | undefined;
  readonly leftSeconds: number | undefined;
  readonly isStopping: boolean;
}

/** Where the distributions come from that are shown. */
export type Shown =
  | { readonly kind: "nothing" }
  | { readonly kind: "live" }
  | { readonly kind: "stored"; readonly id: string; readonly startedAt: string; readonly interrupted: boolean };

export class BenchmarkState {
  readonly choice: BenchmarkChoice = new BenchmarkChoice();
  readonly running: Signal<Running | undefined> = signal(undefined);
  readonly distributions: Signal<readonly Distribution[]> = signal([]);
  readonly missing: Signal<readonly Missing[]> = signal([]);
  readonly shown: Signal<Shown> = signal({ kind: "nothing" });
  readonly history: Signal<readonly HistoryEntry[] | undefined> = signal(undefined);
  readonly comparison: Signal<BenchmarkComparison | undefined> = signal(undefined);
  readonly failure: Signal<RequestError | undefined> = signal(undefined);
  /** Why two could not be compared. */
  readonly refusal: Signal<RequestError | undefined> = signal(undefined);
  #abort = new AbortController();

  /** Asks what there is, and joins what runs. Shows the newest one where nothing does. */
  async open(): Promise<void> {
    this.#abort = new AbortController();
    await this.#try(async () => {
      const { systems, running } = await fetchOverview();
      this.choice.systems.value = systems;
      await this.#refreshHistory();
      if (running !== null) {
        void this.#follow(running);
        return;
      }
      const [newest] = this.history.value ?? [];
      if (newest !== undefined) await this.#show(newest.id);
    });
  }

  /** Looks away. What runs goes on. */
  close(): void {
    this.#abort.abort();
  }

  async start(request: BenchmarkRequest): Promise<void> {
    await this.#try(async () => {
      await startBenchmark(request);
      void this.#follow(request);
    });
  }

  /** Ends what runs; what was measured is kept. */
  async stop(): Promise<void> {
    const { value } = this.running;
    if (value === undefined) return;
    this.running.value = { ...value, isStopping: true };
    await this.#try(stopBenchmark);
  }

  async compare(before: string, after: string): Promise<void> {
    this.comparison.value = undefined;
    await this.#try(async () => {
      this.comparison.value = await compareBenchmarks(before, after);
    }, this.refusal);
  }

  /** Takes over one line of what runs. @returns the id that it has in the history, once it has one */
  take(line: BenchmarkLine): string | undefined {
    switch (line.kind) {
      case "started":
        this.#update({ request: line.request, limits: line.limits });
        return undefined;
      case "progress":
        this.#update({ message: line.message, fraction: line.fraction, leftSeconds: line.leftSeconds });
        return undefined;
      case "sample":
        this.#addSample(line);
        return undefined;
      case "unavailable":
        this.missing.value = [...this.missing.value, { name: line.system, reason: line.reason, fix: line.fix }];
        return undefined;
      case "failed":
        this.failure.value = new RequestError("refused", line.reason, line.fix);
        return undefined;
      case "done":
        return line.id ?? undefined;
    }
  }

  async #follow(request: BenchmarkRequest): Promise<void> {
    this.distributions.value = [];
    this.missing.value = [];
    this.comparison.value = undefined;
    this.shown.value = { kind: "live" };
    this.running.value = {
      request,
      limits: undefined,
      message: "opens the workbench",
      fraction: undefined,
      leftSeconds: undefined,
      isStopping: false,
    };
    const { signal: abort } = this.#abort;
    await this.#try(async () => {
      let id: string | undefined;
      for await (const line of followBenchmark(abort)) id = this.take(line) ?? id;
      this.running.value = undefined;
      await this.#refreshHistory();
      if (id !== undefined) await this.#show(id);
    });
    if (!abort.aborted) this.running.value = undefined;
  }

  async #refreshHistory(): Promise<void> {
    this.history.value = await listBenchmarks();
  }

  async #show(id: string): Promise<void> {
    const report = await fetchReport(id);
    this.distributions.value = distributionsOf(report);
    this.missing.value = report.unavailable;
    this.shown.value = { kind: "stored", id, startedAt: report.startedAt, interrupted: report.interrupted };
  }

  #update(changed: Partial<Running>): void {
    const { value } = this.running;
    if (value !== undefined) this.running.value = { ...value, ...changed };
  }

  #addSample(line: Extract<BenchmarkLine, { kind: "sample" }>): void {
    const { system: name, world, accelerator, firstByteMs } = line;
    const known = this.distributions.value.find((one) => one.name === name);
    const grown = { name, world, accelerator, samplesMs: [...(known?.samplesMs ?? []), firstByteMs] };
    const { value } = this.distributions;
    const all = known === undefined ? [...value, grown] : value.map((one) => (one === known ? grown : one));
    // In the order in which they were asked for, as in the report: a line keeps its pattern.
    const order = this.running.value?.request.systems ?? [];
    const rank = (one: Distribution): number => order.indexOf(one.name);
    this.distributions.value = all.toSorted((one, other) => rank(one) - rank(other));
  }

  async #try(work: () => Promise<void>, failure: Signal<RequestError | undefined> = this.failure): Promise<void> {
    const { signal: abort } = this.#abort;
    failure.value = undefined;
    try {
      await work();
    } catch (error) {
      if (abort.aborted) return;
      failure.value = error instanceof RequestError ? error : new RequestError("refused", String(error), undefined);
    }
  }
}

/**
 * What is drawn of a stored report: the systems with a first byte, in its order.
 */
export function distributionsOf({ systems }: StoredReport): Distribution[] {
  return systems.flatMap(({ name, world, accelerator, marks: { firstByte } }) =>
    firstByte === undefined ? [] : [{ name, world, accelerator, samplesMs: firstByte.samplesMs }],
  );
}
