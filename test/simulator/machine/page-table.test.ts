/** Page tables against a plain map, and what a walk costs, with one dimension and with two. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { checkFrames, FramePool } from "../../../simulator/machine/frames.ts";
import { NestedPageTable } from "../../../simulator/machine/nested-walk.ts";
import {
  type Access,
  PageTable,
  pagesOf,
  type Rights,
  USER_PAGE,
  VIRTUAL_PAGES,
} from "../../../simulator/machine/page-table.ts";

const READ: Access = { kind: "read", user: true };
const WRITE: Access = { kind: "write", user: true };

function tablesIn(pool: FramePool, owner = "page tables") {
  return {
    take: () => {
      const frame = pool.allocate(owner);
      if (frame === undefined) throw new RangeError("the test's pool is too small");
      return frame;
    },
    give: (frame: number) => void pool.release(frame, owner),
  };
}

/** Few pages, but some that share all tables, some that share none, and both ends of the address space. */
const PAGES = [0, 1, 511, 512, 513, 512 ** 2, 512 ** 3 + 5, VIRTUAL_PAGES / 2, VIRTUAL_PAGES - 512, VIRTUAL_PAGES - 1];
const page = fc.constantFrom(...PAGES);
const rights: fc.Arbitrary<Rights> = fc
  .record({ write: fc.boolean(), user: fc.boolean(), execute: fc.boolean(), copyOnWrite: fc.boolean() })
  .map((drawn) => ({ ...drawn, copyOnWrite: drawn.copyOnWrite && !drawn.write }));
const access: fc.Arbitrary<Access> = fc.record({
  kind: fc.constantFrom("read", "write", "execute"),
  user: fc.boolean(),
});
const operation = fc.oneof(
  fc.record({ what: fc.constant("map" as const), page, rights, frame: fc.nat(100_000) }),
  fc.record({ what: fc.constant("unmap" as const), page }),
  fc.record({ what: fc.constant("protect" as const), page, rights }),
  fc.record({ what: fc.constant("translate" as const), page, access }),
);

interface Expected {
  frame: number;
  rights: Rights;
  accessed: boolean;
  dirty: boolean;
}

/** The rule in one expression, written apart from the code under test. */
function allowed({ write, user, execute }: Rights, { kind, user: byUser }: Access): boolean {
  return (user || !byUser) && (kind !== "write" || write) && (kind !== "execute" || execute);
}

