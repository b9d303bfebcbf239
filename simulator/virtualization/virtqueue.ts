/**
 * A virtqueue (virtio 1.2, "Split Virtqueues"): a ring of buffers in the guest's memory that driver and device both see.
 * The driver makes buffers available and the device gives them back used; neither needs an exit. Only telling the other
 * one does, a kick or an interrupt, and with the event index ("Used Buffer Notification Suppression", VIRTIO_F_EVENT_IDX)
 * each side says from which buffer on it wants to be told at all: who is at work anyway is not disturbed.
 */

/** Indices run freely and wrap at 16 bits, as in the ring. */
const WRAP = 0x10000;

export const SUPPRESSIONS = ["event index", "none"] as const;
/** `none`: every buffer is told of, as if the device offered no suppression. */
export type Suppression = (typeof SUPPRESSIONS)[number];

export interface VirtqueueCounters {
  /** Buffers: added = available + with the device + used and not taken + taken. */
  readonly added: number;
  readonly taken: number;
  readonly kicks: number;
  readonly interrupts: number;
}

export class Virtqueue<T> {
  readonly size: number;
  readonly #suppression: Suppression;
  readonly #available: T[] = [];
  readonly #used: T[] = [];
  #outstanding = 0;
  #withDevice = 0;
  #counters = { added: 0, taken: 0, kicks: 0, interrupts: 0 };
  #availableIndex = 0;
  #usedIndex = 0;
  /** How far each side has told the other. */
  #kickedUpTo = 0;
  #interruptedUpTo = 0;
  /** avail_event and used_event: the index whose passing is to be told; undefined while the other one is at work. */
  #kickFrom: number | undefined = 0;
  #interruptFrom: number | undefined = 0;

  /** @param size descriptors in the ring, a power of 2 */
  constructor(size: number, suppression: Suppression) {
    if (!Number.isInteger(size) || size < 1 || size > 0x8000 || (size & (size - 1)) !== 0) {
      throw new RangeError(`make a virtqueue of ${size}: its size is a power of 2 up to 32768`);
    }
    this.size = size;
    this.#suppression = suppression;
  }

  get counters(): VirtqueueCounters {
    return { ...this.#counters };
  }

  /** Buffers that the driver has given and not taken back. */
  get outstanding(): number {
    return this.#outstanding;
  }

  /** Driver: makes a buffer available. @returns false where the ring is full */
  add(buffer: T): boolean {
    if (this.#outstanding >= this.size) return false;
    this.#available.push(buffer);
    this.#outstanding++;
    this.#counters.added++;
    this.#availableIndex = (this.#availableIndex + 1) % WRAP;
    return true;
  }

  /** Driver: whether the device has to be told of what was added. @returns true for a kick, which counts as given */
  kick(): boolean {
    const wanted = this.#isWanted(this.#kickFrom, this.#availableIndex, this.#kickedUpTo);
    this.#kickedUpTo = this.#availableIndex;
    if (!wanted) return false;
    this.#kickFrom = undefined;
    this.#counters.kicks++;
    return true;
  }

  /** Device: takes the oldest available buffer. */
  pop(): T | undefined {
    const buffer = this.#available.shift();
    if (buffer !== undefined) this.#withDevice++;
    return buffer;
  }

  /** Device: goes to sleep unless there is more to do. @returns whether it may: nothing came in between */
  awaitKick(): boolean {
    if (this.#available.length > 0) return false;
    this.#kickFrom = this.#availableIndex;
    return true;
  }

  /** Device: gives a buffer back. */
  push(buffer: T): void {
    if (this.#withDevice === 0) throw new RangeError("give a buffer back: the device has none");
    this.#withDevice--;
    this.#used.push(buffer);
    this.#usedIndex = (this.#usedIndex + 1) % WRAP;
  }

  /** Device: whether the driver has to be told. @returns true for an interrupt, which counts as given */
  interrupt(): boolean {
    const wanted = this.#isWanted(this.#interruptFrom, this.#usedIndex, this.#interruptedUpTo);
    this.#interruptedUpTo = this.#usedIndex;
    if (!wanted) return false;
    this.#interruptFrom = undefined;
    this.#counters.interrupts++;
    return true;
  }

  /** Driver: takes the oldest used buffer. */
  take(): T | undefined {
    const buffer = this.#used.shift();
    if (buffer === undefined) return undefined;
    this.#outstanding--;
    this.#counters.taken++;
    return buffer;
  }

  /** Driver: wants to be told again, unless there is more to take. @returns whether nothing came in between */
  awaitInterrupt(): boolean {
    if (this.#used.length > 0) return false;
    this.#interruptFrom = this.#usedIndex;
    return true;
  }

  /** @returns what is wrong, one sentence each; empty for a sound queue. */
  check(): string[] {
    const { added, taken } = this.#counters;
    const somewhere = this.#available.length + this.#withDevice + this.#used.length;
    const problems: string[] = [];
    if (added - taken !== somewhere) problems.push(`${added} added, ${taken} taken, ${somewhere} on their way`);
    if (somewhere !== this.#outstanding) problems.push(`${somewhere} on their way, ${this.#outstanding} as kept`);
    if (somewhere > this.size) problems.push(`${somewhere} buffers in a ring of ${this.size}`);
    return problems;
  }

  /** vring_need_event: whether the index that was asked for lies among those just passed. */
  #isWanted(event: number | undefined, now: number, before: number): boolean {
    if (now === before) return false;
    if (this.#suppression === "none") return true;
    return event !== undefined && (now - event - 1 + WRAP) % WRAP < (now - before + WRAP) % WRAP;
  }
}
