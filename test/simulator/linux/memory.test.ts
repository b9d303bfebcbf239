/** A kernel's memory: no frame is lost or charged twice, writes are seen by those who should, and a limit holds. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Inode, type Store } from "../../../simulator/linux/files/inode.ts";
import { Layer, Overlay } from "../../../simulator/linux/files/overlay.ts";
import { AddressSpace } from "../../../simulator/linux/memory/address-space.ts";
import { Memory, noEffort, type OomCandidate, oomScore } from "../../../simulator/linux/memory/memory.ts";
import type { MemoryGroup, MemoryGroupOptions } from "../../../simulator/linux/memory/memory-group.ts";
import { checkFrames, FRAME_BYTES, FramePool } from "../../../simulator/machine/frames.ts";

const DISK: Store = { name: "disk", onDisk: true };
const PAGES = 8;
const MIB = 1024 * 1024;

interface Program extends OomCandidate {
  readonly space: AddressSpace;
  readonly alive: boolean;
}

/** A machine with processes that are nothing but an address space. */
function machine(frames: number) {
  const pool = new FramePool({ frames });
  const programs: Program[] = [];
  const memory: Memory = new Memory({ pool, candidates: () => programs.filter(({ alive }) => alive) });
  let count = 0;
  const begin = (group: MemoryGroup, oomScoreAdjust = 0, from?: Program): Program => {
    const owner = `p${++count}`;
    const life = { alive: true };
    const isGone = () => !life.alive;
    const space =
      from === undefined
        ? new AddressSpace({ memory, owner, group, isGone })
        : from.space.fork(owner, group, isGone).child;
    const program: Program = {
      name: owner,
      group,
      oomScoreAdjust,
      space,
      get alive() {
        return life.alive;
      },
      get residentFrames() {
        return space.residentFrames + space.tableFrames;
      },
      kill() {
        life.alive = false;
        space.destroy();
      },
    };
    programs.push(program);
    return program;
  };
  const end = (program: Program) => {
    if (program.alive) program.kill("out of memory");
  };
  return { pool, memory, programs, begin, end };
}

function heap(program: Program, pages = PAGES): Program {
  program.space.map({
    name: "heap",
    start: 0,
    pages,
    write: true,
    execute: false,
    backing: { kind: "anonymous", shared: false },
  });
  return program;
}

type Step =
  | { readonly kind: "write" | "read"; readonly who: number; readonly page: number; readonly value: number }
  | { readonly kind: "fork" | "exit" | "pressure"; readonly who: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constantFrom("write" as const, "read" as const),
    who: fc.nat(20),
    page: fc.nat(2 * PAGES - 1),
    value: fc.integer({ min: 1, max: 1e6 }),
  }),
  fc.record({
    kind: fc.constantFrom("fork" as const, "fork" as const, "exit" as const, "pressure" as const),
    who: fc.nat(20),
  }),
);

