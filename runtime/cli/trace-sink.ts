/** Where a trace is written, as lines or as JSON: a file, or one of our own outputs. */
import { closeSync, openSync, writeSync } from "node:fs";
import { errorCode } from "../../native/error-code.ts";
import { RingsideError, reasonOf } from "../error.ts";
import type { TracingCost } from "../trace/cost.ts";
import type { DecodedCall } from "../trace/decode.ts";
import type { CallRecord, TraceRecord } from "../trace/records.ts";
import type { SummaryRow } from "../trace/summary.ts";

/** What is known when all has been seen. */
export interface TraceEnd {
  readonly calls: number;
  /** Records that were dropped since nobody could keep up. */
  readonly lost: number;
  readonly summary: readonly SummaryRow[];
  readonly cost: TracingCost;
  readonly overheadNs: number;
  readonly elapsedNs: number;
}

/** One way of writing a trace. Each function gives the text to be written next. */
export interface TraceFormat {
  begin(): string;
  call(record: CallRecord, words: DecodedCall): string;
  event(record: Exclude<TraceRecord, CallRecord>): string;
  end(end: TraceEnd): string;
}

export interface Output {
  write(text: string): void;
  close(): void;
  /** The reader has gone (`| head`). */
  readonly isClosed: boolean;
}

const WAIT_MS = 5;

/** Writes all of it, also to a pipe that was set not to block. */
function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      if (errorCode(error) !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MS);
    }
  }
}

/**
 * Opens the place that a trace goes to.
 * @param file a path; undefined: the descriptor `otherwise`
 * @throws RingsideError when the file cannot be written
 */
export function openOutput(file: string | undefined, otherwise: number): Output {
  let fd = otherwise;
  if (file !== undefined) {
    try {
      fd = openSync(file, "w");
    } catch (cause) {
      throw new RingsideError(`the trace cannot be written to ${file}: ${reasonOf(cause)}`, {
        cause,
        fix: "give a file in a directory that you may write",
      });
    }
  }
  let isClosed = false;
  return {
    write(text) {
      if (isClosed || text === "") return;
      try {
        writeAll(fd, text);
      } catch (error) {
        if (errorCode(error) !== "EPIPE") throw error;
        isClosed = true;
      }
    },
    close() {
      if (file !== undefined) closeSync(fd);
      isClosed = true;
    },
    get isClosed() {
      return isClosed;
    },
  };
}
