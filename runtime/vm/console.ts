/**
 * A guest's serial console as the host sees it: two pipes to QEMU. With a terminal the guest's own line discipline
 * does echo and editing; without one, input is escaped so that it can end (run-file.ts).
 */
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { openPipe } from "../../native/kernel.ts";
import { type ByteStream, openStream } from "../../native/stream.ts";
import type { Terminal, TerminalSize } from "../container/running.ts";
import { END_OF_INPUT, escapeInput } from "./run-file.ts";

export interface Console extends Terminal {
  /** Without a terminal: tells the program that its input has ended. */
  endInput(): void;
  /** When the first byte was read, CLOCK_MONOTONIC. */
  firstByteNs(): number | undefined;
}

/** A pipe into which this process writes and never waits: one end for QEMU, one for us. */
export interface PipeIn {
  readonly readFd: number;
  readonly writeFd: number;
}

/** pipe(2), with the writing end opened a second time, since not waiting is a property of an open file. */
export function openPipeIn(): PipeIn {
  const { readFd, writeFd } = openPipe();
  try {
    return { readFd, writeFd: openSync(`/proc/self/fd/${writeFd}`, constants.O_WRONLY | constants.O_NONBLOCK) };
  } catch (error) {
    closeSync(readFd);
    throw error;
  } finally {
    closeSync(writeFd);
  }
}

/** Sends one request to the guest's init: `size 80 24`. What does not fit into the pipe is dropped: nobody reads it. */
export function sendRequest(fd: number, request: string): void {
  try {
    writeSync(fd, `${request}\n`);
  } catch {
    // The pipe is full or QEMU has gone: there is nobody to ask any more.
  }
}

export interface ConsoleOptions {
  readonly inputFd: number;
  /** undefined when QEMU writes to a descriptor of the caller. */
  readonly outputFd: number | undefined;
  /** Where the guest's init is told of a new size; undefined where nobody can tell it. */
  readonly requestsFd?: number;
  readonly isTerminal: boolean;
  /** Input waits for this: before, the line still has the kernel's settings, and would echo and edit it. */
  readonly ready: Promise<void>;
  readonly monotonicNs: () => number;
}

/** Takes ownership of `inputFd` and `outputFd`. */
export function openConsole(options: ConsoleOptions): Console {
  const { inputFd, outputFd, requestsFd, isTerminal, ready, monotonicNs } = options;
  const input = openStream(inputFd);
  const output = outputFd === undefined ? undefined : openStream(outputFd);
  let firstByteNs: number | undefined;
  let closed = false;
  const send = async (data: Uint8Array): Promise<void> => {
    await ready;
    await input.write(data);
  };
  const stamp = (): void => {
    firstByteNs ??= monotonicNs();
  };
  let stamping = false;
  return {
    ...streamWords(output),
    onData(listener) {
      if (!stamping) output?.onData(stamp);
      stamping = true;
      output?.onData(listener);
    },
    write(data) {
      // A copy: whoever reads may use its buffer again.
      return send(isTerminal ? Uint8Array.from(data) : Uint8Array.from(escapeInput(data)));
    },
    endInput() {
      if (!isTerminal) void send(END_OF_INPUT);
    },
    resize({ columns, rows }: TerminalSize) {
      if (!closed && requestsFd !== undefined) sendRequest(requestsFd, `size ${columns} ${rows}`);
    },
    close() {
      closed = true;
      input.close();
      output?.close();
    },
    firstByteNs: () => firstByteNs,
  };
}

function streamWords(output: ByteStream | undefined): Pick<ByteStream, "onEnd" | "pause" | "resume"> {
  return {
    onEnd(listener) {
      if (output === undefined) listener();
      else output.onEnd(listener);
    },
    pause() {
      output?.pause();
    },
    resume() {
      output?.resume();
    },
  };
}