describe("address spaces", () => {
  test("each see their own writes and what was there before the fork, never what the other wrote later", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const { pool, memory, programs, begin, end } = machine(4096);
        const file = new Inode(1, "/bin/program", DISK, PAGES * FRAME_BYTES, 77);
        const first = heap(begin(memory.root));
        const backing = { kind: "file", inode: file, firstPage: 0, shared: false } as const;
        first.space.map({ name: "data", start: PAGES, pages: PAGES, write: true, execute: false, backing });
        // What each one should see, kept the plain way: a copy of everything at every fork.
        const expected = new Map<Program, number[]>([
          [first, Array.from({ length: 2 * PAGES }, (_, page) => (page < PAGES ? 0 : 77))],
        ]);
        for (const one of steps) {
          const alive = programs.filter((program) => program.alive);
          const program = alive[one.who % Math.max(1, alive.length)];
          if (program === undefined) break;
          const seen = expected.get(program) ?? [];
          if (one.kind === "fork") expected.set(begin(memory.root, 0, program), [...seen]);
          if (one.kind === "exit") end(program);
          if (one.kind === "pressure") memory.reclaim(memory.root, 1, noEffort());
          if (one.kind === "write" || one.kind === "read") {
            program.space.touch(one.page, one.kind, one.value);
            if (one.kind === "write") seen[one.page] = one.value;
            expect(program.space.peek(one.page)).toBe(seen[one.page]);
          }
        }
        for (const program of programs.filter(({ alive }) => alive)) {
          for (let page = 0; page < 2 * PAGES; page++) {
            program.space.touch(page, "read");
            expect(program.space.peek(page)).toBe(expected.get(program)?.[page]);
          }
        }
        expect(checkFrames(pool)).toEqual([]);
        expect(memory.check([memory.root])).toEqual([]);
        for (const program of programs) end(program);
        memory.reclaim(memory.root, pool.frames, noEffort());
        expect(pool.used).toBe(0);
        expect(memory.root.frames).toBe(0);
      }),
    );
  });

  test("copy nothing at fork but the table, and a page only when somebody writes to it", () => {
    const { pool, memory, begin } = machine(4096);
    const parent = heap(begin(memory.root), 256);
    for (let page = 0; page < 256; page++) parent.space.touch(page, "write", page + 1);
    const before = pool.used;
    const child = begin(memory.root, 0, parent);
    expect(pool.used - before).toBe(child.space.tableFrames);
    expect(child.space.touch(3, "write", 9).touch).toBe("copy on write");
    expect(pool.used - before).toBe(child.space.tableFrames + 1);
    expect(parent.space.touch(3, "write", 9).touch).toBe("last owner");
    expect(parent.space.touch(3, "write", 9).touch).toBe("mapped");
    expect(parent.space.peek(4)).toBe(5);
  });

  test("get a page of zeros for nothing until they write to it", () => {
    const { pool, memory, begin } = machine(64);
    const program = heap(begin(memory.root));
    expect(program.space.touch(0, "read").touch).toBe("zero page");
    const used = pool.used;
    expect(program.space.touch(1, "read").touch).toBe("zero page");
    expect(pool.used).toBe(used);
    expect(program.space.touch(1, "write", 5).touch).toBe("copy on write");
    expect(pool.used).toBe(used + 1);
    expect(program.space.touch(PAGES, "read").touch).toBe("segmentation fault");
  });

  test("of two programs of one file share its frames, and the second needs no disk", () => {
    const { pool, memory, begin } = machine(256);
    const file = new Inode(1, "/bin/program", DISK, PAGES * FRAME_BYTES, 7);
    const touched = [1, 2].map(() => {
      const program = begin(memory.root);
      const backing = { kind: "file", inode: file, firstPage: 0, shared: false } as const;
      program.space.map({ name: "text", start: 0, pages: PAGES, write: false, execute: true, backing });
      return Array.from({ length: PAGES }, (_, page) => program.space.touch(page, "read").touch);
    });
    expect(new Set(touched[0])).toEqual(new Set(["disk"]));
    expect(new Set(touched[1])).toEqual(new Set(["page cache"]));
    expect(pool.shared).toBe(PAGES);
  });
});

