/**
 * The host's side of the agent against a guest that belongs to somebody else: a server that speaks like one, or like
 * nothing at all. The host believes nothing, keeps little, and says what was wrong.
 */
import { mkdirSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { RingsideError } from "../../runtime/error.ts";
import { guestStats, pingGuest } from "../../runtime/vm/agent.ts";
import { execInGuest, type GuestProgram } from "../../runtime/vm/agent-exec.ts";
import { GuestFrameReader } from "../../runtime/vm/agent-frames.ts";
import {
  encodeFrame,
  GUEST_FRAMES,
  type GuestFrame,
  type GuestKind,
  INPUT_WINDOW_BYTES,
  MOST_BYTES,
  ProtocolError,
  STATS_FIELDS,
} from "../../runtime/vm/agent-protocol.ts";
import { AGENT_PORTS, vmDirectory } from "../../runtime/vm/directory.ts";
import { describeWhere, needsLinux, needsNative } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";

function frame(kind: GuestKind, payload: Uint8Array = new Uint8Array()): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32LE(payload.length);
  head.writeUInt8(GUEST_FRAMES[kind], 4);
  return Buffer.concat([head, payload]);
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, index * 4);
  return bytes;
}

const kinds = fc.constantFrom<GuestKind>(
  "hello",
  "started",
  "stdout",
  "stderr",
  "exited",
  "failed",
  "stats",
  "pong",
  "done",
  "taken",
);
const anyFrame = fc.tuple(kinds, fc.uint8Array({ maxLength: 300 })).map(([kind, payload]) => frame(kind, payload));

