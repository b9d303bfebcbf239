/**
 * The output of a detached container, read from the files that its monitor writes. Their format, and how they are
 * bounded, is in native/launcher/monitor-log.h.
 */
import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";

/** Where in the log: the number of a file and a place in it. */
export interface LogPosition {
  readonly file: number;
  readonly offset: number;
}

export type LogRecord =
  | {
      readonly kind: "output";
      readonly stream: "stdout" | "stderr";
      /** Since 1970. */
      readonly timeNs: bigint;
      readonly data: Uint8Array;
    }
  /** Output that is not there: the log's bounds, or a full disk. The number of bytes is known only for the latter. */
  | { readonly kind: "lost"; readonly bytes: number | undefined };

const MAGIC = 0x474f4c52; // "RLOG"
const HEADER_BYTES = 24;
const MOST_RECORD_BYTES = 1 << 20;
const STREAMS = { 1: "stdout", 2: "stderr" } as const;
const LOST = 3;
const NAME = /^log\.(\d+)$/;

/** The numbers of the files that there are, oldest first. */
function fileNumbers(directory: string): number[] {
  try {
    return readdirSync(directory)
      .flatMap((name) => NAME.exec(name)?.[1] ?? [])
      .map(Number)
      .toSorted((a, b) => a - b);
  } catch {
    return [];
  }
}

/** @returns the number of the log's newest file; undefined when there is none */
export function newestLogFile(directory: string): number | undefined {
  return fileNumbers(directory).at(-1);
}

/** Reads the log in a directory; what is written meanwhile is read by the next call. */
export class LogReader {
  readonly #directory: string;
  #file: number;
  #offset: number;
  #fd: number | undefined;

  /** Begins with the oldest that is still there. */
  constructor(directory: string) {
    this.#directory = directory;
    this.#file = fileNumbers(directory)[0] ?? 0;
    this.#offset = 0;
  }

  /** Where the next record will be read. */
  get position(): LogPosition {
    return { file: this.#file, offset: this.#offset };
  }

  /** Every record up to the end as it is now. */
  *records(): Generator<LogRecord> {
    while (true) {
      // Asked before reading on: the writer begins a file when it has done with the one before.
      const numbers = fileNumbers(this.#directory);
      if (this.#fd === undefined && !numbers.includes(this.#file)) {
        const next = numbers.find((number) => number > this.#file);
        if (next === undefined) return;
        this.#moveTo(next);
        yield { kind: "lost", bytes: undefined };
      }
      yield* this.#restOfFile();
      const next = numbers.find((number) => number > this.#file);
      if (next === undefined) return;
      if (next > this.#file + 1) yield { kind: "lost", bytes: undefined };
      this.#moveTo(next);
    }
  }

  /** Goes to the end as it is now. */
  skipToEnd(): void {
    for (const _ of this.records()) {
      // Only the position matters.
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #moveTo(file: number): void {
    this.close();
    this.#file = file;
    this.#offset = 0;
  }

  *#restOfFile(): Generator<LogRecord> {
    if (this.#fd === undefined) {
      try {
        this.#fd = openSync(join(this.#directory, `log.${this.#file}`), "r");
      } catch {
        return;
      }
    }
    while (true) {
      const record = readRecord(this.#fd, this.#offset);
      if (record === undefined) return;
      this.#offset += record.size;
      yield record.record;
    }
  }
}

/** @returns undefined where no whole record is, yet or at all */
function readRecord(fd: number, at: number): { record: LogRecord; size: number } | undefined {
  const header = Buffer.alloc(HEADER_BYTES);
  if (readSync(fd, header, 0, HEADER_BYTES, at) < HEADER_BYTES || header.readUInt32LE(0) !== MAGIC) return undefined;
  const stream = header.readUInt32LE(4);
  const bytes = header.readUInt32LE(8);
  if (bytes > MOST_RECORD_BYTES) return undefined;
  const data = Buffer.alloc(bytes);
  if (readSync(fd, data, 0, bytes, at + HEADER_BYTES) < bytes) return undefined;
  const size = HEADER_BYTES + bytes;
  if (stream === LOST) return { size, record: { kind: "lost", bytes: Number(data.readBigUInt64LE(0)) } };
  const timeNs = header.readBigUInt64LE(16);
  return { size, record: { kind: "output", stream: stream === 2 ? STREAMS[2] : STREAMS[1], timeNs, data } };
}
