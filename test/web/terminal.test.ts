/**
 * One terminal and its viewers, without a network: who gets which bytes when, who decides the size, what a slow or stuck
 * viewer does to the others, and that whoever comes later sees exactly what the others see.
 */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HIGH_WATER_BYTES, LOW_WATER_BYTES } from "../../web/protocol/flow.ts";
import { LIMITS } from "../../web/server/limits.ts";
import { draw, MemoryTerminal } from "../support/web/memory-terminal.ts";

const CHUNK = new Uint8Array(16 * 1024).fill(0x79);

describe("output", () => {
  test("goes to every viewer, in order and whole", async () => {
    const it = new MemoryTerminal();
    const one = await it.join();
    const other = await it.join();
    it.program.print("hello ");
    it.program.print("world");
    expect(await one.screen()).toBe("hello world");
    expect(await other.screen()).toBe("hello world");
  });

  test("from before the first viewer is on its snapshot", async () => {
    const it = new MemoryTerminal();
    it.program.print("before\r\n");
    const viewer = await it.join();
    it.program.print("after");
    expect(await viewer.screen()).toBe("before\nafter");
  });

  test("that comes while a viewer joins is neither lost nor doubled", async () => {
    const it = new MemoryTerminal();
    it.program.print("one ");
    const joining = it.join();
    it.program.print("two ");
    it.program.print("three");
    expect(await (await joining).screen()).toBe("one two three");
  });

  test("of more than one frame's size arrives whole", async () => {
    const it = new MemoryTerminal();
    const viewer = await it.join();
    it.program.print(new Uint8Array(200_000).fill(0x2e));
    const bytes = viewer.frames.flatMap((frame) => (frame.kind === "data" ? [frame.bytes.length] : []));
    expect(bytes.reduce((sum, length) => sum + length, 0)).toBe(200_000);
  });
});

describe("a viewer that comes at any moment", () => {
  // Text with colours, cursor moves, titles, wide characters, the alternate screen: cut at every place.
  const scene =
    "\x1b[2J\x1b[Hplain \x1b[1;31mbold red\x1b[0m \x1b]0;a title\x07caf\u00e9 \u4f60\u597d \u{1f600}\r\n" +
    "\x1b[?1049h\x1b[5;10Hin the other screen\x1b(0qqq\x1b(B\x1b[?25l\x1b]2;t\x1b\\\x1bP$qm\x1b\\done\x1b[3;4H" +
    "\x1b[?1049l back\r\n\tend \x1b[38;5;208morange\x1b[m";

  test.each(Array.from({ length: 24 }, (_, index) => index))(
    "sees the same as one who was there all along (%i)",
    async (turn) => {
      const bytes = Buffer.from(scene, "utf8");
      for (let cut = turn; cut <= bytes.length; cut += 24) {
        const it = new MemoryTerminal();
        const early = await it.join();
        if (cut > 0) it.program.print(bytes.subarray(0, cut));
        const late = await it.join();
        if (cut < bytes.length) it.program.print(bytes.subarray(cut));
        const seen = await draw(late.frames);
        expect({ cut, ...seen }).toEqual({ cut, ...(await draw(early.frames)) });
        it.terminal.close("removed");
      }
    },
  );

  test("sees the same whatever is printed, wherever it is cut", async () => {
    const control = ["\x1b", "[", "1", ";", "m", "H", "]", "0", "\x07", "\\", "\x18", "c", "\x0e", "\x0f", "\x1bn"];
    const sequences = [
      "\x1bP$qm\x1b\\",
      "\x1b]0;title\x07",
      "\x1b(0",
      "\x1b)0",
      "\x1b(B",
      "\x1b[2;5r",
      "\x1b[r",
      "\x1b[?6h",
      "\x1b[?6l",
      "\x1b[4;2H",
      "\x1b[?1049h",
    ];
    const text = ["a", "q", "\u00e9", "\u4f60", "\r\n", "\n\n\n\n\n"];
    const piece = fc.constantFrom(...control, ...sequences, ...text);
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 40 }), fc.nat(), async (pieces, place) => {
        const bytes = Buffer.from(pieces.join(""), "utf8");
        const cut = bytes.length === 0 ? 0 : place % bytes.length;
        const it = new MemoryTerminal();
        const early = await it.join();
        it.program.print(bytes.subarray(0, cut));
        const late = await it.join();
        it.program.print(bytes.subarray(cut));
        it.program.print("\x18end");
        expect(await draw(late.frames)).toEqual(await draw(early.frames));
        it.terminal.close("removed");
      }),
      { numRuns: 100 },
    );
  });

  test.each([
    ["a hidden cursor", "\x1b[?25l"],
    ["a cursor shaped like a bar", "\x1b[5 q"],
    ["a steady underline for a cursor", "\x1b[4 q"],
    ["mouse reports in the modern form", "\x1b[?1002h", "\x1b[?1006h"],
    ["mouse reports in pixels", "\x1b[?1003h", "\x1b[?1016h"],
    ["bracketed paste", "\x1b[?2004h"],
    ["application cursor keys", "\x1b[?1h"],
  ])("gets %s", async (_what, ...sequences) => {
    const it = new MemoryTerminal();
    it.program.print(sequences.join(""));
    const snapshot = (await it.join()).frames[0];
    for (const each of sequences) expect(snapshot).toMatchObject({ ansi: expect.stringContaining(each) });
  });

  test("gets the lines above the screen too", async () => {
    const it = new MemoryTerminal();
    for (let line = 1; line <= 200; line++) it.program.print(`line ${line}\r\n`);
    const viewer = await it.join();
    expect((await viewer.screen()).split("\n")).toHaveLength(200);
  });
});

