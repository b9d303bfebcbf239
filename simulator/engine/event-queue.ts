/**
 * The queue of what is going to happen: a heap of four children a node, ordered by (time, priority, sequence). The
 * sequence number makes ties deterministic, so that the same schedule always runs in the same order. (The order is that
 * of SimPy's core and of gem5's event queue, with integer time.)
 *
 * The keys lie in columns of numbers, and a node names a slot that has the rest, so that sorting moves numbers only:
 * nothing is allocated for an event but what the caller keeps of it. Four children make the heap half as deep as two, and
 * the keys of siblings lie in one line of the processor's cache (LaMarca and Ladner, "The Influence of Caches on the
 * Performance of Heaps", 1996).
 */
import type { Priority } from "./priorities.ts";

/** What happens; it is given the number that it was scheduled with. */
export type Handler = (argument: number) => void;

/** Priorities and sequence numbers share one exact number: 2^48 events of each priority below 32. */
const SEQUENCES = 2 ** 48;
const FIRST_CAPACITY = 64;
/** A heap of fewer is not worth cleaning. */
const LEAST_TO_CLEAN = 64;

/** Something was to happen later than a number can say to the bit. */
export class EndOfTimeError extends RangeError {
  constructor(time: number) {
    super(`schedule an event: time ${time} is beyond ${Number.MAX_SAFE_INTEGER}`);
    this.name = "EndOfTimeError";
  }
}

/** Told that an event that is still in the queue has been cancelled. */
type Cancelled = () => void;

/** One thing that is going to happen. Setting `cancelled` makes it not happen, for good; afterwards it changes nothing. */
export class ScheduledEvent {
  readonly time: number;
  readonly priority: Priority;
  readonly sequence: number;
  /** Undefined as soon as it is not in the queue any more. */
  #onCancel: Cancelled | undefined;
  #cancelled = false;

  constructor(time: number, priority: Priority, sequence: number, onCancel: Cancelled) {
    this.time = time;
    this.priority = priority;
    this.sequence = sequence;
    this.#onCancel = onCancel;
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  set cancelled(cancelled: true) {
    if (this.#cancelled) return;
    this.#cancelled = cancelled;
    this.#onCancel?.();
  }

  /** The queue's own: the event has left it, whether it runs or was cancelled. */
  leave(): void {
    this.#onCancel = undefined;
  }
}

export class EventQueue {
  // The heap: node n has the children 4n + 1 to 4n + 4.
  #times = new Float64Array(FIRST_CAPACITY);
  #orders = new Float64Array(FIRST_CAPACITY);
  #slots = new Int32Array(FIRST_CAPACITY);
  #size = 0;
  // The slots, and those of them that are free.
  readonly #handlers: (Handler | undefined)[] = [];
  readonly #events: (ScheduledEvent | undefined)[] = [];
  #arguments = new Float64Array(FIRST_CAPACITY);
  #free = new Int32Array(FIRST_CAPACITY);
  #freeCount = 0;
  #nextSequence = 0;
  #cancelledCount = 0;

  readonly #onCancel: Cancelled = () => {
    this.#cancelledCount++;
  };

  /** Events in the heap, cancelled ones included as long as they have not been dropped. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds an event that may be cancelled.
   * @param time the instant, a non-negative safe integer
   * @param priority what runs first among events of one instant
   * @param action what happens
   * @returns the event, whose `cancelled` may be set until it has run
   * @throws RangeError where the time is not a non-negative safe integer
   */
  push(time: number, priority: Priority, action: () => void): ScheduledEvent {
    const sequence = this.#nextSequence;
    const slot = this.#add(time, priority, action, 0);
    const event = new ScheduledEvent(time, priority, sequence, this.#onCancel);
    this.#events[slot] = event;
    return event;
  }

  /**
   * Adds an event that nobody will cancel: nothing is allocated for it.
   * @param handler what happens; one function for all events of a kind
   * @param argument what it is told: which customer, which processor
   * @throws RangeError where the time is not a non-negative safe integer
   */
  post(time: number, priority: Priority, handler: Handler, argument: number): void {
    this.#add(time, priority, handler, argument);
  }

  /** Drops what has been cancelled before the next event. @returns whether there is a next one */
  hasNext(): boolean {
    while (this.#size > 0) {
      const slot = this.#slots[0] ?? 0;
      if (this.#events[slot]?.cancelled !== true) return true;
      this.#removeFirst(slot);
      this.#cancelledCount--;
    }
    return false;
  }

  /** The time of the next event, where `hasNext` has said that there is one. */
  get nextTime(): number {
    return this.#times[0] ?? 0;
  }

  /** Takes the event that `hasNext` has told of out of the queue and lets it happen. Without one nothing happens. */
  runFirst(): void {
    if (this.#size === 0) return;
    const slot = this.#slots[0] ?? 0;
    const handler = this.#handlers[slot];
    const argument = this.#arguments[slot] ?? 0;
    this.#removeFirst(slot);
    handler?.(argument);
  }

  #add(time: number, priority: Priority, handler: Handler, argument: number): number {
    if (Number.isInteger(time) && time > Number.MAX_SAFE_INTEGER) throw new EndOfTimeError(time);
    if (!Number.isSafeInteger(time) || time < 0) {
      throw new RangeError(`schedule an event: time ${time} is not a non-negative integer`);
    }
    if (this.#size === this.#times.length) this.#makeRoom();
    const slot = this.#freeCount > 0 ? (this.#free[--this.#freeCount] ?? 0) : this.#handlers.length;
    this.#handlers[slot] = handler;
    this.#events[slot] = undefined;
    this.#arguments[slot] = argument;
    const node = this.#size++;
    this.#times[node] = time;
    this.#orders[node] = priority * SEQUENCES + this.#nextSequence++;
    this.#slots[node] = slot;
    if (node > 0) this.#siftUp(node);
    return slot;
  }

  #removeFirst(slot: number): void {
    this.#release(slot);
    const last = --this.#size;
    this.#times[0] = this.#times[last] ?? 0;
    this.#orders[0] = this.#orders[last] ?? 0;
    this.#slots[0] = this.#slots[last] ?? 0;
    if (last > 1) this.#siftDown(0);
  }

  /** Nothing that has happened is held on to. */
  #release(slot: number): void {
    this.#events[slot]?.leave();
    this.#events[slot] = undefined;
    this.#handlers[slot] = undefined;
    this.#free[this.#freeCount++] = slot;
  }

  /**
   * Moves a node up to where it belongs; what is in its way moves down. Its keys are read from the columns and not handed
   * over, since a number beyond 32 bits becomes an object wherever it crosses from one function to another.
   */
  #siftUp(node: number): void {
    const times = this.#times;
    const orders = this.#orders;
    const slots = this.#slots;
    const time = times[node] ?? 0;
    const order = orders[node] ?? 0;
    const slot = slots[node] ?? 0;
    let at = node;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      const parentTime = times[parent] ?? 0;
      if (parentTime < time || (parentTime === time && (orders[parent] ?? 0) < order)) break;
      times[at] = parentTime;
      orders[at] = orders[parent] ?? 0;
      slots[at] = slots[parent] ?? 0;
      at = parent;
    }
    times[at] = time;
    orders[at] = order;
    slots[at] = slot;
  }

