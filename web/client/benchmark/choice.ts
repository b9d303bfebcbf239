/**
 * What is to be measured, as it is being chosen: kept while the page is open, so that a second benchmark asks the same.
 */

import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import type { BenchmarkRequest, BenchmarkSystem } from "../../protocol/benchmark.ts";

/** What is chosen on the first visit: the worlds that start in milliseconds, and the runtimes that people know. */
const FIRST_CHOICE = ["process", "container", "crun", "runc", "bwrap"];
const SECONDS_PER_MINUTE = 60;
export const MOST_RUNS = 1000;

export class BenchmarkChoice {
  /** What can be measured; absent until the server has said it. */
  readonly systems: Signal<readonly BenchmarkSystem[] | undefined> = signal(undefined);
  readonly chosen: Signal<ReadonlySet<string>> = signal(new Set(FIRST_CHOICE));
  readonly runs: Signal<number> = signal(20);
  readonly minutes: Signal<number> = signal(3);
  /** What would be asked for; undefined where that is nothing. */
  readonly request: ReadonlySignal<BenchmarkRequest | undefined> = computed(() => {
    const systems = (this.systems.value ?? []).map(({ name }) => name).filter((name) => this.chosen.value.has(name));
    const runs = this.runs.value;
    if (systems.length === 0 || !Number.isInteger(runs) || runs < 1 || runs > MOST_RUNS) return undefined;
    return { systems, runs, timeSeconds: this.minutes.value * SECONDS_PER_MINUTE };
  });

  choose(name: string, isChosen: boolean): void {
    const others = [...this.chosen.value].filter((other) => other !== name);
    this.chosen.value = new Set(isChosen ? [...others, name] : others);
  }
}
