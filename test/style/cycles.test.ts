/** The walk that looks for cycles finds those that are there, and no others. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { findCycles } from "./cycles.ts";

const graph = (edges: Record<string, string[]>) => new Map(Object.entries(edges));

test("a module that imports itself is a cycle", () => {
  expect(findCycles(graph({ a: ["a"] }))).toEqual([["a", "a"]]);
});

test("a cycle is found from wherever the walk comes to it", () => {
  expect(findCycles(graph({ a: ["b"], b: ["c"], c: ["d"], d: ["b"] }))).toEqual([["b", "c", "d", "b"]]);
});

test("two ways to one module are no cycle", () => {
  expect(findCycles(graph({ a: ["b", "c"], b: ["d"], c: ["d"], d: [] }))).toEqual([]);
});

test("what is outside of the graph is passed over", () => {
  expect(findCycles(graph({ a: ["node:fs"] }))).toEqual([]);
});

test("modules that import only what comes after them have no cycle, and one import back makes one", () => {
  const edge = fc.tuple(fc.nat(19), fc.nat(19)).filter(([from, to]) => from < to);
  fc.assert(
    fc.property(fc.array(edge), fc.nat(18), (edges, start) => {
      const straight = new Map(Array.from({ length: 20 }, (_, index) => [String(index), [] as string[]]));
      for (const [from, to] of edges) straight.get(String(from))?.push(String(to));
      straight.get(String(start))?.push(String(start + 1));
      expect(findCycles(straight)).toEqual([]);
      straight.get(String(start + 1))?.push(String(start));
      expect(findCycles(straight).length).toBeGreaterThan(0);
    }),
  );
});
