/** Physical memory: whatever is allocated, shared and given back, every frame is somebody's or free, and counted once. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { checkFrames, FramePool } from "../../../simulator/machine/frames.ts";

const OWNERS = ["init", "shell", "guest", "page cache"] as const;

/** The plainest model: for every frame, how many references each owner has. */
type Model = Map<number, Map<string, number>>;

const operation = fc.record({
  what: fc.constantFrom("allocate", "allocate", "share", "share", "release", "releaseAll", "allocateRun"),
  owner: fc.constantFrom(...OWNERS),
  pick: fc.nat(1000),
  count: fc.integer({ min: 1, max: 4 }),
});

function carryOut(pool: FramePool, model: Model, step: typeof operation extends fc.Arbitrary<infer T> ? T : never) {
  const { owner } = step;
  const frames = [...model.keys()];
  const frame = frames[step.pick % Math.max(1, frames.length)];
  switch (step.what) {
    case "allocate": {
      const got = pool.allocate(owner);
      expect(got === undefined).toBe(model.size === pool.frames);
      if (got === undefined) return;
      expect(model.has(got)).toBe(false);
      model.set(got, new Map([[owner, 1]]));
      return;
    }
    case "allocateRun": {
      const first = pool.allocateRun(owner, step.count, step.count);
      if (first === undefined) return;
      expect(first % step.count).toBe(0);
      for (let at = first; at < first + step.count; at++) {
        expect(model.has(at)).toBe(false);
        model.set(at, new Map([[owner, 1]]));
      }
      return;
    }
    case "share": {
      if (frame === undefined) return;
      pool.share(frame, owner);
      const held = model.get(frame);
      held?.set(owner, (held.get(owner) ?? 0) + 1);
      return;
    }
    case "release": {
      const held = frame === undefined ? undefined : model.get(frame);
      if (frame === undefined || held === undefined) return;
      const references = held.get(owner);
      if (references === undefined) {
        expect(() => pool.release(frame, owner)).toThrow(RangeError);
        return;
      }
      if (references === 1) held.delete(owner);
      else held.set(owner, references - 1);
      expect(pool.release(frame, owner)).toBe(held.size === 0);
      if (held.size === 0) model.delete(frame);
      return;
    }
    case "releaseAll": {
      let freed = 0;
      for (const [at, held] of model) {
        if (held.delete(owner) && held.size === 0 && model.delete(at)) freed++;
      }
      expect(pool.releaseAll(owner)).toBe(freed);
      return;
    }
  }
}

test("no frame is lost, made, or given to two, whatever is done; and the counts are those of a plain model", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 24 }),
      fc.array(operation, { maxLength: 120, size: "max" }),
      (frames, steps) => {
        const pool = new FramePool({ frames });
        const model: Model = new Map();
        for (const step of steps) {
          carryOut(pool, model, step);
          expect(checkFrames(pool)).toEqual([]);
        }
        expect(new Map([...pool.held()].map((held) => [held.frame, new Map(held.references)]))).toEqual(
          new Map([...model].sort(([left], [right]) => left - right)),
        );
        for (const owner of OWNERS) {
          const own = [...model.values()].filter((held) => held.has(owner));
          const unique = own.filter((held) => held.size === 1).length;
          expect(pool.usage(owner)).toEqual({
            resident: own.length,
            unique,
            shared: own.length - unique,
            references: own.reduce((sum, held) => sum + (held.get(owner) ?? 0), 0),
          });
        }
        const shares = OWNERS.reduce((sum, owner) => sum + pool.proportionalBytes(owner), 0);
        expect(shares).toBeLessThanOrEqual(pool.used * pool.frameBytes);
        // Each owner's share is rounded down once for every number of sharers.
        expect(shares).toBeGreaterThan(pool.used * pool.frameBytes - OWNERS.length ** 2 - 1);
        expect(pool.saved).toBe([...model.values()].reduce((sum, held) => sum + held.size - 1, 0));
      },
    ),
    { numRuns: 300 },
  );
});

test("a frame that is shared is counted for both, saved once, and its last owner's own again when the other leaves", () => {
  const pool = new FramePool({ frames: 4 });
  const frame = pool.allocate("parent") ?? -1;
  pool.share(frame, "child");
  expect(pool.usage("parent")).toEqual({ resident: 1, unique: 0, shared: 1, references: 1 });
  expect([pool.used, pool.shared, pool.saved, pool.proportionalBytes("child")]).toEqual([1, 1, 1, 2048]);
  expect(pool.release(frame, "parent")).toBe(false);
  expect(pool.usage("child")).toEqual({ resident: 1, unique: 1, shared: 0, references: 1 });
  expect(pool.owners(frame)).toEqual(["child"]);
  expect(pool.release(frame, "child")).toBe(true);
  expect(pool.free).toBe(4);
});

test("what is free, or not there, can be neither shared nor given back", () => {
  const pool = new FramePool({ frames: 2 });
  expect(() => pool.share(0, "shell")).toThrow("frame 0");
  expect(() => pool.release(0, "shell")).toThrow("shell has no reference");
  expect(() => pool.share(2, "shell")).toThrow("no frame 2 of 2");
});

test("a run of frames lies where it has to, and the frames before it are still there to be taken", () => {
  const pool = new FramePool({ frames: 2048 });
  expect(pool.allocate("kernel")).toBe(0);
  expect(pool.allocateRun("guest", 512, 512)).toBe(512);
  expect(pool.free).toBe(2048 - 513);
  expect(pool.allocate("kernel")).toBe(1);
  expect(pool.allocateRun("guest", 1025)).toBe(undefined);
  expect(checkFrames(pool)).toEqual([]);
});