  /** Moves a node down to where it belongs; the earliest child moves up each time. */
  #siftDown(node: number): void {
    const times = this.#times;
    const orders = this.#orders;
    const slots = this.#slots;
    const size = this.#size;
    const time = times[node] ?? 0;
    const order = orders[node] ?? 0;
    const slot = slots[node] ?? 0;
    let at = node;
    for (;;) {
      const first = 4 * at + 1;
      if (first >= size) break;
      const end = Math.min(first + 4, size);
      let earliest = first;
      let earliestTime = times[first] ?? 0;
      for (let child = first + 1; child < end; child++) {
        const childTime = times[child] ?? 0;
        if (childTime > earliestTime) continue;
        if (childTime === earliestTime && (orders[child] ?? 0) > (orders[earliest] ?? 0)) continue;
        earliest = child;
        earliestTime = childTime;
      }
      if (earliestTime > time || (earliestTime === time && (orders[earliest] ?? 0) > order)) break;
      times[at] = earliestTime;
      orders[at] = orders[earliest] ?? 0;
      slots[at] = slots[earliest] ?? 0;
      at = earliest;
    }
    times[at] = time;
    orders[at] = order;
    slots[at] = slot;
  }

  /** The heap is full: drops the cancelled events where they are half of it, and else takes twice the room. */
  #makeRoom(): void {
    if (this.#size >= LEAST_TO_CLEAN && this.#cancelledCount * 2 >= this.#size) {
      this.#dropCancelled();
      return;
    }
    const capacity = this.#times.length * 2;
    this.#times = widened(this.#times, new Float64Array(capacity));
    this.#orders = widened(this.#orders, new Float64Array(capacity));
    this.#arguments = widened(this.#arguments, new Float64Array(capacity));
    this.#slots = widened(this.#slots, new Int32Array(capacity));
    this.#free = widened(this.#free, new Int32Array(capacity));
  }

  #dropCancelled(): void {
    let kept = 0;
    for (let node = 0; node < this.#size; node++) {
      const slot = this.#slots[node] ?? 0;
      if (this.#events[slot]?.cancelled === true) {
        this.#release(slot);
        continue;
      }
      this.#times[kept] = this.#times[node] ?? 0;
      this.#orders[kept] = this.#orders[node] ?? 0;
      this.#slots[kept++] = slot;
    }
    this.#size = kept;
    this.#cancelledCount = 0;
    // Floyd's way of making a heap: the subtrees first, the root last.
    for (let node = (kept - 2) >> 2; node >= 0; node--) this.#siftDown(node);
  }
}

function widened<Columns extends Float64Array | Int32Array>(from: Columns, to: Columns): Columns {
  to.set(from);
  return to;
}
