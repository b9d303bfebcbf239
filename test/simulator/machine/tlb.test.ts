/** What a processor remembers of page tables: right after the right flush, stale where it was forgotten. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { FramePool } from "../../../simulator/machine/frames.ts";
import { Mmu } from "../../../simulator/machine/mmu.ts";
import { NestedPageTable } from "../../../simulator/machine/nested-walk.ts";
import { type Access, PageTable, type Rights, USER_PAGE } from "../../../simulator/machine/page-table.ts";
import { checkTlb, HOST_TAG, type Tag, Tlb } from "../../../simulator/machine/tlb.ts";

const READ: Access = { kind: "read", user: true };
const WRITE: Access = { kind: "write", user: true };

function emptyTable(): PageTable {
  const pool = new FramePool({ frames: 1000 });
  return new PageTable({
    take: () => pool.allocate("tables") ?? -1,
    give: (frame) => void pool.release(frame, "tables"),
  });
}

function frameAt(mmu: Mmu, tag: Tag, table: PageTable, page: number, access = READ): number | string {
  const found = mmu.translate(tag, table, page, access);
  return found.kind === "hit" ? found.frame : found.fault;
}

const TAGS: readonly Tag[] = [
  { guest: 0, space: 0 },
  { guest: 0, space: 1 },
  { guest: 1, space: 0 },
  { guest: 1, space: 1 },
];
const space = fc.nat(TAGS.length - 1);
const page = fc.nat(11);
const access: fc.Arbitrary<Access> = fc.record({ kind: fc.constantFrom("read", "write"), user: fc.constant(true) });
const rights: fc.Arbitrary<Rights> = fc.boolean().map((write) => ({ ...USER_PAGE, write }));
const operation = fc.oneof(
  fc.record({ what: fc.constant("use" as const), space, page, access }),
  fc.record({ what: fc.constant("use" as const), space, page, access }),
  fc.record({ what: fc.constant("change" as const), space, page, frame: fc.nat(1000), rights, flush: fc.nat(3) }),
);

test("with the right flush after every change, no access ever sees what the tables do not say", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 4 }),
      fc.array(operation, { maxLength: 150, size: "max" }),
      (sets, ways, steps) => {
        const mmu = new Mmu(new Tlb({ sets, ways }));
        const tables = TAGS.map(() => emptyTable());
        for (const step of steps) {
          const tag = TAGS[step.space] ?? HOST_TAG;
          const table = tables[step.space] ?? emptyTable();
          if (step.what === "use") {
            const seen = mmu.translate(tag, table, step.page, step.access);
            const real = table.lookup(step.page);
            const allowed = real !== undefined && (real.write || step.access.kind === "read");
            expect(seen.kind).toBe(allowed ? "hit" : "fault");
            if (seen.kind === "hit") expect(seen.frame).toBe(real?.frame);
            // The dirty bit reaches the table even where the TLB has the page.
            if (allowed && step.access.kind === "write") expect(real.dirty).toBe(true);
          } else {
            table.unmap(step.page);
            table.map(step.page, step.frame, step.rights);
            if (step.flush === 0) mmu.tlb.flushAddress(tag, step.page);
            else if (step.flush === 1) mmu.tlb.flushSpace(tag);
            else if (step.flush === 2) mmu.tlb.flushGuest(tag.guest);
            else mmu.tlb.flushAll();
          }
          expect(checkTlb(mmu.tlb)).toEqual([]);
        }
        const { hits, misses } = mmu.tlb.counters;
        expect(hits + misses).toBe(mmu.counters.translations);
        expect(mmu.counters.walks).toBe(misses);
      },
    ),
    { numRuns: 300 },
  );
});

test("where the flush was forgotten, a program goes on reading the page that is somebody else's by now", () => {
  const mmu = new Mmu(new Tlb({ sets: 1, ways: 4 }));
  const table = emptyTable();
  table.map(5, 100);
  expect(frameAt(mmu, HOST_TAG, table, 5)).toBe(100);
  table.unmap(5);
  expect(frameAt(mmu, HOST_TAG, table, 5)).toBe(100);
  mmu.tlb.flushAddress(HOST_TAG, 5);
  expect(frameAt(mmu, HOST_TAG, table, 5)).toBe("not present");
});

test("where the flush after fork was forgotten, the parent writes into the page that it shares with its child", () => {
  const mmu = new Mmu(new Tlb({ sets: 1, ways: 4 }));
  const table = emptyTable();
  table.map(5, 100);
  expect(frameAt(mmu, HOST_TAG, table, 5, WRITE)).toBe(100);
  table.protect(5, { write: false, copyOnWrite: true });
  expect(frameAt(mmu, HOST_TAG, table, 5, WRITE)).toBe(100);
  mmu.tlb.flushSpace(HOST_TAG);
  expect(frameAt(mmu, HOST_TAG, table, 5, WRITE)).toBe("copy on write");
});

test("a right that was added needs no flush: the processor walks again before it faults", () => {
  const mmu = new Mmu(new Tlb({ sets: 1, ways: 4 }));
  const table = emptyTable();
  table.map(5, 100, { ...USER_PAGE, write: false });
  expect(frameAt(mmu, HOST_TAG, table, 5)).toBe(100);
  table.protect(5, { write: true });
  expect(frameAt(mmu, HOST_TAG, table, 5, WRITE)).toBe(100);
});

test("each address space finds its own page under one address, and none of another's", () => {
  const mmu = new Mmu(new Tlb({ sets: 1, ways: 8 }));
  const tables = TAGS.map((_, index) => {
    const table = emptyTable();
    table.map(9, 10 + index);
    return table;
  });
  for (let round = 0; round < 2; round++) {
    expect(TAGS.map((tag, index) => frameAt(mmu, tag, tables[index] ?? emptyTable(), 9))).toEqual([10, 11, 12, 13]);
  }
  expect(mmu.tlb.counters).toMatchObject({ hits: 4, misses: 4 });
});

test("without tags every change of the address space begins with misses; with them it does not", () => {
  const misses = [false, true].map((tagged) => {
    const mmu = new Mmu(new Tlb({ sets: 4, ways: 4 }));
    const tables = [emptyTable(), emptyTable()];
    for (const table of tables) for (let at = 0; at < 4; at++) table.map(at, at);
    for (let round = 0; round < 10; round++) {
      const table = tables[round % 2] ?? emptyTable();
      const tag = { guest: 0, space: tagged ? round % 2 : 0 };
      if (!tagged) mmu.tlb.flushSpace(tag);
      for (let at = 0; at < 4; at++) mmu.translate(tag, table, at, READ);
    }
    return mmu.tlb.counters.misses;
  });
  expect(misses).toEqual([40, 8]);
});

test("a page fault drops what was remembered of its address, though nobody flushed", () => {
  const mmu = new Mmu(new Tlb({ sets: 1, ways: 4 }));
  const table = emptyTable();
  table.map(5, 100, { ...USER_PAGE, write: false });
  expect(frameAt(mmu, HOST_TAG, table, 5)).toBe(100);
  table.unmap(5);
  expect(frameAt(mmu, HOST_TAG, table, 5)).toBe(100);
  expect(frameAt(mmu, HOST_TAG, table, 5, WRITE)).toBe("not present");
  expect(frameAt(mmu, HOST_TAG, table, 5)).toBe("not present");
});

test("a kernel's global pages outlive a change of the address space, but not the flush of their guest", () => {
  const tlb = new Tlb({ sets: 1, ways: 8 });
  const table = emptyTable();
  table.map(3, 30);
  new Mmu(tlb).translate({ guest: 0, space: 1 }, table, 3, READ, true);
  tlb.flushSpace({ guest: 0, space: 1 });
  expect(tlb.lookup({ guest: 0, space: 2 }, 3, READ)).toBe(30);
  expect(tlb.lookup({ guest: 1, space: 2 }, 3, READ)).toBe(undefined);
  tlb.flushGuest(0);
  expect(tlb.lookup({ guest: 0, space: 2 }, 3, READ)).toBe(undefined);
});

test("what was used least recently makes room, not what has been there the longest", () => {
  const mmu = new Mmu(new Tlb({ sets: 1, ways: 3 }));
  const table = emptyTable();
  for (let at = 0; at < 4; at++) table.map(at, at);
  for (const at of [0, 1, 2, 0, 3]) mmu.translate(HOST_TAG, table, at, READ);
  expect(
    mmu.tlb
      .entries()
      .map((entry) => entry.page)
      .sort(),
  ).toEqual([0, 2, 3]);
});

test("what was used least recently makes room, so that a loop over one page more than fits always misses", () => {
  const counters = [4, 5].map((pages) => {
    const mmu = new Mmu(new Tlb({ sets: 1, ways: 4 }));
    const table = emptyTable();
    for (let at = 0; at < pages; at++) table.map(at, at);
    for (let round = 0; round < 10; round++) {
      for (let at = 0; at < pages; at++) mmu.translate(HOST_TAG, table, at, READ);
    }
    return mmu.tlb.counters;
  });
  expect(counters.map(({ hits, misses, evicted }) => [hits, misses, evicted])).toEqual([
    [36, 4, 0],
    [0, 50, 46],
  ]);
});

test("one entry covers a large page, and a flush of any address in it drops all of it", () => {
  const mmu = new Mmu(new Tlb({ sets: 4, ways: 1 }));
  const table = emptyTable();
  table.map(512, 1024, USER_PAGE, 2);
  for (let at = 512; at < 1024; at++) expect(frameAt(mmu, HOST_TAG, table, at)).toBe(at + 512);
  expect(mmu.tlb.counters).toMatchObject({ hits: 511, misses: 1 });
  mmu.tlb.flushAddress(HOST_TAG, 700);
  expect(mmu.tlb.size).toBe(0);
});

/** A guest of one page, 9, in its frame 5; its memory is the host's frames from 512, in pages of a size. */
function guestAndHost(hostLevel: 1 | 2, writable = true) {
  const guest = emptyTable();
  const host = emptyTable();
  const rights = { ...USER_PAGE, execute: true, write: writable };
  if (hostLevel === 2) host.map(0, 512, rights, 2);
  else for (let at = 0; at < 512; at++) host.map(at, 512 + at, rights);
  guest.map(9, 500, { ...USER_PAGE, execute: true });
  return { guest, host, nested: new NestedPageTable(guest, host), mmu: new Mmu(new Tlb({ sets: 4, ways: 4 })) };
}