describe("flow control", () => {
  test("stops reading when a viewer owes more than the high-water mark, and goes on below the low one", async () => {
    const it = new MemoryTerminal();
    const viewer = await it.join();
    while (!it.program.isPaused) await print(it, CHUNK);
    expect(viewer.unackedBytes).toBeGreaterThan(HIGH_WATER_BYTES);
    expect(viewer.unackedBytes).toBeLessThanOrEqual(HIGH_WATER_BYTES + CHUNK.length);
    viewer.acknowledge(viewer.unackedBytes - LOW_WATER_BYTES);
    expect(it.program.isPaused).toBe(true);
    viewer.acknowledge(1);
    expect(it.program.isPaused).toBe(false);
  });

  test("waits for the slowest of several viewers", async () => {
    const it = new MemoryTerminal();
    const fast = await it.join();
    const slow = await it.join();
    while (!it.program.isPaused) {
      await print(it, CHUNK);
      fast.acknowledge();
    }
    expect(slow.unackedBytes).toBeGreaterThan(HIGH_WATER_BYTES);
    slow.acknowledge();
    expect(it.program.isPaused).toBe(false);
  });

  test("lets a stuck viewer go, so that the others and the program go on, and gives it the screen when it is back", async () => {
    const it = new MemoryTerminal();
    const stuck = await it.join();
    while (!it.program.isPaused) await print(it, CHUNK);
    const sent = stuck.frames.length;
    it.clock.advance(LIMITS.stuckViewerMs);
    expect(it.program.isPaused).toBe(false);
    for (let count = 0; count < 50; count++) await print(it, CHUNK);
    it.program.print("\r\nthe latest");
    expect(stuck.frames.length).toBe(sent);
    stuck.acknowledge();
    await stuck.when(() => stuck.count("snapshot") === 2);
    expect(await stuck.screen()).toMatch(/\nthe latest$/);
    it.program.print(" news");
    expect(await stuck.screen()).toMatch(/\nthe latest news$/);
  });

  test("forgets a viewer that leaves", async () => {
    const it = new MemoryTerminal();
    const viewer = await it.join();
    while (!it.program.isPaused) await print(it, CHUNK);
    viewer.leave();
    expect(it.program.isPaused).toBe(false);
  });

  test("bounds what the server keeps when nobody looks, and keeps reading", async () => {
    const it = new MemoryTerminal();
    let pauses = 0;
    for (let count = 0; count < 200; count++) {
      if (it.program.isPaused) {
        pauses += 1;
        await resumed(it);
      }
      it.program.print(CHUNK);
    }
    expect(pauses).toBeGreaterThan(0);
    await resumed(it);
  });

  test("is not fooled by a viewer that acknowledges more than it got", async () => {
    const it = new MemoryTerminal();
    const viewer = await it.join();
    it.program.print("x");
    viewer.acknowledge(1_000_000_000);
    while (!it.program.isPaused) await print(it, CHUNK);
    expect(viewer.unackedBytes).toBeLessThan(HIGH_WATER_BYTES + 2 * CHUNK.length);
  });

  test("holds nothing of what is typed back: Ctrl-C reaches the program while its output is stopped", async () => {
    const it = new MemoryTerminal();
    const viewer = await it.join();
    while (!it.program.isPaused) await print(it, CHUNK);
    viewer.type("\x03");
    expect(it.program.input).toBe("\x03");
  });
});

describe("input that the program does not read", () => {
  test("may wait up to a limit; who goes on beyond that is let go, and nobody else", async () => {
    const it = new MemoryTerminal();
    const typist = await it.join();
    const other = await it.join();
    const { promise, resolve } = Promise.withResolvers<void>();
    it.program.reading = promise;
    const text = "x".repeat(LIMITS.unreadInputBytes);
    typist.type(text);
    typist.type("y");
    expect(typist.closeReason).toBeUndefined();
    typist.type("z");
    expect(typist.closeReason).toBe("unread");
    expect(other.closeReason).toBeUndefined();
    resolve();
    await promise;
    other.type("again");
    await it.program.received(`${text}yagain`);
    expect(other.closeReason).toBeUndefined();
  });
});