describe("a memory limit", () => {
  const limited = (frames: number, options: MemoryGroupOptions) => {
    const made = machine(frames);
    return { ...made, group: made.memory.group("container", options) };
  };

  test("is never gone over, whatever happens; what is killed for it is inside", () => {
    const actions = fc.array(
      fc.record({
        who: fc.nat(5),
        page: fc.nat(63),
        kind: fc.constantFrom("write", "file", "fork", "outside"),
      }),
      { maxLength: 300 },
    );
    fc.assert(
      fc.property(actions, fc.integer({ min: 12, max: 60 }), (list, maxFrames) => {
        const { pool, memory, group, begin, programs } = limited(2048, { maxBytes: maxFrames * FRAME_BYTES });
        const file = new Inode(1, "/data", DISK, 64 * FRAME_BYTES, 3);
        const outside = heap(begin(memory.root), 64);
        heap(begin(group), 64);
        for (const { who, page, kind } of list) {
          const inside = programs.filter(({ alive, group: of }) => alive && of === group);
          const program = inside[who % Math.max(1, inside.length)];
          if (kind === "outside") outside.space.touch(page, "write", 1);
          else if (kind === "file") memory.load(file, page, group, noEffort());
          else if (program === undefined) heap(begin(group), 64);
          else if (kind === "write") program.space.touch(page, "write", 1);
          else {
            try {
              begin(group, 0, program);
            } catch (error) {
              expect(error).toHaveProperty("name", "NoMemoryError");
            }
          }
          expect(memory.check([memory.root, group])).toEqual([]);
        }
        expect(outside.alive).toBe(true);
        expect(checkFrames(pool)).toEqual([]);
        expect(group.events.oom_kill).toBe(programs.filter(({ alive, group: of }) => !alive && of === group).length);
      }),
    );
  });

  test("drops clean pages of files before it kills anybody", () => {
    const { memory, group, begin } = limited(2048, { maxBytes: 40 * FRAME_BYTES });
    const file = new Inode(1, "/data", DISK, 30 * FRAME_BYTES);
    for (let page = 0; page < 30; page++) memory.load(file, page, group, noEffort());
    const program = heap(begin(group), 64);
    for (let page = 0; page < 30; page++) program.space.touch(page, "write", 1);
    expect(program.alive).toBe(true);
    expect(group.events).toMatchObject({ oom: 0, oom_kill: 0 });
    expect(group.events.max).toBeGreaterThan(0);
    for (let page = 30; page < 64 && program.alive; page++) program.space.touch(page, "write", 1);
    expect(program.alive).toBe(false);
    expect(group.events).toMatchObject({ oom: 1, oom_kill: 1 });
    expect(group.frames).toBeLessThanOrEqual(30);
  });

  test("takes a program's own text from it before it kills, and gives it back by a major fault", () => {
    const { memory, group, begin, pool } = limited(2048, { maxBytes: 40 * FRAME_BYTES });
    const file = new Inode(1, "/bin/program", DISK, 20 * FRAME_BYTES, 9);
    const program = heap(begin(group), 64);
    const backing = { kind: "file", inode: file, firstPage: 0, shared: false } as const;
    program.space.map({ name: "text", start: 1000, pages: 20, write: false, execute: true, backing });
    for (let page = 0; page < 20; page++) program.space.touch(1000 + page, "read");
    for (let page = 0; page < 25; page++) program.space.touch(page, "write", page + 1);
    expect(program.alive).toBe(true);
    expect(memory.cache.size).toBeLessThan(20);
    expect(program.space.touch(1000, "read").touch).toBe("disk");
    expect(program.space.peek(1000)).toBe(9);
    for (let page = 0; page < 25; page++) expect(program.space.peek(page)).toBe(page + 1);
    expect(checkFrames(pool)).toEqual([]);
  });

  test("writes dirty pages before it drops them", () => {
    const { memory, group } = limited(2048, { maxBytes: 8 * FRAME_BYTES });
    const file = new Inode(1, "/log", DISK, 0);
    const effort = noEffort();
    for (let page = 0; page < 20; page++) {
      file.extendTo((page + 1) * FRAME_BYTES);
      const loaded = memory.load(file, page, group, effort);
      if (loaded !== undefined) memory.store(loaded.cached.frame, page + 1);
    }
    expect(effort.written).toBeGreaterThanOrEqual(12);
    for (let page = 0; page < 12; page++) expect(file.block(page)).toBe(page + 1);
  });

  test("kills who has most, unless it is told to spare or to prefer somebody", () => {
    const victimOf = (adjust: readonly number[]) => {
      const { memory, group, begin, programs } = limited(2048, { maxBytes: 200 * FRAME_BYTES });
      const list = adjust.map((value) => heap(begin(group, value), 256));
      for (const [index, program] of list.entries()) {
        for (let page = 0; page < 20 * (index + 1); page++) program.space.touch(page, "write", 1);
      }
      memory.setMax(group, 100 * FRAME_BYTES);
      return programs.findIndex(({ alive }) => !alive);
    };
    expect(victimOf([0, 0, 0])).toBe(2);
    expect(victimOf([0, 0, -1000])).toBe(1);
    expect(victimOf([900, 0, 0])).toBe(0);
  });

  test("with memory.oom.group takes everybody inside", () => {
    const { group, begin, programs } = limited(2048, { maxBytes: 60 * FRAME_BYTES, killAll: true });
    heap(begin(group), 4).space.touch(0, "write", 1);
    const greedy = heap(begin(group), 256);
    for (let page = 0; page < 256 && greedy.alive; page++) greedy.space.touch(page, "write", 1);
    expect(programs.every(({ alive }) => !alive)).toBe(true);
    expect(group.events).toMatchObject({ oom_group_kill: 1, oom_kill: 2 });
  });

  test("of a group holds for the groups below it together", () => {
    const { memory, group, begin } = limited(2048, { maxBytes: 50 * FRAME_BYTES });
    const children = ["a", "b"].map((name) => memory.group(name, {}, group));
    for (const child of children) {
      const program = heap(begin(child), 64);
      for (let page = 0; page < 30 && program.alive; page++) program.space.touch(page, "write", 1);
    }
    expect(group.events.oom_kill).toBe(1);
    expect(memory.check([memory.root, group, ...children])).toEqual([]);
  });

  test("shows as oom_score what proc(5) says: half of all memory is a thousand", () => {
    const of = (residentFrames: number, oomScoreAdjust: number) => {
      const { memory } = machine(1);
      return oomScore({ name: "p", group: memory.root, residentFrames, oomScoreAdjust, kill: () => {} }, 1000);
    };
    expect(of(0, 0)).toBe(666);
    expect(of(500, 0)).toBe(1000);
    expect(of(0, -1000)).toBe(0);
    expect(of(1000, 1000)).toBe(2000);
  });
});

