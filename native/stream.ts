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

interface Chunk {
  readonly data: Uint8Array;
  /** Tells whoever has written it that it is no longer here. */
  readonly gone: () => void;
}

/**
 * Opens a stream on a non-blocking descriptor and takes ownership of it. The end of the file, and EIO on a pty's master
 * (pty(7): every slave is closed), both end the stream. Reading starts with the first `onData`.
 */
export function openStream(fd: number): ByteStream {
  const dataListeners: ((chunk: Uint8Array) => void)[] = [];
  const endListeners: (() => void)[] = [];
  const unwritten: Chunk[] = [];
  let reading: DescriptorPoll | undefined;
  let writing: DescriptorPoll | undefined;
  let paused = false;
  let ended = false;
  let closed = false;

  function close(): void {
    if (closed) return;
    closed = true;
    stopReading();
    stopWriting();
    forgetUnwritten();
    closeSync(fd);
  }

  function stopReading(): void {
    reading?.stop();
    reading = undefined;
  }

  function stopWriting(): void {
    writing?.stop();
    writing = undefined;
  }

  function forgetUnwritten(): void {
    for (const { gone } of unwritten.splice(0)) gone();
  }

  function end(): void {
    if (ended) return;
    ended = true;
    stopReading();
    for (const listener of endListeners) listener();
  }

  function readOnce(): void {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    let count: number;
    try {
      count = readSync(fd, buffer);
    } catch (error) {
      if (errorCode(error) === "EAGAIN") return;
      end();
      return;
    }
    if (count === 0) end();
    else for (const listener of dataListeners) listener(buffer.subarray(0, count));
  }

  function startReading(): void {
    if (reading === undefined && !paused && !ended && !closed && dataListeners.length > 0) {
      reading = pollDescriptor(fd, "readable", readOnce);
    }
  }

  function flush(): void {
    for (let head = unwritten[0]; head !== undefined; head = unwritten[0]) {
      const { data, gone } = head;
      let count: number;
      try {
        count = writeSync(fd, data);
      } catch (error) {
        if (errorCode(error) === "EAGAIN") break;
        forgetUnwritten();
        break;
      }
      if (count < data.length) unwritten[0] = { data: data.subarray(count), gone };
      else {
        unwritten.shift();
        gone();
      }
    }
    if (unwritten.length === 0) stopWriting();
    else if (writing === undefined && !closed) {
      // One poll handle per descriptor: a second descriptor for the same file description serves the writing side.
      writing = pollDescriptor(fd, "writable", flush);
    }
  }

  return {
    onData(listener) {
      dataListeners.push(listener);
      startReading();
    },
    onEnd(listener) {
      endListeners.push(listener);
      if (ended) listener();
    },
    pause() {
      paused = true;
      stopReading();
    },
    resume() {
      paused = false;
      startReading();
    },
    write(data) {
      if (closed || ended) return Promise.resolve();
      return new Promise<void>((gone) => {
        unwritten.push({ data, gone });
        if (writing === undefined) flush();
      });
    },
    close,
  };
}
