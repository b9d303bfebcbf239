/**
 * The frame codec: whatever is encoded decodes to the same, whatever is no frame is refused with a reason, and nothing
 * out of bounds gets through either way.
 */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ClientFrame,
  dataFrames,
  decodeClientFrame,
  decodeServerFrame,
  encodeFrame,
  FRAMES,
  FrameError,
  MAX_DATA_BYTES,
  MAX_FRAME_BYTES,
  type ServerFrame,
} from "../../web/protocol/frame.ts";
import { MAX_COLUMNS, MAX_ROWS } from "../../web/protocol/terminal-size.ts";

const size = fc.record({
  columns: fc.integer({ min: 1, max: MAX_COLUMNS }),
  rows: fc.integer({ min: 1, max: MAX_ROWS }),
});
const data = fc.record({
  kind: fc.constant("data" as const),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 5_000 }),
});
const resize = fc.record({ kind: fc.constant("resize" as const), size });
const ping = fc.constant({ kind: "ping" as const });
const wellFormed = fc.string({ unit: "binary", maxLength: 2_000 });

const clientFrame: fc.Arbitrary<ClientFrame> = fc.oneof(
  data,
  resize,
  ping,
  fc.record({ kind: fc.constant("ack" as const), parsedBytes: fc.integer({ min: 0, max: 0xffff_ffff }) }),
  fc.record({ kind: fc.constant("hello" as const), ticket: fc.string({ minLength: 1, maxLength: 32 }) }),
);

const serverFrame: fc.Arbitrary<ServerFrame> = fc.oneof(
  data,
  resize,
  ping,
  fc.record({ kind: fc.constant("snapshot" as const), size, ansi: wellFormed }),
  fc.record({
    kind: fc.constant("exit" as const),
    status: fc.oneof(
      fc.record({ kind: fc.constant("exited" as const), code: fc.integer({ min: 0, max: 255 }) }),
      fc.record({ kind: fc.constant("signaled" as const), signal: fc.constantFrom("SIGKILL", "SIGTERM") }),
    ),
  }),
);

describe("a frame", () => {
  test("of the client decodes to what was encoded", () => {
    fc.assert(
      fc.property(clientFrame, (frame) => {
        expect(decodeClientFrame(encodeFrame(frame))).toEqual(frame);
      }),
    );
  });

  test("of the server decodes to what was encoded", () => {
    fc.assert(
      fc.property(serverFrame, (frame) => {
        expect(decodeServerFrame(encodeFrame(frame))).toEqual(frame);
      }),
    );
  });

  test("decodes the same from the middle of a larger buffer", () => {
    fc.assert(
      fc.property(clientFrame, fc.integer({ min: 1, max: 9 }), (frame, offset) => {
        const message = encodeFrame(frame);
        const buffer = new Uint8Array(message.length + 2 * offset).fill(0xff);
        buffer.set(message, offset);
        expect(decodeClientFrame(buffer.subarray(offset, offset + message.length))).toEqual(frame);
      }),
    );
  });

  test("of arbitrary bytes is either decoded and encodes back to them, or refused with a FrameError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 0, max: 8 }), (bytes, opcode) => {
        const message = Uint8Array.of(opcode, ...bytes);
        try {
          expect(encodeFrame(decodeClientFrame(message))).toEqual(message);
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("the codec refuses", () => {
  const refusals: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ["an empty message", Uint8Array.of(), /empty message/],
    ["an opcode that nobody has", Uint8Array.of(6), /opcode 6/],
    ["a snapshot from a client", Uint8Array.of(4, 0, 80, 0, 24), /client sends no snapshot/],
    ["an exit from a client", Uint8Array.of(5, 0x7b, 0x7d), /client sends no exit/],
    ["data without bytes", Uint8Array.of(0), /data frame carries 1 to/],
    ["a size of 0 columns", Uint8Array.of(1, 0, 0, 0, 24), /no terminal has 0 columns/],
    ["a size of 65535 rows", Uint8Array.of(1, 0, 80, 0xff, 0xff), /65535 rows/],
    ["a resize that is cut short", Uint8Array.of(1, 0, 80), /resize frame carries/],
    ["an ack of 5 bytes", Uint8Array.of(2, 0, 0, 0, 0, 1), /ack frame carries 4/],
    ["a ticket that is not UTF-8", Uint8Array.of(3, 0xff, 0xfe), /not UTF-8/],
    ["a ticket of 129 bytes", new Uint8Array(130).fill(3), /hello frame carries/],
    ["a ping with something in it", Uint8Array.of(7, 1), /ping frame carries 0/],
  ];
  test.each(refusals)("%s", (_what, message, reason) => {
    expect(() => decodeClientFrame(message)).toThrow(reason);
    expect(() => decodeClientFrame(message)).toThrow(FrameError);
  });

  test("an ack and a hello from a server", () => {
    expect(() => decodeServerFrame(encodeFrame({ kind: "ack", parsedBytes: 1 }))).toThrow(/server sends no ack/);
    expect(() => decodeServerFrame(encodeFrame({ kind: "hello", ticket: "x" }))).toThrow(/server sends no hello/);
  });

  test("an exit frame whose JSON is no exit status", () => {
    const message = Uint8Array.of(FRAMES.exit.opcode, ...new TextEncoder().encode('{"kind":"vanished"}'));
    expect(() => decodeServerFrame(message)).toThrow(/no exit status/);
  });

  test("to encode what no decoder would take", () => {
    expect(() => encodeFrame({ kind: "resize", size: { columns: 0, rows: 1 } })).toThrow(FrameError);
    expect(() => encodeFrame({ kind: "ack", parsedBytes: -1 })).toThrow(FrameError);
    expect(() => encodeFrame({ kind: "ack", parsedBytes: 2 ** 32 })).toThrow(FrameError);
    expect(() => encodeFrame({ kind: "data", bytes: new Uint8Array(MAX_DATA_BYTES + 1) })).toThrow(FrameError);
  });
});

test("long input is cut into frames that fit, and together they carry every byte in order", () => {
  const bytes = Uint8Array.from({ length: 3 * MAX_DATA_BYTES + 17 }, (_, index) => index % 251);
  const messages = [...dataFrames(bytes)];
  expect(messages.every((message) => message.length <= MAX_FRAME_BYTES)).toBe(true);
  const parts = messages.map(decodeServerFrame).map((frame) => (frame.kind === "data" ? [...frame.bytes] : []));
  expect(Uint8Array.from(parts.flat())).toEqual(bytes);
});
