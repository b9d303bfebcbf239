/**
 * A disk with queues, as NVM Express has them (NVM Express Base Specification, "Theory of Operation", "Command
 * Arbitration": round robin): a driver puts requests into a submission queue, the disk works on several at once, and what
 * is done waits in a completion queue until the driver takes it. A disk of one channel is one that does one thing at a
 * time. Its times are given by whoever makes it, out of the costs.
 */
import { PRIORITIES } from "../engine/priorities.ts";
import type { Simulation } from "../engine/simulation.ts";
import { EVERY_COMPLETION, InterruptModeration, type ModerationOptions } from "./moderation.ts";

export interface DiskRequest {
  readonly operation: "read" | "write" | "flush";
  readonly bytes: number;
}

export interface DiskOptions<R extends DiskRequest> {
  readonly simulation: Simulation;
  /** Pairs of a submission and a completion queue; Linux has one a processor. One, unless something else is said. */
  readonly queues?: number;
  /** Requests of a queue that may be under way at once; a slot is free again when the driver has taken the completion. */
  readonly queueDepth: number;
  /** Requests that the disk works on at once. */
  readonly channels: number;
  /** How long a channel is busy with a request. */
  readonly accessNs: (request: R) => number;
  /** How long the request then has the way to memory for itself, which all channels share; no time, unless it is said. */
  readonly transferNs?: (request: R) => number;
  /** A queue has completions to take: its interrupt. */
  readonly interrupt: (queue: number) => void;
  readonly moderation?: ModerationOptions;
}

/** A request that is done, and when it was where. */
export interface Completion<R extends DiskRequest> {
  readonly request: R;
  readonly queue: number;
  readonly submittedAt: number;
  readonly startedAt: number;
  readonly completedAt: number;
}

export interface DiskCounters {
  /** submitted = waiting + in service + completed and not taken + taken, always. */
  readonly submitted: number;
  readonly waiting: number;
  readonly inService: number;
  readonly completed: number;
  readonly taken: number;
  /** Submissions that found their queue full. */
  readonly refused: number;
  readonly interrupts: number;
  /** Sum of the time that channels were busy: over channels times the time that has passed, the utilisation. */
  readonly busyNs: number;
}

interface Waiting<R> {
  readonly request: R;
  readonly submittedAt: number;
}

interface Queue<R extends DiskRequest> {
  readonly waiting: Waiting<R>[];
  readonly done: Completion<R>[];
  readonly moderation: InterruptModeration;
  outstanding: number;
}

export class Disk<R extends DiskRequest = DiskRequest> {
  readonly #options: DiskOptions<R>;
  readonly #queues: readonly Queue<R>[];
  #nextQueue = 0;
  #busy = 0;
  #busFreeAt = 0;
  #counters = { submitted: 0, taken: 0, refused: 0, busyNs: 0 };

  constructor(options: DiskOptions<R>) {
    const { queues = 1, queueDepth, channels, simulation, moderation = EVERY_COMPLETION } = options;
    for (const [what, value] of Object.entries({ queues, queueDepth, channels })) {
      if (!Number.isInteger(value) || value < 1) throw new RangeError(`make a disk: ${what} is ${value}`);
    }
    this.#options = options;
    this.#queues = Array.from({ length: queues }, (_, index) => ({
      waiting: [],
      done: [],
      moderation: new InterruptModeration(simulation, moderation, () => options.interrupt(index)),
      outstanding: 0,
    }));
  }

  get counters(): DiskCounters {
    const sum = (of: (queue: Queue<R>) => number) => this.#queues.reduce((total, queue) => total + of(queue), 0);
    return {
      ...this.#counters,
      waiting: sum(({ waiting }) => waiting.length),
      inService: this.#busy,
      completed: sum(({ done }) => done.length),
      interrupts: sum(({ moderation }) => moderation.signals),
    };
  }

  /**
   * Hands a request to the disk.
   * @returns false where the queue is full: the driver has to wait until it has taken a completion
   */
  submit(request: R, queue = 0): boolean {
    const at = this.#queue(queue);
    if (at.outstanding >= this.#options.queueDepth) {
      this.#counters.refused++;
      return false;
    }
    at.outstanding++;
    this.#counters.submitted++;
    at.waiting.push({ request, submittedAt: this.#now });
    this.#work();
    return true;
  }

  /** Takes completions, in the order in which they came to be, and frees their slots. An interrupt is for all there are. */
  take(queue = 0, most = Number.POSITIVE_INFINITY): Completion<R>[] {
    const at = this.#queue(queue);
    const taken = at.done.splice(0, most);
    at.outstanding -= taken.length;
    this.#counters.taken += taken.length;
    if (at.done.length === 0) at.moderation.emptied();
    return taken;
  }

  /** @returns requests of a queue that are under way, or done and not taken. */
  outstanding(queue = 0): number {
    return this.#queue(queue).outstanding;
  }

  /** Switches a queue's interrupt off while its driver looks for itself, and on again. */
  setInterrupts(enabled: boolean, queue = 0): void {
    const { moderation } = this.#queue(queue);
    if (enabled) moderation.enable();
    else moderation.disable();
  }

  get #now(): number {
    return this.#options.simulation.now;
  }

  #queue(index: number): Queue<R> {
    const queue = this.#queues[index];
    if (queue === undefined) throw new RangeError(`there is no queue ${index} of ${this.#queues.length}`);
    return queue;
  }

  /** Gives every free channel a request: a queue at a time, each queue its oldest. */
  #work(): void {
    while (this.#busy < this.#options.channels) {
      const at = this.#queueWithWork();
      const next = at === undefined ? undefined : this.#queue(at).waiting.shift();
      if (at === undefined || next === undefined) return;
      this.#serve(at, next);
    }
  }

  #queueWithWork(): number | undefined {
    const count = this.#queues.length;
    for (let step = 0; step < count; step++) {
      const at = (this.#nextQueue + step) % count;
      if (this.#queue(at).waiting.length === 0) continue;
      this.#nextQueue = (at + 1) % count;
      return at;
    }
    return undefined;
  }

  #serve(queue: number, { request, submittedAt }: Waiting<R>): void {
    const { simulation, accessNs, transferNs } = this.#options;
    const startedAt = this.#now;
    this.#busy++;
    simulation.after(accessNs(request), PRIORITIES.complete, () => {
      this.#busFreeAt = Math.max(this.#now, this.#busFreeAt) + (transferNs?.(request) ?? 0);
      simulation.schedule(this.#busFreeAt, PRIORITIES.complete, () => {
        this.#busy--;
        this.#counters.busyNs += this.#now - startedAt;
        const { done, moderation } = this.#queue(queue);
        done.push({ request, queue, submittedAt, startedAt, completedAt: this.#now });
        moderation.completed();
        this.#work();
      });
    });
  }
}

/**
 * Nothing that was submitted is lost, and nothing is there twice.
 * @returns what is wrong, one sentence each; empty for a sound disk
 */
export function checkDisk<R extends DiskRequest>({ counters }: Disk<R>): string[] {
  const { submitted, waiting, inService, completed, taken } = counters;
  const sum = waiting + inService + completed + taken;
  return sum === submitted ? [] : [`${submitted} requests were submitted, ${sum} are there or were taken`];
}
