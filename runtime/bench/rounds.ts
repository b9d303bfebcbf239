/**
 * The order of a benchmark. Every round starts every system once, in an order of its own: a drift of the machine (heat, a
 * neighbour, a cache that fills) then meets all systems alike, and no system always follows the same one. Under a condition
 * with several at once a system's turn is a batch: so many workers, each of which starts the next one as soon as its last
 * is gone.
 */

import { takesPart } from "./planner.ts";
import type { CacheState, Workload } from "./protocol.ts";
import { type Random, shuffled } from "./random.ts";
import type { Sample, System } from "./system.ts";

/** What a system is started under. */
export interface Circumstances {
  readonly workload: Workload;
  readonly cache: CacheState;
  readonly concurrency: number;
}

/** A system that takes part, and how often. */
export interface Entrant {
  readonly system: System;
  /** Measured starts; those of a system with fewer lie evenly among the rounds. */
  readonly runs: number;
  readonly warmup: number;
}

export interface Plan extends Circumstances {
  readonly random: Random;
  readonly signal: AbortSignal;
  /** No start begins after this moment (performance.now()). */
  readonly deadlineMs?: number;
  /** Where a server of that slot is to listen. */
  portOf(slot: number): number;
  /** Called before every start or batch: waits for the machine to be quiet. */
  settle(): Promise<void>;
  /** Called before every start under a cold cache, after settling. */
  evict?(): Promise<void>;
  progress(step: Progress): void;
  /** Called with every sample that counts. */
  onSample?(system: string, sample: TimedSample): void;
}

export interface Progress {
  readonly phase: "warm-up" | "run";
  readonly round: number;
  readonly rounds: number;
  readonly system: string;
  /** Of the whole benchmark: `startup`, `cold, byte` …; without for what has one part. */
  readonly part?: string;
  /** How much of the benchmark is done, 0 … 1, and how long the rest will take, once that can be told. */
  readonly fraction?: number;
  readonly leftSeconds?: number;
}

/** What a benchmark tells while it works. */
export type Step = Progress | { readonly phase: "preparing"; readonly system: string };

/** A sample, and the round that it is of. */
export type TimedSample = Sample & { readonly round: number };

export interface Outcome {
  readonly samples: readonly TimedSample[];
  /** Why the system stopped before the last round. */
  readonly failure: string | undefined;
  /** From a batch's first request to its last end, all batches together. */
  readonly busyMs: number;
  /** How many starts were planned and not made, since the time was over. */
  readonly missed: number;
}

/** A turn of one system in one round. */
interface Turn extends Omit<Progress, "part" | "fraction" | "leftSeconds"> {
  readonly starts: number;
}

/** How many starts a batch has for each of its workers: the first of them all begin at once, the second one by one. */
const STARTS_OF_WORKER = 2;

/** The starts of one turn: a single one, or two for each of those that are under way at once. */
export function batchSize(concurrency: number): number {
  return concurrency === 1 ? 1 : concurrency * STARTS_OF_WORKER;
}

/**
 * Runs all rounds; a system that fails once is not started again. Ends early, with what there is, when the signal comes or
 * the time is over.
 * @param entrants ready to be timed, by name
 */
export async function runRounds(entrants: ReadonlyMap<string, Entrant>, plan: Plan): Promise<Map<string, Outcome>> {
  const outcomes = new Map([...entrants.keys()].map((name) => [name, new Collected()]));
  const isOver = () => plan.deadlineMs !== undefined && performance.now() >= plan.deadlineMs;
  for (const turn of turns(entrants, plan)) {
    if (plan.signal.aborted) break;
    const [entrant, collected] = [entrants.get(turn.system), outcomes.get(turn.system)];
    if (entrant === undefined || collected === undefined || collected.failure !== undefined) continue;
    if (isOver()) {
      if (turn.phase === "run") collected.missed += turn.starts;
      continue;
    }
    plan.progress({ phase: turn.phase, round: turn.round, rounds: turn.rounds, system: turn.system });
    await plan.settle();
    await takeTurn(turn, entrant.system, collected, plan);
  }
  return outcomes;
}

class Collected implements Outcome {
  readonly samples: TimedSample[] = [];
  failure: string | undefined;
  busyMs = 0;
  missed = 0;
}

function* turns(entrants: ReadonlyMap<string, Entrant>, { random, concurrency }: Plan): Generator<Turn> {
  const names = [...entrants.keys()];
  const starts = batchSize(concurrency);
  const turnsOf = (name: string) => Math.ceil((entrants.get(name)?.runs ?? 0) / starts);
  const warmups = Math.max(0, ...[...entrants.values()].map(({ warmup }) => warmup));
  for (let round = 1; round <= warmups; round++) {
    const taking = names.filter((name) => round <= (entrants.get(name)?.warmup ?? 0));
    for (const system of shuffled(taking, random))
      yield { phase: "warm-up", round, rounds: warmups, system, starts: 1 };
  }
  const rounds = Math.max(0, ...names.map(turnsOf));
  for (let round = 1; round <= rounds; round++) {
    const taking = names.filter((name) => takesPart(round, rounds, turnsOf(name)));
    for (const system of shuffled(taking, random)) yield { phase: "run", round, rounds, system, starts };
  }
}

/** Starts one, or a batch of them; a failure of one ends the system, and what is under way comes to its end. */
async function takeTurn(turn: Turn, system: System, collected: Collected, plan: Plan): Promise<void> {
  const { workload, concurrency, signal, evict } = plan;
  let left = turn.starts;
  const worker = async (slot: number): Promise<void> => {
    while (left > 0 && collected.failure === undefined && !signal.aborted) {
      left--;
      try {
        await evict?.();
        const port = workload === "serve" ? plan.portOf(slot) : undefined;
        const sample = { ...(await system.measure({ signal, slot, workload, port })), round: turn.round };
        if (turn.phase === "warm-up") continue;
        collected.samples.push(sample);
        plan.onSample?.(turn.system, sample);
      } catch (error) {
        if (signal.aborted) return;
        const message = error instanceof Error ? error.message : String(error);
        collected.failure ??= `${turn.phase} ${turn.round} of ${turn.rounds} ${message}`;
      }
    }
  };
  const before = collected.samples.length;
  await Promise.all(Array.from({ length: Math.min(concurrency, turn.starts) }, (_, slot) => worker(slot)));
  collected.busyMs += spanMs(collected.samples.slice(before));
}

/** From the first request to the last end. */
function spanMs(samples: readonly TimedSample[]): number {
  if (samples.length === 0) return 0;
  const requests = samples.map(({ requestedNs }) => requestedNs);
  const ends = samples.map(({ requestedNs, gone }) => requestedNs + gone * 1e6);
  return (Math.max(...ends) - Math.min(...requests)) / 1e6;
}
