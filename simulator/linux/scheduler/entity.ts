/**
 * What stands in a run queue: a thread, or a control group that stands there for all of its own
 * (Documentation/scheduler/sched-eevdf.rst, sched-design-CFS.rst). All times here are integers.
 */
import { NICE_0_WEIGHT } from "./weights.ts";

export class Entity {
  readonly name: string;
  /** Ties are decided by age: who came first goes first. */
  readonly id: number;
  weight: number;
  /** How much it asks for at a time. A shorter one makes its deadline nearer, its share stays the same. */
  sliceNs: number;
  /** How much it has had, in virtual nanoseconds: a nanosecond of nice 0 is one, of a heavier one less. */
  vruntime = 0;
  /** When it is to have had its present request, in virtual nanoseconds. */
  deadline = 0;
  /** While it is away: what it was owed when it left, in virtual nanoseconds; negative where it had had too much. */
  lag = 0;
  /** Where it went to sleep, and the average there at that time; undefined where it was taken away and does not sleep. */
  slept: { readonly queue: object; readonly average: number } | undefined;
  queued = false;
  /** The deadline that it had when it was picked: until that is over, it keeps the processor (RUN_TO_PARITY). */
  pickedFor = -1;
  /** What is left over of dividing by the weight: no part of a nanosecond is ever lost. */
  #carry = 0;

  constructor(id: number, name: string, weight: number, sliceNs: number) {
    this.id = id;
    this.name = name;
    this.weight = weight;
    this.sliceNs = sliceNs;
  }

  /** @returns how long a real time is in its virtual time. */
  virtual(ns: number): number {
    return Math.floor((ns * NICE_0_WEIGHT) / this.weight);
  }

  /** Counts time that it has had. */
  charge(ns: number): void {
    const scaled = ns * NICE_0_WEIGHT + this.#carry;
    this.vruntime += Math.floor(scaled / this.weight);
    this.#carry = scaled % this.weight;
  }

  /** @returns how long it has to run, in real time, until its deadline has come; at least 1. */
  untilDeadlineNs(): number {
    const scaled = (this.deadline - this.vruntime) * this.weight - this.#carry;
    return Math.max(1, Math.ceil(scaled / NICE_0_WEIGHT));
  }

  reweight(weight: number): void {
    this.weight = weight;
    this.#carry = 0;
  }
}
