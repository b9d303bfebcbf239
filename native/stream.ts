/**
 * A byte stream over a descriptor that can be polled: a pty's master, a pipe, a socket. Reading stops when paused, so
 * that whoever cannot keep up slows the writer down instead of filling memory.
 */
import { closeSync, readSync, writeSync } from "node:fs";
import { errorCode } from "./error-code.ts";
import { type DescriptorPoll, pollDescriptor } from "./kernel.ts";

export interface ByteStream {
  onData(listener: (chunk: Uint8Array) => void): void;
  onEnd(listener: () => void): void;
  pause(): void;
  resume(): void;
  /**
   * Sends `data` on, after what was sent before. @returns once the kernel has taken it, or never will, and more may be
   * written: who does not wait for that fills memory
   */
  write(data: Uint8Array): Promise<void>;
  close(): void;
}

const READ_BYTES = 64 * 1024;

/** The reading side. */
class Incoming {
  readonly #fd: number;
  readonly #dataListeners: ((chunk: Uint8Array) => void)[] = [];
  readonly #endListeners: (() => void)[] = [];
  #poll: DescriptorPoll | undefined;
  #paused = false;
  #closed = false;
  #ended = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  get ended(): boolean {
    return this.#ended;
  }

  onData(listener: (chunk: Uint8Array) => void): void {
    this.#dataListeners.push(listener);
    this.#start();
  }

  onEnd(listener: () => void): void {
    this.#endListeners.push(listener);
    if (this.#ended) listener();
  }

  pause(): void {
    this.#paused = true;
    this.#stop();
  }

  resume(): void {
    this.#paused = false;
    this.#start();
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  #start(): void {
    const isWanted = !this.#paused && !this.#ended && !this.#closed && this.#dataListeners.length > 0;
    if (this.#poll !== undefined || !isWanted) return;
    this.#poll = pollDescriptor(this.#fd, "readable", () => {
      this.#readOnce();
    });
  }

  #stop(): void {
    this.#poll?.stop();
    this.#poll = undefined;
  }

  #readOnce(): void {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    let count: number;
    try {
      count = readSync(this.#fd, buffer);
    } catch (error) {
      if (errorCode(error) !== "EAGAIN") this.#end();
      return;
    }
    if (count === 0) this.#end();
    else for (const listener of this.#dataListeners) listener(buffer.subarray(0, count));
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stop();
    for (const listener of this.#endListeners) listener();
  }
}

interface Chunk {
  readonly data: Uint8Array;
  /** Tells whoever has written it that it is no longer here. */
  readonly gone: () => void;
}

/** The writing side. */
class Outgoing {
  readonly #fd: number;
  readonly #unwritten: Chunk[] = [];
  #poll: DescriptorPoll | undefined;

  constructor(fd: number) {
    this.#fd = fd;
  }

  write(data: Uint8Array): Promise<void> {
    return new Promise<void>((gone) => {
      this.#unwritten.push({ data, gone });
      if (this.#poll === undefined) this.#flush();
    });
  }

  close(): void {
    this.#stop();
    this.#forget();
  }

  #stop(): void {
    this.#poll?.stop();
    this.#poll = undefined;
  }

  #forget(): void {
    for (const { gone } of this.#unwritten.splice(0)) gone();
  }

  #flush(): void {
    this.#writeOn();
    if (this.#unwritten.length === 0) this.#stop();
    else {
      // One poll handle per descriptor: a second descriptor for the same file description serves the writing side.
      this.#poll ??= pollDescriptor(this.#fd, "writable", () => {
        this.#flush();
      });
    }
  }

  /** As much as the kernel takes now. */
  #writeOn(): void {
    for (let head = this.#unwritten[0]; head !== undefined; head = this.#unwritten[0]) {
      const { data, gone } = head;
      let count: number;
      try {
        count = writeSync(this.#fd, data);
      } catch (error) {
        if (errorCode(error) !== "EAGAIN") this.#forget();
        return;
      }
      if (count < data.length) this.#unwritten[0] = { data: data.subarray(count), gone };
      else {
        this.#unwritten.shift();
        gone();
      }
    }
  }
}

/**
 * Opens a stream on a non-blocking descriptor and takes ownership of it. The end of the file, and EIO on a pty's master
 * (pty(7): every slave is closed), both end the stream. Reading starts with the first `onData`.
 */
export function openStream(fd: number): ByteStream {
  const incoming = new Incoming(fd);
  const outgoing = new Outgoing(fd);
  let closed = false;
  return {
    onData(listener) {
      incoming.onData(listener);
    },
    onEnd(listener) {
      incoming.onEnd(listener);
    },
    pause() {
      incoming.pause();
    },
    resume() {
      incoming.resume();
    },
    write(data) {
      return closed || incoming.ended ? Promise.resolve() : outgoing.write(data);
    },
    close() {
      if (closed) return;
      closed = true;
      incoming.close();
      outgoing.close();
      closeSync(fd);
    },
  };
}
