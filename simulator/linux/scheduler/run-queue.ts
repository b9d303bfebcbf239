/**
 * One level of one processor's run queue, by Earliest Eligible Virtual Deadline First (Stoica and Abdel-Wahab, 1995;
 * Documentation/scheduler/sched-eevdf.rst): among those who have not had more than their share (lag not negative), the
 * one runs whose virtual deadline is nearest. Shares are by weight; who asks for shorter slices is served sooner, not
 * more. Exact integers; the kernel rounds a little (kernel/sched/fair.c).
 */
import type { Entity } from "./entity.ts";

/** The kernel limits what one may be owed, or owe, to two slices, or to a tick where that is longer; HZ is 250 here. */
const TICK_NS = 4_000_000;

export class RunQueue {
  readonly #entities: Entity[] = [];
  /** The virtual time at which somebody is placed who comes to an empty queue. */
  #lastAverage = 0;
  #load = 0;
  /** Who was picked last, and as long as it runs: it stays in the queue, and counts. */
  #current: Entity | undefined;
  #runs = false;

  /** The sum of the weights. */
  get load(): number {
    return this.#load;
  }

  get size(): number {
    return this.#entities.length;
  }

  /** Who runs. */
  get current(): Entity | undefined {
    return this.#runs ? this.#current : undefined;
  }

  get entities(): readonly Entity[] {
    return this.#entities;
  }

  /** @returns the average of all virtual run times, by weight: the virtual time of an ideal processor. */
  average(): number {
    if (this.#entities.length === 0) return this.#lastAverage;
    const { base, sum } = this.#sums(0);
    return base + Math.floor(sum / this.#load);
  }

  /** @returns what an entity is owed in virtual nanoseconds; negative where it has had too much. */
  lagOf(entity: Entity): number {
    return this.average() - entity.vruntime;
  }

  /**
   * Puts an entity in, with the lag that it left with. That lag is stretched first, because its coming moves the average
   * towards itself.
   * @param isNew a new thread begins with half a slice, so that it does not push in by being started
   */
  enqueue(entity: Entity, isNew = false): void {
    const average = this.average();
    this.#runOff(entity, average);
    const lag = this.#load === 0 ? 0 : Math.trunc((entity.lag * (this.#load + entity.weight)) / this.#load);
    entity.vruntime = average - lag;
    const request = entity.virtual(entity.sliceNs);
    entity.deadline = entity.vruntime + (isNew ? Math.floor(request / 2) : request);
    entity.queued = true;
    entity.pickedFor = -1;
    this.#entities.push(entity);
    this.#load += entity.weight;
  }

  /**
   * Takes an entity out; it keeps its lag for when it comes again.
   * @param sleeps whether it has gone to sleep; if not, it was moved, or throttled
   */
  dequeue(entity: Entity, sleeps = false): void {
    const limit = entity.virtual(Math.max(2 * entity.sliceNs, TICK_NS));
    entity.lag = Math.min(limit, Math.max(-limit, this.lagOf(entity)));
    this.#lastAverage = this.average();
    this.#entities.splice(this.#entities.indexOf(entity), 1);
    this.#load -= entity.weight;
    entity.slept = sleeps ? { queue: this, average: this.average() } : undefined;
    entity.queued = false;
    if (this.#current === entity) this.#current = undefined;
    if (this.#current === undefined) this.#runs = false;
  }

  /**
   * Who goes to sleep having had too much makes up for it by waiting, as far as the others run meanwhile: the kernel leaves
   * it in the queue until it is eligible (delayed dequeue, since 6.12), which comes to the same.
   */
  #runOff(entity: Entity, average: number): void {
    const { slept, lag } = entity;
    entity.slept = undefined;
    if (slept?.queue === this && lag < 0) entity.lag = Math.min(0, lag + Math.max(0, average - slept.average));
  }

  /** Gives an entity another weight. What it is owed in real time stays, so in its own virtual time it changes. */
  reweight(entity: Entity, weight: number): void {
    const before = entity.weight;
    if (before === weight) return;
    if (!entity.queued) {
      entity.lag = Math.trunc((entity.lag * before) / weight);
      entity.reweight(weight);
      return;
    }
    const average = this.average();
    const scale = (distance: number): number => Math.trunc((distance * before) / weight);
    const untilDeadline = scale(entity.deadline - entity.vruntime);
    const isPicked = entity.pickedFor === entity.deadline;
    entity.vruntime = average - scale(average - entity.vruntime);
    entity.deadline = entity.vruntime + untilDeadline;
    if (isPicked) entity.pickedFor = entity.deadline;
    entity.reweight(weight);
    this.#load += weight - before;
  }

  /** Counts time that an entity has had. When it has had its request, it makes the next one. */
  charge(entity: Entity, ns: number): void {
    entity.charge(ns);
    if (entity.vruntime >= entity.deadline) entity.deadline = entity.vruntime + entity.virtual(entity.sliceNs);
  }

  /** Takes the one to run next; it stays in the queue as the current one. */
  pick(): Entity | undefined {
    const best = this.best(0);
    this.#current = best;
    this.#runs = best !== undefined;
    if (best !== undefined) best.pickedFor = best.deadline;
    return best;
  }

  /** The current one no longer runs. If it has not had its request yet, it is the next one all the same. */
  putBack(): void {
    this.#runs = false;
  }

  /**
   * @param pendingNs what the current one has run since it was last charged
   * @returns who would be picked now: the one picked last until it has had its request, as long as it is eligible; else the
   *   eligible one of the earliest deadline
   */
  best(pendingNs: number): Entity | undefined {
    const { base, sum } = this.#sums(pendingNs);
    const current = this.#current;
    let best: Entity | undefined;
    for (const entity of this.#entities) {
      const pending = entity === current ? entity.virtual(pendingNs) : 0;
      const isEligible = (entity.vruntime + pending - base) * this.#load <= sum;
      if (!isEligible) continue;
      if (entity === current && entity.pickedFor === entity.deadline && entity.vruntime + pending < entity.deadline) {
        return entity;
      }
      if (best === undefined || isEarlier(entity, best)) best = entity;
    }
    return best;
  }

  /** Sum of weight times distance from the least virtual run time: what eligibility is compared with, undivided. */
  #sums(pendingNs: number): { base: number; sum: number } {
    const current = this.#current;
    let base = Number.MAX_SAFE_INTEGER;
    for (const { vruntime } of this.#entities) if (vruntime < base) base = vruntime;
    let sum = 0;
    for (const entity of this.#entities) {
      const pending = entity === current && pendingNs > 0 ? entity.virtual(pendingNs) : 0;
      sum += (entity.vruntime + pending - base) * entity.weight;
    }
    return { base, sum };
  }
}

function isEarlier(left: Entity, right: Entity): boolean {
  return left.deadline === right.deadline ? left.id < right.id : left.deadline < right.deadline;
}