const GUEST: Tag = { guest: 7, space: 3 };

test("a guest's translation is remembered whole: 24 references once, none from then on", () => {
  const { nested, mmu } = guestAndHost(1);
  const references = [1, 2, 3].map(() => {
    const found = mmu.translate(GUEST, nested, 9, READ);
    return found.kind === "hit" && [found.frame, found.references];
  });
  expect(references).toEqual([
    [1012, 24],
    [1012, 0],
    [1012, 0],
  ]);
});

test("what is remembered of a guest's page is as large as the smaller of the two, and allows what both allow", () => {
  const small = guestAndHost(2);
  small.mmu.translate(GUEST, small.nested, 9, READ);
  expect(small.mmu.tlb.entries()).toMatchObject([{ page: 9, level: 1, frame: 1012, write: true, execute: true }]);
  const large = guestAndHost(1);
  large.guest.map(512, 0, USER_PAGE, 2);
  large.mmu.translate(GUEST, large.nested, 520, READ);
  expect(large.mmu.tlb.entries()).toMatchObject([{ page: 520, level: 1, frame: 520 }]);
  const guarded = guestAndHost(1, false);
  guarded.mmu.translate(GUEST, guarded.nested, 9, READ);
  expect(guarded.mmu.tlb.entries()).toMatchObject([{ write: false }]);
  expect(guarded.mmu.translate(GUEST, guarded.nested, 9, WRITE)).toMatchObject({
    kind: "nested fault",
    fault: "read-only",
    guestFrame: 500,
  });
  guarded.host.protect(500, { execute: false });
  guarded.mmu.translate(GUEST, guarded.nested, 9, READ);
  expect(guarded.mmu.tlb.entries()).toMatchObject([{ execute: false }]);
});

