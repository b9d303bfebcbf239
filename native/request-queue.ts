/**
 * What is said to the launcher, in order. Its socket holds some hundred requests (unix(7), SO_SNDBUF); while it is busy
 * the others wait here, with descriptors of their own, since the caller may close its copies as soon as it has asked.
 */
import { closeSync } from "node:fs";
import { errorCode } from "./error-code.ts";
import type { Addon } from "./internal-types.ts";
import type { DescriptorPoll } from "./kernel-types.ts";

/** The kinds of request (native/protocol.h). */
const REQUESTS = { start: 1, resume: 2, release: 3, monitor: 4, cancel: 5 } as const;
const REQUEST_BYTES = 16;

interface Request {
  readonly data: Uint8Array;
  readonly descriptors: readonly number[];
}

export class RequestQueue {
  readonly #socket: number;
  readonly #addon: Addon;
  readonly #poll: (onReady: () => void) => DescriptorPoll;
  readonly #waiting: Request[] = [];
  readonly #onSent: (() => void)[] = [];
  #writable: DescriptorPoll | undefined;

  /** @param poll calls back whenever the socket takes more, until stopped */
  constructor(socket: number, addon: Addon, poll: (onReady: () => void) => DescriptorPoll) {
    this.#socket = socket;
    this.#addon = addon;
    this.#poll = poll;
  }

  /** Sends a request, or lets it wait for its turn. @throws an error of Node's shape when the launcher has gone */
  push(kind: keyof typeof REQUESTS, id: number, descriptors: readonly number[] = []): void {
    const data = Buffer.alloc(REQUEST_BYTES);
    data.writeUInt32LE(REQUESTS[kind], 0);
    data.writeUInt32LE(id, 4);
    data.writeUInt32LE(descriptors.length, 8);
    if (this.#waiting.length === 0 && this.#send({ data, descriptors })) return;
    this.#waiting.push({ data, descriptors: descriptors.map((fd) => this.#addon.duplicate({ fd })) });
    this.#writable ??= this.#poll(() => {
      this.#flush();
    });
  }

  /** Waits until all has been sent, the launcher has gone, or `patienceMs` have passed: a launcher that hangs reads nothing. */
  async sent(patienceMs: number): Promise<void> {
    if (this.#waiting.length === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, patienceMs);
      this.#onSent.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Forgets what has not been sent. */
  close(): void {
    this.#writable?.stop();
    this.#writable = undefined;
    for (const { descriptors } of this.#waiting.splice(0)) descriptors.forEach(closeSync);
    for (const tell of this.#onSent.splice(0)) tell();
  }

  #flush(): void {
    try {
      for (let next = this.#waiting[0]; next !== undefined && this.#send(next); next = this.#waiting[0]) {
        this.#waiting.shift();
        next.descriptors.forEach(closeSync);
      }
    } catch {
      // The launcher has gone, which its socket's end tells whoever waits for an answer.
      this.close();
    }
    if (this.#waiting.length === 0) this.close();
  }

  #send({ data, descriptors }: Request): boolean {
    try {
      this.#addon.sendMessage({ socket: this.#socket, data, descriptors });
      return true;
    } catch (error) {
      if (errorCode(error) === "EAGAIN") return false;
      throw error;
    }
  }
}