describe("the reader of a guest's frames", () => {
  test("reads the same whatever the pieces, and keeps no more than a frame", () => {
    const good = fc.constantFrom(
      frame("started", numbers(7)),
      frame("stdout", Buffer.alloc(MOST_BYTES["guest stdout"], 1)),
      frame("stderr", Buffer.from("words")),
      frame("exited", numbers(3, 0)),
      frame("failed", Buffer.concat([numbers(127), Buffer.from("no \x1b[31msuch\u0007 thing")])),
      frame("stats", Buffer.alloc(STATS_FIELDS.length * 8, 1)),
      frame("pong"),
      frame("done"),
      frame("taken", numbers(9)),
    );
    fc.assert(
      fc.property(fc.array(good, { maxLength: 8 }), fc.array(fc.nat(20_000), { maxLength: 20 }), (sent, sizes) => {
        const bytes = Buffer.concat(sent);
        const reader = new GuestFrameReader();
        const read: GuestFrame[] = [];
        let at = 0;
        for (const size of [...sizes, bytes.length]) {
          read.push(...reader.read(bytes.subarray(at, at + size)));
          at += size;
        }
        expect(read).toEqual(new GuestFrameReader().read(bytes));
        expect(read.length).toBe(sent.length);
        for (const { kind, ...rest } of read)
          if (kind === "failed") expect(JSON.stringify(rest)).not.toContain("\\u001b");
      }),
    );
  });

  test("gives frames or says what is wrong, for any bytes at all", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(anyFrame, fc.uint8Array({ maxLength: 200 })), { maxLength: 10 }), (chunks) => {
        const reader = new GuestFrameReader();
        try {
          for (const chunk of chunks)
            for (const { kind } of reader.read(chunk)) expect(GUEST_FRAMES).toHaveProperty(kind);
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
          expect(error.message).toMatch(/^the guest/);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("what the host sends", () => {
  test("is refused before it is sent when no agent would take it", () => {
    expect(() => encodeFrame({ kind: "stdin", data: new Uint8Array(MOST_BYTES["host stdin"] + 1) })).toThrow(
      RangeError,
    );
    expect(() =>
      encodeFrame({ kind: "network", address: "a\0b", prefixLength: 1, gateway: "", nameServer: "" }),
    ).toThrow(/zero byte/);
  });
});

type Script = (socket: Socket, greeting: Buffer) => void;

/** A machine whose agent does as `script` says once it has been greeted. */
async function machineWith(script: Script): Promise<ReturnType<typeof vmDirectory>> {
  const place = vmDirectory("somebody", temporaryDirectory());
  mkdirSync(place.path);
  const servers: Server[] = [];
  for (const { socket: path } of place.ports) {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", (chunk) => script(socket, chunk));
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    servers.push(server);
  }
  onTestFinished(async () => {
    for (const server of servers) await new Promise((resolve) => server.close(resolve));
    rmSync(join(place.path), { recursive: true, force: true });
  });
  return place;
}

/** The frame that gives a greeting back. */
const back = (greeting: Buffer): Buffer => frame("hello", greeting.subarray(5, 17));

const SOON = { timeoutMs: 300 };

describeWhere([needsLinux, needsNative], "a guest that cannot be believed", () => {
  test("is left alone when it says nothing, or never what was asked", async () => {
    const silent = await machineWith(() => undefined);
    await expect(guestStats(silent, SOON)).rejects.toThrow(/does not answer/);
    const wrong = await machineWith((socket) => socket.write(frame("hello", Buffer.alloc(12, 1))));
    await expect(guestStats(wrong, SOON)).rejects.toThrow(/does not answer/);
    const other = await machineWith((socket, greeting) => socket.write(Buffer.concat([back(greeting), frame("done")])));
    await expect(pingGuest(other, SOON)).rejects.toThrow(/answered with done, which was not asked for/);
    const closing = await machineWith((socket, greeting) => socket.end(back(greeting)));
    await expect(pingGuest(closing, SOON)).rejects.toThrow(/connection .* is gone/);
  });

  test("is cut off when a frame is longer than any may be, before it has sent it", async () => {
    const place = await machineWith((socket, greeting) => {
      socket.write(back(greeting));
      socket.once("data", () => {
        socket.write(frame("started", numbers(5)));
        socket.once("data", () => socket.write(Buffer.concat([numbers(0xffff_ffff), Buffer.of(67)])));
      });
    });
    const program = await execInGuest(place, { command: ["x"], ...SOON });
    program.kill("SIGTERM");
    const exit = await program.exited;
    expect(exit).toMatchObject({ kind: "lost" });
    expect(exit.kind === "lost" ? exit.error.message : "").toMatch(/stdout with 4294967295 bytes/);
  });

  test("cannot open the window for input further than it is, nor write words that a terminal obeys", async () => {
    let received = 0;
    const place = await machineWith((socket, greeting) => {
      socket.on("data", (chunk) => {
        received += chunk.length;
      });
      socket.write(Buffer.concat([back(greeting), frame("started", numbers(5)), frame("taken", numbers(0xffff_ffff))]));
    });
    const program = await execInGuest(place, { command: ["x"], input: true, ...SOON });
    void program.stdin.write(new Uint8Array(4 * 1024 ** 2));
    await pause(program);
    expect(received).toBeLessThan(INPUT_WINDOW_BYTES + 4096);
    program.close();
    const failing = await machineWith((socket, greeting) => {
      const words = Buffer.from("\x1b]0;owned\x07no");
      socket.write(Buffer.concat([back(greeting), frame("failed", Buffer.concat([numbers(126), words]))]));
    });
    await expect(execInGuest(failing, { command: ["x"], ...SOON })).rejects.toThrow(/\ufffd\]0;owned\ufffdno/);
  });

  test("is slowed down when nobody reads what it prints without end", async () => {
    let sent = 0;
    const place = await machineWith((socket, greeting) => {
      socket.write(Buffer.concat([back(greeting), frame("started", numbers(5))]));
      const chunk = frame("stdout", Buffer.alloc(16 * 1024));
      const pump = (): void => {
        while (sent < 64 * 1024 ** 2) {
          sent += chunk.length;
          if (!socket.write(chunk)) {
            socket.once("drain", pump);
            return;
          }
        }
      };
      pump();
    });
    const program = await execInGuest(place, { command: ["yes"], ...SOON });
    await pause(program);
    expect(sent).toBeLessThan(8 * 1024 ** 2);
    program.close();
  });

  test("brings nothing but errors in words about, whatever it says", async () => {
    const spoken: Uint8Array[] = [];
    const place = await machineWith((socket, greeting) => socket.end(Buffer.concat([back(greeting), ...spoken])));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(anyFrame, fc.uint8Array({ maxLength: 100 })), { maxLength: 6 }),
        async (chunks) => {
          spoken.splice(0, spoken.length, ...chunks);
          try {
            const program = await execInGuest(place, { command: ["x"], ...SOON });
            program.stdout.onData(() => undefined);
            expect(["exited", "signaled", "lost"]).toContain((await program.exited).kind);
            program.close();
          } catch (error) {
            expect(error).toBeInstanceOf(RingsideError);
          }
        },
      ),
      { numRuns: 100 },
    );
    // Every port is free again.
    spoken.splice(0, spoken.length, frame("started", numbers(1)), frame("exited", numbers(0, 0)));
    const all = await Promise.all(
      Array.from({ length: AGENT_PORTS }, () => execInGuest(place, { command: ["x"], ...SOON })),
    );
    expect(await Promise.all(all.map(({ exited }) => exited))).toEqual(all.map(() => ({ kind: "exited", code: 0 })));
  });
});

/** Until all that is on its way by now has had its turn: nothing more comes of it. */
async function pause(program: GuestProgram): Promise<void> {
  for (let turn = 0; turn < 2000; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(program.pid).toBe(5);
}
