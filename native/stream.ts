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
  write(data: Uint8Array): void;
  close(): void;
}

const READ_BYTES = 64 * 1024;

/**
 * Opens a stream on a non-blocking descriptor and takes ownership of it. The end of the file, and EIO on a pty's master
 * (pty(7): every slave is closed), both end the stream. Reading starts with the first `onData`.
 */
export function openStream(fd: number): ByteStream {
  const dataListeners: ((chunk: Uint8Array) => void)[] = [];
  const endListeners: (() => void)[] = [];
  const unwritten: Uint8Array[] = [];
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
    while (unwritten.length > 0) {
      const head = unwritten[0];
      if (head === undefined) break;
      let count: number;
      try {
        count = writeSync(fd, head);
      } catch (error) {
        if (errorCode(error) === "EAGAIN") break;
        unwritten.length = 0;
        break;
      }
      if (count < head.length) unwritten[0] = head.subarray(count);
      else unwritten.shift();
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
      if (closed || ended) return;
      unwritten.push(data);
      if (writing === undefined) flush();
    },
    close,
  };
}
