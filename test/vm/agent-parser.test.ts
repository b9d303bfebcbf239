/**
 * The agent's parser in the guest, under the address and undefined-behaviour sanitizers: what the host really sends, in
 * any pieces; and bytes that are cut, changed or made up. The seed is printed by fast-check when a property fails.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeFrame, GUEST_FRAMES, HOST_FRAMES, type HostFrame, MOST_BYTES } from "../../runtime/vm/agent-protocol.ts";
import { findProgram, unless } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const GUEST = fileURLToPath(new URL("../../native/guest/", import.meta.url));
const FLAGS = ["-std=c++20", "-O1", "-g", "-fno-sanitize-recover=all", "-Wall", "-Wextra", "-Werror"];
const RUNS = 60;

function buildParser(): string {
  const program = join(temporaryDirectory(), "agent-parser");
  const sources = [join(HERE, "agent-parser.cc"), join(GUEST, "agent-protocol.cc")];
  const { status, stderr } = spawnSync(
    "g++",
    [...FLAGS, "-fsanitize=address,undefined", `-I${GUEST}`, ...sources, "-o", program],
    { encoding: "utf8" },
  );
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return program;
}

function feed(program: string, chunks: readonly Uint8Array[]): string {
  const input = chunks.flatMap((chunk) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(chunk.length);
    return [length, chunk];
  });
  const { stdout, stderr, status } = spawnSync(program, ["feed"], { input: Buffer.concat(input), encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return stdout;
}

/** The same bytes in other pieces. */
function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const size of sizes) {
    pieces.push(bytes.subarray(at, at + size));
    at = Math.min(bytes.length, at + size);
  }
  return [...pieces, bytes.subarray(at)];
}

const text = fc.string({ unit: "grapheme", maxLength: 30 }).filter((value) => !value.includes("\0"));
const number16 = fc.nat(0xffff);
const number32 = fc.nat(0xffff_ffff);
const size = fc.record({ columns: number16, rows: number16 });
const data = fc.uint8Array({ maxLength: 300 });
const hello = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((session): HostFrame => ({ kind: "hello", session }));
const frames: fc.Arbitrary<HostFrame> = fc.oneof(
  hello,
  fc
    .record({
      command: fc.array(text, { minLength: 1, maxLength: 5 }),
      env: fc.array(text, { maxLength: 5 }),
      cwd: text,
      user: text,
      terminal: fc.option(size, { nil: undefined }),
      input: fc.boolean(),
    })
    .map((exec): HostFrame => ({ kind: "exec", ...exec })),
  data.map((bytes): HostFrame => ({ kind: "stdin", data: bytes })),
  fc.uint8Array({ maxLength: 64 }).map((bytes): HostFrame => ({ kind: "ping", data: bytes })),
  size.map((given): HostFrame => ({ kind: "resize", ...given })),
  size.map((given): HostFrame => ({ kind: "consoleSize", ...given })),
  number32.map((signal): HostFrame => ({ kind: "signal", signal })),
  fc.record({ signal: number32, graceMs: number32 }).map((stop): HostFrame => ({ kind: "stop", ...stop })),
  fc
    .record({ address: text, prefixLength: number32, gateway: text, nameServer: text })
    .map((network): HostFrame => ({ kind: "network", ...network })),
  fc.constantFrom<HostFrame>({ kind: "stdinEnd" }, { kind: "stats" }, { kind: "crash" }),
);
const conversations = fc.tuple(hello, fc.array(frames, { maxLength: 12 })).map(([first, rest]) => [first, ...rest]);
const pieces = fc.array(fc.nat(40), { maxLength: 60 });

function lettersOf(conversation: readonly HostFrame[]): string {
  return conversation.map(({ kind }) => String.fromCharCode(64 + HOST_FRAMES[kind])).join("");
}

describe("the agent's parser", unless(findProgram("g++") === undefined ? "not installed: g++" : undefined), () => {
  test("has the kinds and the greatest lengths that the host has", () => {
    const { stdout } = spawnSync(buildParser(), ["kinds"], { encoding: "utf8" });
    const rows = Object.entries(MOST_BYTES).map(([name, most]) => {
      const [side = "", kind = ""] = name.split(" ");
      const numbers: Readonly<Record<string, number>> = side === "host" ? HOST_FRAMES : GUEST_FRAMES;
      return `${side} ${kind} ${numbers[kind]} ${most}`;
    });
    expect(stdout.trim().split("\n").sort()).toEqual(rows.sort());
  });

  test("understands all that a host says, in whatever pieces, whatever an earlier host has left before it", () => {
    const program = buildParser();
    fc.assert(
      fc.property(conversations, pieces, fc.nat(200), conversations, (said, sizes, lost, earlier) => {
        const rest = Buffer.concat(earlier.map(encodeFrame)).subarray(-lost - 1);
        // The end of an earlier conversation, without a greeting in it.
        const before = rest.indexOf(Uint8Array.of(12, 0, 0, 0, 1)) >= 0 ? new Uint8Array() : rest;
        const bytes = Buffer.concat([before, ...said.map(encodeFrame)]);
        expect(feed(program, cut(bytes, sizes))).toBe(lettersOf(said));
      }),
      { numRuns: RUNS },
    );
  });

  test("survives anything at all, and understands the next host", () => {
    const program = buildParser();
    const damage = fc.record({ at: fc.nat(), value: fc.nat(255) });
    const long = fc.record({ at: fc.nat(), value: fc.constantFrom(0, 1, 0x7fff_ffff, 0xffff_ffff, 0x4_0000, 0x4000) });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(conversations, fc.array(damage, { maxLength: 4 }), fc.array(long, { maxLength: 2 })), {
          minLength: 5,
          maxLength: 20,
        }),
        fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 10 }),
        pieces,
        (cases, noise, sizes) => {
          const damaged = cases.map(([said, bytes, lengths]) => {
            const whole = Buffer.concat(said.map(encodeFrame));
            for (const { at, value } of bytes) whole[at % whole.length] = value;
            for (const { at, value } of lengths) whole.writeUInt32LE(value, at % (whole.length - 3));
            return whole;
          });
          expect(feed(program, [...damaged, ...noise, ...damaged.flatMap((bytes) => cut(bytes, sizes))])).toMatch(
            /^[A-La-l!]*$/,
          );
        },
      ),
      { numRuns: RUNS },
    );
  });
});