test("translates what a plain map says, faults where it has nothing or forbids it, and leaves no table behind", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60, size: "max" }), (steps) => {
      const pool = new FramePool({ frames: 200 });
      const table = new PageTable(tablesIn(pool));
      const model = new Map<number, Expected>();
      for (const step of steps) {
        const known = model.get(step.page);
        if (step.what === "map") {
          const map = () => table.map(step.page, step.frame, step.rights);
          if (known !== undefined) expect(map).toThrow("mapped already");
          else {
            map();
            model.set(step.page, { frame: step.frame, rights: step.rights, accessed: false, dirty: false });
          }
        } else if (step.what === "unmap") {
          expect(table.unmap(step.page)?.frame).toBe(known?.frame);
          model.delete(step.page);
        } else if (step.what === "protect") {
          const protect = () => table.protect(step.page, step.rights);
          if (known === undefined) expect(protect).toThrow("not mapped");
          else {
            protect();
            known.rights = step.rights;
          }
        } else {
          const found = table.translate(step.page, step.access);
          expect(found.references).toBeLessThanOrEqual(4);
          const fine = known !== undefined && allowed(known.rights, step.access);
          expect(found.kind).toBe(fine ? "hit" : "fault");
          if (found.kind === "fault") expect(found.errorCode % 2).toBe(known === undefined ? 0 : 1);
          if (found.kind !== "hit" || known === undefined) continue;
          expect([found.frame, found.references]).toEqual([known.frame, 4]);
          known.accessed = true;
          known.dirty ||= step.access.kind === "write";
        }
        expect(table.mappedPages).toBe(model.size);
      }
      const wanted = [...model].sort(([left], [right]) => left - right);
      expect([...table.mappings()]).toEqual(
        wanted.map(([at, { frame, rights: held, accessed, dirty }]) => ({
          page: at,
          level: 1,
          frame,
          ...held,
          accessed,
          dirty,
        })),
      );
      expect(table.tables).toBe(pool.used);
      expect(checkFrames(pool)).toEqual([]);
      for (const at of model.keys()) table.unmap(at);
      expect(pool.used).toBe(1);
      table.destroy();
      expect(pool.used).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test.each([
  ["nothing is there", undefined, READ, "not present", 0b00100],
  ["a kernel writes where nothing is", undefined, { kind: "write", user: false }, "not present", 0b00010],
  ["a program writes to a read-only page", { ...USER_PAGE, write: false }, WRITE, "read-only", 0b00111],
  ["it is marked copy-on-write", { ...USER_PAGE, write: false, copyOnWrite: true }, WRITE, "copy on write", 0b00111],
  ["a program reads a page of the kernel", { ...USER_PAGE, user: false }, READ, "supervisor only", 0b00101],
  ["instructions lie in data", USER_PAGE, { kind: "execute", user: true }, "no execute", 0b10101],
  ["a kernel writes to a read-only page", { ...USER_PAGE, write: false }, { ...WRITE, user: false }, "read-only", 0b11],
] as const)("faults where %s, with the processor's error code", (_, held, wanted, fault, errorCode) => {
  const table = new PageTable(tablesIn(new FramePool({ frames: 10 })));
  if (held !== undefined) table.map(7, 1, held);
  expect(table.translate(7, wanted)).toMatchObject({ kind: "fault", fault, errorCode });
});

test("a walk ends where the tables end: the first access to an empty address space reads one entry", () => {
  const table = new PageTable(tablesIn(new FramePool({ frames: 10 })));
  expect(table.translate(0, READ).references).toBe(1);
  table.map(0, 5);
  expect(table.translate(0, READ).references).toBe(4);
  expect(table.translate(1, READ).references).toBe(4);
  expect(table.translate(512, READ).references).toBe(3);
});

test("a large page is one entry higher up, and every page within it is found", () => {
  const pool = new FramePool({ frames: 10 });
  const table = new PageTable(tablesIn(pool));
  table.map(1024, 512 * 7, USER_PAGE, 2);
  table.map(512 ** 2, 512 ** 2 * 3, USER_PAGE, 3);
  expect(table.translate(1024 + 300, READ)).toMatchObject({ frame: 512 * 7 + 300, references: 3 });
  expect(table.translate(512 ** 2 + 12_345, READ)).toMatchObject({ frame: 512 ** 2 * 3 + 12_345, references: 2 });
  expect(table.mappedPages).toBe(pagesOf(2) + pagesOf(3));
  expect(() => table.map(1024 + 5, 1)).toThrow("a large page");
  expect(() => table.map(1, 512, USER_PAGE, 2)).toThrow("multiples of 512");
  expect(table.unmap(1024 + 300)?.frame).toBe(512 * 7);
  expect(table.tables).toBe(2);
});

test("accessed and dirty are set by use alone, and can be forgotten again", () => {
  const table = new PageTable(tablesIn(new FramePool({ frames: 10 })));
  table.map(3, 9);
  expect(table.lookup(3)).toMatchObject({ accessed: false, dirty: false });
  table.translate(3, READ);
  expect(table.lookup(3)).toMatchObject({ accessed: true, dirty: false });
  table.translate(3, WRITE);
  expect(table.lookup(3)).toMatchObject({ accessed: true, dirty: true });
  table.clear(3, "dirty");
  expect(table.lookup(3)).toMatchObject({ accessed: true, dirty: false });
});

/** A guest whose memory is all mapped by its host, with pages of a size on each side. */
function guestOn(hostLevel: 1 | 2, guestLevel: 1 | 2) {
  const machine = new FramePool({ frames: 4096 });
  const memory = new FramePool({ frames: 2048 });
  const host = new PageTable(tablesIn(machine));
  const guest = new PageTable(tablesIn(memory));
  const covers = pagesOf(hostLevel);
  for (let at = 0; at < memory.frames; at += covers) {
    host.map(at, machine.allocateRun("guest", covers, covers) ?? -1, USER_PAGE, hostLevel);
  }
  const data = memory.allocateRun("program", pagesOf(guestLevel), pagesOf(guestLevel)) ?? -1;
  guest.map(0, data, USER_PAGE, guestLevel);
  return { nested: new NestedPageTable(guest, host), host, guest, data };
}

test.each([
  ["small pages on both sides", 1, 1, 24, 4],
  ["large pages in the host", 2, 1, 19, 4],
  ["large pages in the guest", 1, 2, 19, 3],
  ["large pages on both sides", 2, 2, 15, 3],
] as const)(
  "a walk under a hypervisor, %s, reads entries for entries",
  (_, hostLevel, guestLevel, nestedReferences, own) => {
    const { nested, guest, host, data } = guestOn(hostLevel, guestLevel);
    const found = nested.translate(0, READ);
    expect(found).toMatchObject({ kind: "hit", references: nestedReferences, guestFrame: data });
    expect(found.kind === "hit" && "hostReferences" in found && found.guestReferences + found.hostReferences).toBe(
      nestedReferences,
    );
    expect(guest.translate(0, READ).references).toBe(own);
    expect(found.kind === "hit" && found.frame).toBe(host.lookup(data) && frameOf(host, data));
  },
);

function frameOf(table: PageTable, at: number): number {
  const found = table.translate(at, READ);
  return found.kind === "hit" ? found.frame : -1;
}

test("translating twice over is translating once and then again, wherever both are allowed; else somebody's fault", () => {
  const frame = fc.integer({ min: 0, max: 40 });
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.record({ page, frame, rights }), { selector: ({ page: at }) => at, maxLength: 8 }),
      fc.uniqueArray(fc.record({ page: frame, to: fc.nat(500), write: fc.boolean() }), {
        selector: ({ page: at }) => at,
        maxLength: 41,
        size: "max",
      }),
      page,
      access,
      (inner, outer, asked, wanted) => {
        const memory = new FramePool({ frames: 200 });
        memory.allocateRun("data", 41);
        const guest = new PageTable(tablesIn(memory));
        const host = new PageTable(tablesIn(new FramePool({ frames: 200 })));
        for (const mapping of inner) guest.map(mapping.page, mapping.frame, mapping.rights);
        for (const { page: at, to, write } of outer) host.map(at, to, { ...USER_PAGE, write, execute: true });
        // The guest's tables are always there; its data perhaps.
        for (const { frame: at } of memory.held()) if (at > 40) host.map(at, 1000 + at);
        const found = new NestedPageTable(guest, host).translate(asked, wanted);
        const once = guest.translate(asked, wanted);
        if (once.kind === "fault") {
          expect(found).toMatchObject({ kind: "fault", fault: once.fault, errorCode: once.errorCode });
          return;
        }
        const twice = host.translate(once.frame, { ...wanted, user: true });
        if (twice.kind === "hit") expect(found).toMatchObject({ kind: "hit", frame: twice.frame });
        else expect(found).toMatchObject({ kind: "nested fault", fault: twice.fault, guestFrame: once.frame });
      },
    ),
    { numRuns: 300 },
  );
});

test("a guest whose page table lies in memory that the host has taken back stops before it is read", () => {
  const { nested, guest, host } = guestOn(1, 1);
  host.unmap(guest.root);
  expect(nested.translate(0, READ)).toMatchObject({
    kind: "nested fault",
    fault: "not present",
    during: "guest table",
    guestFrame: guest.root,
    references: 4,
  });
});
