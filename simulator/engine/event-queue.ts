/**
 * The queue of what is going to happen: a binary heap ordered by (time, priority, sequence). The sequence number makes
 * ties deterministic, so that the same schedule always runs in the same order. (The shape of SimPy's core and of gem5's
 * event queue, with integer time.)
 */
import type { Priority } from "./priorities.ts";

/** One thing that is going to happen. `cancel` makes it not happen; it stays in the heap and is skipped. */
export interface ScheduledEvent {
  readonly time: number;
  readonly priority: Priority;
  readonly sequence: number;
  readonly action: () => void;
  cancelled: boolean;
}

/** @returns whether `left` runs before `right`; never true both ways, since sequence numbers differ. */
export function runsBefore(left: ScheduledEvent, right: ScheduledEvent): boolean {
  if (left.time !== right.time) return left.time < right.time;
  if (left.priority !== right.priority) return left.priority < right.priority;
  return left.sequence < right.sequence;
}

export class EventQueue {
  readonly #heap: ScheduledEvent[] = [];
  #nextSequence = 0;

  /** Events in the heap, cancelled ones included. */
  get size(): number {
    return this.#heap.length;
  }

  /**
   * Adds an event.
   * @param time the instant, a non-negative safe integer
   * @param priority what runs first among events of one instant
   * @param action what happens
   * @returns the event, whose `cancelled` may be set until it has run
   * @throws RangeError where the time is not a non-negative safe integer
   */
  push(time: number, priority: Priority, action: () => void): ScheduledEvent {
    if (!Number.isSafeInteger(time) || time < 0) {
      throw new RangeError(`schedule an event: time ${time} is not a non-negative integer`);
    }
    const event: ScheduledEvent = { time, priority, sequence: this.#nextSequence++, action, cancelled: false };
    this.#heap.push(event);
    this.#siftUp(this.#heap.length - 1);
    return event;
  }

  /** @returns the next event that has not been cancelled, without removing it; undefined where there is none. */
  peek(): ScheduledEvent | undefined {
    while (this.#heap[0]?.cancelled) this.#removeFirst();
    return this.#heap[0];
  }

  /** Removes and returns the next event that has not been cancelled; undefined where there is none. */
  pop(): ScheduledEvent | undefined {
    const first = this.peek();
    if (first !== undefined) this.#removeFirst();
    return first;
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#siftDown(0);
  }

  #siftUp(start: number): void {
    let child = start;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!this.#swapIfBefore(child, parent)) return;
      child = parent;
    }
  }

  #siftDown(start: number): void {
    let parent = start;
    for (;;) {
      const left = 2 * parent + 1;
      if (left >= this.#heap.length) return;
      const right = left + 1;
      const rightFirst = right < this.#heap.length && runsBefore(this.#at(right), this.#at(left));
      const child = rightFirst ? right : left;
      if (!this.#swapIfBefore(child, parent)) return;
      parent = child;
    }
  }

  #swapIfBefore(child: number, parent: number): boolean {
    const childEvent = this.#at(child);
    const parentEvent = this.#at(parent);
    if (!runsBefore(childEvent, parentEvent)) return false;
    this.#heap[child] = parentEvent;
    this.#heap[parent] = childEvent;
    return true;
  }

  #at(index: number): ScheduledEvent {
    const event = this.#heap[index];
    if (event === undefined) throw new RangeError(`event queue: no event at ${index}`);
    return event;
  }
}