describe("layers", () => {
  const image = () => {
    const made = machine(4096);
    let ids = 0;
    const nextInode = () => ++ids;
    const base = new Layer("image", DISK);
    base.set("/etc/conf", new Inode(nextInode(), "/etc/conf", DISK, 4096, 1));
    base.set("/lib/big", new Inode(nextInode(), "/lib/big", DISK, MIB, 2));
    const container = (name: string) => new Overlay({ lower: [base], upper: new Layer(name, DISK), nextInode });
    return { ...made, base, a: container("a"), b: container("b") };
  };

  test("below are shared: what one container has read, the other finds in memory", () => {
    const { memory, a, b } = image();
    const first = a.find("/lib/big");
    const second = b.find("/lib/big");
    expect(first?.inode).toBe(second?.inode);
    if (first === undefined || second === undefined) throw new Error("the file is not there");
    expect(memory.load(first.inode, 0, memory.root, noEffort())?.fromDisk).toBe(true);
    expect(memory.load(second.inode, 0, memory.root, noEffort())?.fromDisk).toBe(false);
  });

  test("get the whole file copied up by the first write, and nothing by the second; the other container sees neither", () => {
    const { memory, a, b, base } = image();
    const opened = a.open("/lib/big", memory, memory.root);
    expect(opened).toMatchObject({ copiedPages: 256, readPages: 256 });
    if (opened === undefined) throw new Error("not opened");
    const page = memory.load(opened.inode, 0, memory.root, noEffort());
    if (page !== undefined) memory.store(page.cached.frame, 99);
    expect(a.open("/lib/big", memory, memory.root)).toMatchObject({ copiedPages: 0, inode: opened.inode });
    expect(b.find("/lib/big")?.layer).toBe(base);
    expect(a.upper.bytes).toBe(MIB);
    expect(b.upper.bytes).toBe(0);
    memory.sync();
    expect([opened.inode.block(0), opened.inode.block(1)]).toEqual([99, 2]);
    expect(b.find("/lib/big")?.inode.block(0)).toBe(2);
  });

  test("hide a removed file with a whiteout, and a new one of that name is not the old one", () => {
    const { memory, a, b } = image();
    expect(a.remove("/etc/conf", memory)).toBe(true);
    expect(a.find("/etc/conf")).toBeUndefined();
    expect(a.list()).toEqual(["/lib/big"]);
    expect(b.list()).toEqual(["/etc/conf", "/lib/big"]);
    expect(a.create("/etc/conf").bytes).toBe(0);
    expect(a.remove("/etc/conf", memory)).toBe(true);
    expect(a.find("/etc/conf")).toBeUndefined();
    expect(a.remove("/etc/conf", memory)).toBe(false);
  });
});