test("both sides see a guest's write as dirty, and see it again after either has forgotten it and flushed", () => {
  const { guest, host, nested, mmu } = guestAndHost(1);
  const dirty = () => [guest.lookup(9)?.dirty, host.lookup(500)?.dirty];
  mmu.translate(GUEST, nested, 9, READ);
  expect(dirty()).toEqual([false, false]);
  mmu.translate(GUEST, nested, 9, WRITE);
  expect(dirty()).toEqual([true, true]);
  // As a migration does it, round by round.
  host.clear(500, "dirty");
  mmu.tlb.flushGuest(GUEST.guest);
  mmu.translate(GUEST, nested, 9, READ);
  mmu.translate(GUEST, nested, 9, WRITE);
  expect(dirty()).toEqual([true, true]);
});

test("a host that takes a page back has to flush its guest, which goes on using it otherwise", () => {
  const { host, nested, mmu } = guestAndHost(1);
  mmu.translate(GUEST, nested, 9, WRITE);
  host.unmap(500);
  expect(mmu.translate(GUEST, nested, 9, WRITE)).toMatchObject({ kind: "hit", frame: 1012 });
  mmu.tlb.flushGuest(0);
  expect(mmu.translate(GUEST, nested, 9, WRITE)).toMatchObject({ kind: "hit", frame: 1012 });
  mmu.tlb.flushGuest(GUEST.guest);
  expect(mmu.translate(GUEST, nested, 9, WRITE)).toMatchObject({ kind: "nested fault", fault: "not present" });
});
