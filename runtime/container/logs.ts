/** What a detached container has printed, line by line: the last ones, those since a moment, and on. docker-logs(1). */
import { join } from "node:path";
import { RingsideError } from "../error.ts";
import { places } from "./directories.ts";
import { LogReader, type LogRecord } from "./log-files.ts";
import { followRecords } from "./log-follower.ts";
import { MonitorConnection } from "./monitor-socket.ts";
import type { ContainerState } from "./state.ts";

export interface LogOptions {
  /** Goes on until the container ends. */
  readonly follow: boolean;
  /** How many of the last lines; undefined: all. */
  readonly tail?: number;
  /** Only what was printed since, in nanoseconds since 1970. */
  readonly sinceNs?: bigint;
  /** Only what was printed until then. */
  readonly untilNs?: bigint;
}

/** A line, or a part of one: its end may come later, or never. Or a note that something is missing. */
export type LogPiece =
  | {
      readonly kind: "text";
      readonly stream: "stdout" | "stderr";
      readonly timeNs: bigint;
      readonly data: Uint8Array;
      /** Nothing of this line has come before. */
      readonly isStart: boolean;
    }
  | { readonly kind: "lost"; readonly bytes: number | undefined };

const NEWLINE = 0x0a;

/** Where the monitor of a container keeps its log. */
export function logDirectory(id: string): string {
  return join(places().logs, id);
}

/** @throws RingsideError when nobody keeps its output */
export function requireLog(state: ContainerState): string {
  if (state.owner.kind === "monitor") return logDirectory(state.id);
  throw new RingsideError(`there is no log of ${state.name}: its output went to whoever started it`, {
    fix: "start it with ringside run -d, then its output is kept",
  });
}

/** Cuts records into lines. Two streams may have a line unfinished at the same time. */
class LineCutter {
  readonly #open = { stdout: false, stderr: false };

  *cut(record: LogRecord): Generator<LogPiece> {
    if (record.kind === "lost") {
      this.#open.stdout = false;
      this.#open.stderr = false;
      yield record;
      return;
    }
    const { stream, timeNs, data } = record;
    for (let at = 0; at < data.length; ) {
      const newline = data.indexOf(NEWLINE, at);
      const end = newline < 0 ? data.length : newline + 1;
      yield { kind: "text", stream, timeNs, data: data.subarray(at, end), isStart: !this.#open[stream] };
      this.#open[stream] = newline < 0;
      at = end;
    }
  }
}

function isWanted(record: LogRecord, { sinceNs, untilNs }: LogOptions): boolean {
  if (record.kind === "lost") return sinceNs === undefined && untilNs === undefined;
  return (sinceNs === undefined || record.timeNs >= sinceNs) && (untilNs === undefined || record.timeNs <= untilNs);
}

function* wantedPieces(reader: LogReader, options: LogOptions, cutter: LineCutter): Generator<LogPiece> {
  for (const record of reader.records()) {
    if (isWanted(record, options)) yield* cutter.cut(record);
  }
}

function countLines(directory: string, options: LogOptions): number {
  const reader = new LogReader(directory);
  try {
    let lines = 0;
    for (const piece of wantedPieces(reader, options, new LineCutter())) {
      if (piece.kind === "text" && piece.isStart) lines++;
    }
    return lines;
  } finally {
    reader.close();
  }
}

/** Leaves out the pieces of the first `skipped` lines, each stream's own. */
class LineSkipper {
  #left: number;
  readonly #skipping = { stdout: false, stderr: false };

  constructor(skipped: number) {
    this.#left = skipped;
  }

  passes(piece: LogPiece): boolean {
    if (piece.kind === "lost") return this.#left <= 0;
    if (piece.isStart) {
      this.#skipping[piece.stream] = this.#left > 0;
      this.#left--;
    }
    return !this.#skipping[piece.stream];
  }
}

/** Where a monitor keeps its log, and where its socket is. */
export interface LogPlaces {
  readonly log: string;
  readonly state: string;
}

/**
 * The log of a container, in the order in which it was printed.
 * @throws RingsideError when the container has none
 */
export function readLog(state: ContainerState, options: LogOptions): AsyncGenerator<LogPiece> {
  return readLogAt({ log: requireLog(state), state: join(places().states, state.id) }, options);
}

/** The same of whatever has a monitor. */
export async function* readLogAt({ log, state }: LogPlaces, options: LogOptions): AsyncGenerator<LogPiece> {
  const skipped = options.tail === undefined ? 0 : Math.max(0, countLines(log, options) - options.tail);
  const skipper = new LineSkipper(skipped);
  const cutter = new LineCutter();
  const reader = new LogReader(log);
  const monitor = options.follow ? await MonitorConnection.open(state) : undefined;
  try {
    const records = monitor === undefined ? reader.records() : followRecords(reader, monitor);
    for await (const record of records) {
      if (!isWanted(record, options)) continue;
      for (const piece of cutter.cut(record)) if (skipper.passes(piece)) yield piece;
    }
  } finally {
    monitor?.close();
    reader.close();
  }
}
