/** What the browser acknowledges: enough that the server never waits for ever, no more than was parsed. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Acknowledger } from "../../web/client/terminal/acknowledger.ts";
import { ACK_EVERY_BYTES, LOW_WATER_BYTES } from "../../web/protocol/flow.ts";

describe("acknowledging what was parsed", () => {
  it("says nothing of a keystroke's echo", () => {
    const sent: number[] = [];
    new Acknowledger((bytes) => sent.push(bytes)).parsed(12);
    expect(sent).toEqual([]);
  });

  it("never owes the server so much that it would wait for ever", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 65_535 }), { maxLength: 200 }), (pieces) => {
        let told = 0;
        let parsed = 0;
        const acknowledger = new Acknowledger((bytes) => {
          told += bytes;
        });
        for (const piece of pieces) {
          parsed += piece;
          acknowledger.parsed(piece);
          expect(parsed - told).toBeLessThan(Math.min(ACK_EVERY_BYTES, LOW_WATER_BYTES));
        }
        expect(told).toBeLessThanOrEqual(parsed);
      }),
    );
  });

  it("forgets the old connection's count", () => {
    const sent: number[] = [];
    const acknowledger = new Acknowledger((bytes) => sent.push(bytes));
    acknowledger.parsed(ACK_EVERY_BYTES - 1);
    acknowledger.reset();
    acknowledger.parsed(ACK_EVERY_BYTES - 1);
    expect(sent).toEqual([]);
  });
});
