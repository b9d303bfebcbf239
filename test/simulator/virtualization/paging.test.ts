/** Paging in two dimensions: each side handles its own faults, and nobody sees the other's. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { checkFrames } from "../../../simulator/machine/frames.ts";
import { GuestMemory } from "../../../simulator/virtualization/guest-memory.ts";
import { GuestPaging } from "../../../simulator/virtualization/guest-paging.ts";
import { HostMemory } from "../../../simulator/virtualization/host-memory.ts";

const pages = (count: number) => Array.from({ length: count }, (_, page) => page);
const access = fc.record({
  page: fc.integer({ min: 0, max: 2 ** 30 }),
  kind: fc.constantFrom("read" as const, "write" as const),
});

function guest(size: number) {
  const host = new HostMemory(4 * size, 4096);
  const memory = new GuestMemory(host, "guest", size);
  return { host, memory, paging: new GuestPaging(memory, pages(size)) };
}

test("every access succeeds, with one guest fault a new page, exits for what the host has not given, and 24 references at most", () => {
  fc.assert(
    fc.property(fc.array(access, { maxLength: 40 }), (accesses) => {
      const { host, memory, paging } = guest(400);
      for (const { page, kind } of accesses) {
        const first = paging.access(page, { kind, user: true });
        expect(paging.access(page, { kind, user: true })).toMatchObject({ frame: first.frame, references: 24 });
      }
      const { guestFaults, exits } = paging.counters;
      expect(guestFaults).toBe(new Set(accesses.map(({ page }) => page)).size);
      expect(exits).toBe(memory.counters.violations);
      expect(exits).toBe(memory.resident);
      expect(checkFrames(host.pool)).toEqual([]);
    }),
  );
});

test("what the guest has touched once is no exit any more, whatever its kernel does with it", () => {
  const { paging } = guest(100);
  paging.access(7, { kind: "write", user: true });
  const { exits } = paging.counters;
  for (let round = 0; round < 50; round++) paging.access(7, { kind: "write", user: true });
  expect(paging.counters.exits).toBe(exits);
});
