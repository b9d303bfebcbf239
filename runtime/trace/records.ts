/** What a tracer has seen, read from the bytes that native/addon/trace-records.h lays out. Times are CLOCK_MONOTONIC. */

/** What an argument pointed to. */
export interface Captured {
  readonly argument: number;
  readonly bytes: Uint8Array;
  /** There was more. */
  readonly isCut: boolean;
  readonly isUnreadable: boolean;
}

interface Seen {
  /** The thread's number as the host counts, and its process's. */
  readonly thread: number;
  readonly process: number;
  readonly atNs: number;
}

/** One system call. `atNs`: its entry was seen, and the tracer held the process until `enterNs`. */
export interface CallRecord extends Seen {
  readonly kind: "call";
  readonly number: bigint;
  /** AUDIT_ARCH_*: the calls of 32-bit programs have other numbers. */
  readonly architecture: number;
  readonly args: readonly bigint[];
  readonly captures: readonly Captured[];
  /** As the kernel gives it: negative errno included. Meaningless when it has not returned. */
  readonly returnValue: bigint;
  readonly isError: boolean;
  readonly hasReturned: boolean;
  readonly enterNs: number;
  readonly exitNs: number;
  /** The tracer let the process go on. */
  readonly resumedNs: number;
}

export type TraceRecord =
  | CallRecord
  | (Seen & {
      readonly kind: "signal";
      readonly signal: number;
      readonly code: number;
      readonly sender: number;
      readonly address: bigint;
    })
  | (Seen & { readonly kind: "exit"; readonly waitStatus: number })
  | (Seen & { readonly kind: "spawn"; readonly child: number })
  | (Seen & { readonly kind: "exec"; readonly former: number })
  | (Seen & { readonly kind: "stop"; readonly signal: number });

const HEADER_BYTES = 24;
const CALL_BYTES = 104;
const CAPTURE_BYTES = 16;
const NO_EXIT = 1;

function parseCaptures(data: Buffer, count: number): Captured[] {
  let at = 0;
  return Array.from({ length: count }, () => {
    const length = data.readUInt32LE(at + 4);
    const bytes = data.subarray(at + CAPTURE_BYTES, at + CAPTURE_BYTES + length);
    const captured = {
      argument: data.readUInt32LE(at),
      bytes,
      isCut: data.readUInt32LE(at + 8) !== 0,
      isUnreadable: data.readUInt32LE(at + 12) !== 0,
    };
    at += CAPTURE_BYTES + length;
    return captured;
  });
}

function parseCall(seen: Seen, body: Buffer): CallRecord {
  return {
    ...seen,
    kind: "call",
    number: body.readBigUInt64LE(0),
    args: Array.from({ length: 6 }, (_, index) => body.readBigUInt64LE(8 + 8 * index)),
    returnValue: body.readBigInt64LE(56),
    enterNs: Number(body.readBigUInt64LE(64)),
    exitNs: Number(body.readBigUInt64LE(72)),
    resumedNs: Number(body.readBigUInt64LE(80)),
    architecture: body.readUInt32LE(88),
    isError: body.readUInt32LE(92) !== 0,
    hasReturned: (body.readUInt32LE(96) & NO_EXIT) === 0,
    captures: parseCaptures(body.subarray(CALL_BYTES), body.readUInt32LE(100)),
  };
}

/** Bodies by the kinds of native/addon/trace-records.h. */
const BODIES: Readonly<Record<number, (seen: Seen, body: Buffer) => TraceRecord>> = {
  1: parseCall,
  2: (seen, body) => ({
    ...seen,
    kind: "signal",
    signal: body.readInt32LE(0),
    code: body.readInt32LE(4),
    sender: body.readInt32LE(8),
    address: body.readBigUInt64LE(16),
  }),
  3: (seen, body) => ({ ...seen, kind: "exit", waitStatus: body.readInt32LE(0) }),
  4: (seen, body) => ({ ...seen, kind: "spawn", child: body.readInt32LE(0) }),
  5: (seen, body) => ({ ...seen, kind: "exec", former: body.readInt32LE(0) }),
  6: (seen, body) => ({ ...seen, kind: "stop", signal: body.readInt32LE(0) }),
};

/**
 * Parses the records of one `take`.
 * @throws RangeError for bytes that are no record
 */
export function parseRecords(data: Buffer): TraceRecord[] {
  const records: TraceRecord[] = [];
  for (let at = 0; at < data.length; ) {
    const bytes = data.readUInt32LE(at);
    const kind = data.readUInt32LE(at + 4);
    const body = BODIES[kind];
    if (body === undefined || bytes < HEADER_BYTES) throw new RangeError(`a trace record of an unknown kind: ${kind}`);
    const seen = {
      thread: data.readInt32LE(at + 8),
      process: data.readInt32LE(at + 12),
      atNs: Number(data.readBigUInt64LE(at + 16)),
    };
    records.push(body(seen, data.subarray(at + HEADER_BYTES, at + bytes)));
    at += bytes;
  }
  return records;
}