describe("the size", () => {
  test("is the owner's: the viewer who has been here longest", async () => {
    const it = new MemoryTerminal();
    const owner = await it.join();
    const guest = await it.join();
    guest.resize(200, 60);
    expect(it.program.sizes).toEqual([]);
    owner.resize(100, 30);
    expect(it.program.sizes).toEqual([{ columns: 100, rows: 30 }]);
    expect(guest.frames.at(-1)).toEqual({ kind: "resize", size: { columns: 100, rows: 30 } });
  });

  test("becomes the next viewer's when the owner leaves", async () => {
    const it = new MemoryTerminal();
    const owner = await it.join();
    const guest = await it.join();
    owner.resize(100, 30);
    guest.resize(120, 40);
    owner.leave();
    expect(it.program.sizes.at(-1)).toEqual({ columns: 120, rows: 40 });
    const late = await it.join();
    expect(late.frames[0]).toMatchObject({ kind: "snapshot", size: { columns: 120, rows: 40 } });
  });

  test("is told to the program once, however often it is asked for", async () => {
    const it = new MemoryTerminal();
    const owner = await it.join();
    for (let count = 0; count < 5; count++) owner.resize(100, 30);
    expect(it.program.sizes).toHaveLength(1);
  });
});

describe("a program that asks its terminal", () => {
  const WHERE = "\x1b[6n";

  test("gets one answer from the server where nobody looks", async () => {
    const it = new MemoryTerminal();
    it.program.print(`ab${WHERE}`);
    await it.program.received("\x1b[1;3R");
    expect(it.program.input).toBe("\x1b[1;3R");
  });

  test("gets one answer where several look: that of the first", async () => {
    const it = new MemoryTerminal();
    const first = await it.join();
    const second = await it.join();
    it.program.print(WHERE);
    second.type("\x1b[1;1R");
    first.type("\x1b[1;1R");
    await parsed(it);
    expect(it.program.input).toBe("\x1b[1;1R");
  });

  test("does not lose what the others type", async () => {
    const it = new MemoryTerminal();
    await it.join();
    const second = await it.join();
    second.type("ls\n\x1b[A");
    expect(it.program.input).toBe("ls\n\x1b[A");
  });
});

describe("the end", () => {
  const STATUS = { kind: "exited", code: 3 } as const;

  test("comes after all output, with the status", async () => {
    const it = new MemoryTerminal();
    const viewer = await it.join();
    it.program.print("last words");
    it.program.exit(STATUS);
    await viewer.until((frame) => frame.kind === "exit");
    expect(viewer.frames.slice(-2)).toMatchObject([{ kind: "data" }, { kind: "exit", status: STATUS }]);
    expect(viewer.closeReason).toBe("ended");
    expect(it.terminal.info()).toEqual({ id: "t", title: "sh", main: true, exit: STATUS });
  });

  test("is shown to whoever comes later, below the last screen", async () => {
    const it = new MemoryTerminal();
    it.program.print("last words");
    it.program.exit(STATUS);
    const viewer = await it.join();
    await viewer.until((frame) => frame.kind === "exit");
    expect(await viewer.screen()).toBe("last words");
    expect(viewer.closeReason).toBe("ended");
  });

  test("reaches a viewer that was stuck, with the last screen", async () => {
    const it = new MemoryTerminal();
    const viewer = await it.join();
    while (!it.program.isPaused) await print(it, CHUNK);
    it.clock.advance(LIMITS.stuckViewerMs);
    it.program.print("\r\nlast words");
    it.program.exit(STATUS);
    await viewer.until((frame) => frame.kind === "exit");
    expect(await viewer.screen()).toMatch(/last words$/);
  });

  test("does not wait for ever for a child that keeps the terminal open", async () => {
    const it = new MemoryTerminal();
    const viewer = await it.join();
    it.program.exitWithoutEnd(STATUS);
    await it.program.exited;
    await parsed(it);
    expect(viewer.count("exit")).toBe(0);
    it.clock.advance(LIMITS.afterExitMs);
    await viewer.until((frame) => frame.kind === "exit");
    expect(it.program.isClosed).toBe(true);
  });

  test("takes no more input", async () => {
    const it = new MemoryTerminal();
    const viewer = await it.join();
    it.program.exit(STATUS);
    await viewer.until((frame) => frame.kind === "exit");
    viewer.type("too late");
    expect(it.program.input).toBe("");
  });

  test("by removal closes every viewer and the pty, once", async () => {
    const it = new MemoryTerminal();
    const viewer = await it.join();
    it.terminal.close("removed");
    it.terminal.close("stopping");
    expect([viewer.closeReason, it.program.isClosed]).toEqual(["removed", true]);
  });
});

/** Prints and waits until the server's screen has parsed it, so that only viewers can stop the reading. */
async function print(it: MemoryTerminal, chunk: Uint8Array): Promise<void> {
  it.program.print(chunk);
  await parsed(it);
}

/** Resolves when the server has parsed everything so far: a viewer that joins now has its screen. */
async function parsed(it: MemoryTerminal): Promise<void> {
  (await it.join()).leave();
}

async function resumed(it: MemoryTerminal): Promise<void> {
  while (it.program.isPaused) await new Promise((resolve) => setImmediate(resolve));
}
