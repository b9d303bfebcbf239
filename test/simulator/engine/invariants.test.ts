/**
 * What holds of every run, whatever the world does: time never goes back, a processor is in one mode at a time, nothing
 * that was cancelled runs, and whoever waits is woken.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PRIORITIES } from "../../../simulator/engine/priorities.ts";
import { Simulation } from "../../../simulator/engine/simulation.ts";
import { checkTimeline } from "../../../simulator/trace/check.ts";
import { traceHash } from "../../../simulator/trace/hash.ts";
import { chance } from "../../support/chance.ts";
import { runRandomMachine } from "../../support/random-machine.ts";

describe("a random machine", () => {
  it("keeps the rules: one mode a processor, one place a thread, no lost wake-up, no cancelled timer, over 500 seeds", () => {
    const random = chance();
    for (let run = 0; run < 500; run++) {
      const seed = random.word();
      const { recorder, problems } = runRandomMachine(seed);
      expect([...problems, ...checkTimeline(recorder.timeline("machine"))], `seed ${seed}`).toEqual([]);
    }
  });

  it("does the same again from the same seed", () => {
    const random = chance();
    for (let run = 0; run < 50; run++) {
      const seed = random.word();
      const hash = () => traceHash(runRandomMachine(seed).recorder.rows("machine"));
      expect(hash(), `seed ${seed}`).toBe(hash());
    }
  });
});

describe("a random schedule", () => {
  const step = fc.record({
    delay: fc.nat(20),
    priority: fc.constantFrom(...Object.values(PRIORITIES)),
    cancels: fc.nat(3),
  });

  it("runs each event once, at its time, unless it was cancelled before; and nothing can be put into the past", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const simulation = new Simulation();
        const waiting = new Set<number>();
        let cancelled = 0;
        let ran = 0;
        const begin = (index: number) => {
          const { delay, priority, cancels } = steps[index] ?? { delay: 0, priority: PRIORITIES.begin, cancels: 0 };
          const at = simulation.now + delay;
          simulation.after(delay, priority, () => {
            expect(simulation.now).toBe(at);
            expect(waiting.delete(index)).toBe(true);
            ran++;
            if (at > 0) expect(() => simulation.schedule(at - 1, priority, () => {})).toThrow("already at");
            if (index + 1 < steps.length) begin(index + 1);
          });
          waiting.add(index);
          // One in four of the decoys beside it is called off before its time.
          const decoy = simulation.after(delay, priority, () => void ran++);
          if (cancels === 0) {
            decoy.cancelled = true;
            cancelled++;
          }
        };
        if (steps.length > 0) begin(0);
        simulation.run();
        expect(waiting.size).toBe(0);
        expect(ran).toBe(2 * steps.length - cancelled);
      }),
    );
  });
});
