/**
 * A memory balloon (virtio 1.2, "Traditional Memory Balloon Device"): a driver in the guest that takes pages from its own
 * kernel's free list and tells the host their numbers; the host takes the frames back. Only the guest knows which of its
 * pages are free, so only the guest can give, and what it uses is never taken.
 */
import type { GuestMemory } from "./guest-memory.ts";

export class Balloon {
  readonly #guest: GuestMemory;
  /** The guest kernel's free pages; some of them have been touched before and have a frame. */
  readonly #free: number[];
  readonly #inside: number[] = [];

  constructor(guest: GuestMemory, free: Iterable<number>) {
    this.#guest = guest;
    this.#free = [...free];
  }

  /** Pages in the balloon (`actual` of the device). */
  get size(): number {
    return this.#inside.length;
  }

  /** Pages that the guest could still give. */
  get available(): number {
    return this.#free.length;
  }

  /**
   * The host asks for a size (`num_pages`); the guest does what it can.
   * @returns how many frames the host has got back by it
   */
  resize(pages: number): number {
    let got = 0;
    while (this.#inside.length < pages) {
      const page = this.#free.pop();
      if (page === undefined) break;
      this.#inside.push(page);
      if (this.#guest.discard(page)) got++;
    }
    while (this.#inside.length > pages) {
      const page = this.#inside.pop();
      if (page !== undefined) this.#free.push(page);
    }
    return got;
  }
}
