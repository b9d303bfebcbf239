/** The mix of work that a run queue and a dispatcher are given alike, and what is found out of how each serves it. */
import type { Random } from "../engine/random.ts";
import type { ScenarioInput } from "./scenario.ts";
import { choiceOf, integerOf } from "./scenario.ts";

/** One transaction of an online job: it waits for its data, then works. In steps. */
export interface Transaction {
  readonly think: number;
  readonly work: number;
}

export interface Mix {
  readonly cpus: number;
  /** Each an endless loop of the least importance. */
  readonly batch: readonly string[];
  readonly online: readonly { readonly name: string; readonly transactions: readonly Transaction[] }[];
  /** A job of the highest importance that has gone into a loop. */
  readonly runaway: string | undefined;
  /** Nice value of the batch jobs on Linux, the online jobs having 0. */
  readonly batchNice: number;
  /** Whether a non-preemptable SRB completes each I/O, or one that may be preempted. */
  readonly srbPreemptible: boolean;
  readonly lengthSteps: number;
}

/** @returns the mix that the knobs and the seed say; both worlds get the same one. */
export function drawMix({ knobs, random }: ScenarioInput): Mix {
  const lengthSteps = integerOf(knobs, "length");
  const online = Array.from({ length: integerOf(knobs, "online") }, (_, number) => {
    const name = `online ${number + 1}`;
    return { name, transactions: transactionsOf(random.stream(name), integerOf(knobs, "think"), lengthSteps) };
  });
  return {
    cpus: integerOf(knobs, "cpus"),
    batch: Array.from({ length: integerOf(knobs, "batch") }, (_, number) => `batch ${number + 1}`),
    online,
    runaway: choiceOf(knobs, "runaway") === "on" ? "runaway" : undefined,
    batchNice: integerOf(knobs, "nice"),
    srbPreemptible: choiceOf(knobs, "srb") === "preemptable",
    lengthSteps,
  };
}

/** Work of 100 to 300 steps, so that what the system does about it is a small part. */
function transactionsOf(random: Random, think: number, lengthSteps: number): Transaction[] {
  const transactions: Transaction[] = [];
  for (let steps = 0; steps < lengthSteps; ) {
    const one = { think: random.integer(think, 2 * think), work: random.integer(100, 300) };
    transactions.push(one);
    steps += one.think + one.work;
  }
  return transactions;
}

/** The counter of both worlds: how many could run now and do not. */
export const READY_COUNTER = "ready, not running";

export type JobClass = "online" | "batch" | "runaway";

/** @returns whose a work unit's time is; undefined for the system's own. */
export function classOf(name: string): JobClass | undefined {
  return (["online", "batch", "runaway"] as const).find((one) => name.startsWith(one));
}

/** What happened in one world, in its own unit of time; it is compared as shares only. */
export class Findings {
  readonly #cpus: number;
  readonly #length: number;
  readonly #ran = new Map<JobClass | "system", number>();
  #answered = 0;
  #responses = 0;
  #works = 0;
  #worst = 0;
  #longestBatchWait = 0;
  dispatches = 0;
  preemptions = 0;

  constructor(cpus: number, length: number) {
    this.#cpus = cpus;
    this.#length = length;
  }

  ran(name: string | undefined, time: number): void {
    const whose = name === undefined ? "system" : (classOf(name) ?? "system");
    this.#ran.set(whose, (this.#ran.get(whose) ?? 0) + time);
  }

  /** Somebody stood ready and did not run for so long. */
  waited(name: string, time: number): void {
    if (classOf(name) === "batch") this.#longestBatchWait = Math.max(this.#longestBatchWait, time);
  }

  /** A transaction is over: how long since its data were there, and how long its own work is. */
  answered(response: number, work: number): void {
    this.#answered++;
    this.#responses += response;
    this.#works += work;
    this.#worst = Math.max(this.#worst, Math.round((response * 1000) / work));
  }

  /** Writes all of it down as metrics of a world. */
  report(metric: (name: string, value: number) => void): void {
    const share = (time: number) => Math.round((time * 1000) / (this.#cpus * this.#length));
    for (const whose of ["online", "batch", "runaway", "system"] as const) {
      metric(`${whose}Share`, share(this.#ran.get(whose) ?? 0));
    }
    metric("answered", this.#answered);
    if (this.#answered > 0) {
      metric("response", Math.round((this.#responses * 1000) / this.#works));
      metric("worstResponse", this.#worst);
    }
    metric("longestBatchWait", Math.round((this.#longestBatchWait * 1000) / this.#length));
    metric("dispatches", this.dispatches);
    metric("preemptions", this.preemptions);
  }
}
