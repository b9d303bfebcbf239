/** The conversation with QEMU, with a server in its place that says what it is told to, and nothing is believed of it. */
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { Qmp, QmpError, withQmp } from "../../runtime/vm/qmp.ts";
import { chance } from "../support/chance.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const GREETING = { QMP: { version: { qemu: { major: 7, minor: 2, micro: 22 }, package: "" }, capabilities: ["oob"] } };

interface Command {
  readonly execute: string;
  readonly id: number;
  readonly arguments?: unknown;
}

const commandSchema = z.object({ execute: z.string(), id: z.int(), arguments: z.unknown().optional() });

/** Greets, agrees on capabilities, and leaves the rest to `answer`. */
async function server(
  answer: (command: Command, say: (...messages: readonly unknown[]) => void, socket: Socket) => void,
  greeting: string | undefined = `${JSON.stringify(GREETING)}\r\n`,
): Promise<string> {
  const path = join(temporaryDirectory(), "qmp.sock");
  const sockets = new Set<Socket>();
  const net = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    const say = (...messages: readonly unknown[]): void => {
      socket.write(messages.map((message) => `${JSON.stringify(message)}\r\n`).join(""));
    };
    if (greeting !== undefined) socket.write(greeting);
    let text = "";
    socket.on("data", (chunk) => {
      const lines = (text + chunk.toString()).split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) {
        const command = commandSchema.parse(JSON.parse(line));
        if (command.execute === "qmp_capabilities") say({ return: {}, id: command.id });
        else answer(command, say, socket);
      }
    });
  });
  await new Promise<void>((resolve) => net.listen(path, resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    net.close();
  });
  return path;
}

const stamp = { seconds: 10, microseconds: 5 };

describe("a conversation with QEMU", () => {
  test("gives each command its own answer, whatever order they come in, and events to who listens", async () => {
    const waiting: Command[] = [];
    const path = await server((command, say) => {
      waiting.push(command);
      if (waiting.length < 2) return;
      say({ event: "STOP", data: { why: 1 }, timestamp: stamp });
      for (const { id, execute } of waiting.toReversed()) say({ return: { was: execute }, id });
    });
    const qmp = await Qmp.connect(path);
    const seen = qmp.event(({ name }) => name === "STOP");
    const schema = z.object({ was: z.string() });
    expect(await Promise.all([qmp.query("one", schema), qmp.query("two", schema)])).toEqual([
      { was: "one" },
      { was: "two" },
    ]);
    expect(await seen).toEqual({ name: "STOP", data: { why: 1 }, wallNs: 10_000_005_000 });
    expect(qmp.version).toBe("7.2.22");
    qmp.close();
    await qmp.closed;
  });

  test("hands on QEMU's own words where it refuses", async () => {
    const path = await server(({ id }, say) => say({ error: { class: "GenericError", desc: "no such thing" }, id }));
    await withQmp(path, async (qmp) => {
      const refused = qmp.execute("eject", { device: "x" });
      await expect(refused).rejects.toThrow(QmpError);
      await expect(refused).rejects.toThrow(/eject: no such thing/);
    });
  });

  test("says when QEMU has gone in the middle of it, and that an event will not come", async () => {
    const path = await server((_, __, socket) => socket.destroy());
    const qmp = await Qmp.connect(path);
    const event = qmp.event(() => true);
    await expect(Promise.all([qmp.execute("stop"), event])).rejects.toThrow(/has gone/);
    await expect(event).rejects.toThrow(/has gone/);
    await expect(qmp.execute("cont")).rejects.toThrow(/has gone/);
  });

  test("refuses an answer of another form than asked for", async () => {
    const path = await server(({ id }, say) => say({ return: { status: 7 }, id }));
    await withQmp(path, async (qmp) => {
      await expect(qmp.query("query-status", z.object({ status: z.string() }))).rejects.toThrow(/not known/);
    });
  });

  test.each([
    ["what is no JSON", "{{{{\n"],
    ["a message of no known kind", '{"hello":1}\n'],
    ["a message without end", "x".repeat(5 * 1024 ** 2)],
  ])("is ended by %s", async (_, words) => {
    const path = await server((_command, _say, socket) => socket.write(words));
    const qmp = await Qmp.connect(path);
    await expect(qmp.execute("stop")).rejects.toThrow(/QEMU (said|sent)/);
    await qmp.closed;
  });

  test("does not wait for ever for an answer", async () => {
    const path = await server(() => undefined);
    const options = { answerTimeoutMs: 20 };
    await expect(withQmp(path, (qmp) => qmp.execute("stop"), options)).rejects.toThrow(/has not answered stop/);
  });

  test.each([
    ["nobody listens", undefined],
    ["nobody greets", ""],
    ["somebody else does", '{"hello":"world"}\n'],
  ])("does not begin where %s", async (_, greeting) => {
    const path = greeting === undefined ? join(temporaryDirectory(), "none") : await server(() => undefined, greeting);
    await expect(Qmp.connect(path, { greetingTimeoutMs: 50 })).rejects.toThrow(/cannot speak with QEMU/);
  });

  test("survives every byte that a hostile QEMU may send", async () => {
    const random = chance();
    const alphabet = '{}[]":,0123456789.eE-\\"\n\r\u0000\u00ff abcdefnrtu';
    const said = [
      '{"return":{},"id":2}\n',
      '{"event":"X","timestamp":{"seconds":1,"microseconds":2}}\n',
      '{"id":',
      "\n",
    ];
    for (let round = 0; round < 30; round++) {
      const path = await server((_command, _say, socket) => {
        for (let piece = 0; piece < 20; piece++) {
          const noise = Array.from({ length: random.integer(0, 20) }, () => alphabet[random.integer(0, 40)] ?? "");
          socket.write(random.integer(0, 1) === 0 ? noise.join("") : (said[random.integer(0, 3)] ?? ""));
        }
        socket.end();
      });
      const qmp = await Qmp.connect(path);
      // Done, refused or cut off: it ends.
      await qmp.execute("stop").catch((error: unknown) => expect(error).toBeInstanceOf(Error));
      await qmp.closed;
    }
  });
});
