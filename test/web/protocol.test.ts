/** The parsers that both sides share: JSON lines in any pieces, sizes, timelines, addresses. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as z from "zod/mini";
import type { Timeline } from "../../simulator/trace/timeline.ts";
import { CLOSE_CODES, mayReconnect } from "../../web/protocol/close-codes.ts";
import { ACK_EVERY_BYTES, HIGH_WATER_BYTES, LOW_WATER_BYTES } from "../../web/protocol/flow.ts";
import { createLineSplitter } from "../../web/protocol/lines.ts";
import { createMachineSchema } from "../../web/protocol/machine.ts";
import { parseRaceLine } from "../../web/protocol/race.ts";
import { ROUTES } from "../../web/protocol/routes.ts";
import { clampSize, terminalSizeSchema } from "../../web/protocol/terminal-size.ts";
import { parseTimeline } from "../../web/protocol/timeline.ts";

describe("JSON lines", () => {
  test("come out whole, in whatever pieces they arrive", () => {
    const line = fc.string({ minLength: 1 }).filter((text) => !text.includes("\n") && text.trim() !== "");
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat(), { maxLength: 8 }), (lines, places) => {
        const text = lines.map((each) => `${each}\n`).join("");
        const cuts = [0, ...places.map((place) => place % (text.length + 1)).sort((a, b) => a - b), text.length];
        const splitter = createLineSplitter();
        const out = cuts.slice(1).flatMap((cut, index) => splitter.push(text.slice(cuts[index], cut)));
        expect([...out, ...splitter.end()]).toEqual(lines);
      }),
    );
  });

  test("keep a last line that has no newline", () => {
    const splitter = createLineSplitter();
    expect([splitter.push('{"a":1}\n{"b"'), splitter.push(":2}"), splitter.end(), splitter.end()]).toEqual([
      ['{"a":1}'],
      [],
      ['{"b":2}'],
      [],
    ]);
  });
});

test("any size of a window is clamped to one that a terminal can have", () => {
  const number = fc.oneof(fc.double(), fc.integer({ min: -10, max: 1_000 }));
  fc.assert(
    fc.property(number, number, (columns, rows) => {
      expect(z.safeParse(terminalSizeSchema, clampSize({ columns, rows })).success).toBe(true);
    }),
  );
});

test("a client that acknowledges as it should never leaves so much open that the server waits for ever", () => {
  expect(ACK_EVERY_BYTES - 1).toBeLessThan(LOW_WATER_BYTES);
  expect(LOW_WATER_BYTES).toBeLessThan(HIGH_WATER_BYTES);
});

describe("a timeline", () => {
  const timeline: Timeline = {
    title: "a start",
    tracks: [
      { id: "t", name: "t", world: "container", unit: "ns", provenance: { kind: "measured", detail: "here", n: 1 } },
    ],
    spans: [
      { track: "t", name: "clone", start: 0, end: 5, mode: "kernel", stage: "clone", args: { manual: "clone(2)" } },
    ],
    instants: [{ track: "t", name: "first byte", at: 5 }],
    counters: [{ track: "t", name: "switches", at: 5, value: 2 }],
  };

  test("is the same after the wire", () => {
    expect(parseTimeline(JSON.parse(JSON.stringify(timeline)))).toEqual(timeline);
  });

  test("in a race's line is the same too, and a line of another kind is refused", () => {
    const line = { kind: "lane", world: "container", timeline };
    expect(parseRaceLine(JSON.stringify(line))).toEqual(line);
    expect(() => parseRaceLine('{"kind":"lane","world":"address-space"}')).toThrow();
    expect(() => parseRaceLine("not JSON")).toThrow(SyntaxError);
  });

  test("without provenance is refused: a figure that nobody vouches for is none", () => {
    const [track] = timeline.tracks;
    const bare = { ...timeline, tracks: [{ ...track, provenance: undefined }] };
    expect(() => parseTimeline(JSON.parse(JSON.stringify(bare)))).toThrow();
  });
});

test("no two reasons to close share a code, and codes of nobody are worth another try", () => {
  const codes = Object.values(CLOSE_CODES).map(({ code }) => code);
  expect(new Set(codes).size).toBe(codes.length);
  expect(codes.every((code) => code >= 4000 && code <= 4999)).toBe(true);
  expect([mayReconnect(1006), mayReconnect(CLOSE_CODES.ended.code)]).toEqual([true, false]);
});

test("identifiers cannot break out of their place in an address", () => {
  expect(ROUTES.plan("../x?y#z")).toBe("/api/lab/..%2Fx%3Fy%23z/plan");
});

test("whatever is asked of POST /api/lab is either refused or what its type says", () => {
  fc.assert(
    fc.property(fc.anything(), (input) => {
      const result = z.safeParse(createMachineSchema, input);
      if (result.success) expect(["container", "vm"]).toContain(result.data.kind);
    }),
  );
});
