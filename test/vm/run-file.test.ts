/** The file that tells the guest's init what to run: every value arrives as it was given. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { END_OF_INPUT, encodeRunFile, escapeInput, type GuestSetup, type RunFile } from "../../runtime/vm/run-file.ts";

/** Reads a run file as native/guest/run-file.cc does. */
class Reader {
  #at = 0;
  readonly #bytes: Buffer;
  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes);
  }
  number(): number {
    const value = this.#bytes.readUInt32LE(this.#at);
    this.#at += 4;
    return value;
  }
  string(): string {
    const length = this.number();
    const value = this.#bytes.toString("utf8", this.#at, this.#at + length);
    expect(this.#bytes[this.#at + length]).toBe(0);
    this.#at += length + 1;
    return value;
  }
  numbers(): number[] {
    return Array.from({ length: this.number() }, () => this.number());
  }
  strings(): string[] {
    return Array.from({ length: this.number() }, () => this.string());
  }
  atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }
}

function decode(bytes: Uint8Array): RunFile {
  const reader = new Reader(bytes);
  expect(reader.number()).toBe(0x32525352);
  const run = {
    nonce: reader.string(),
    hostname: reader.string(),
    directory: reader.string(),
    user: reader.number(),
    group: reader.number(),
    groups: reader.numbers(),
    hasTerminal: reader.number() === 1,
    relaysInput: reader.number() === 1,
    reportsLog: reader.number() === 1,
    columns: reader.number(),
    rows: reader.number(),
    setup: decodeSetup(reader),
    candidates: reader.strings(),
    arguments: reader.strings(),
    environment: reader.strings(),
  };
  expect(reader.atEnd()).toBe(true);
  return run;
}

function decodeSetup(reader: Reader): GuestSetup {
  const console = reader.string();
  const milestones = reader.number() === 1 ? "console" : "port";
  const modules = reader.strings();
  const [device, type] = [reader.string(), reader.string()];
  const agent = reader.number() === 1;
  const hasNetwork = reader.number() === 1;
  const prefixLength = reader.number();
  const [address, gateway, nameServer] = [reader.string(), reader.string(), reader.string()];
  return {
    console: console === "/dev/hvc0" ? console : "/dev/ttyS0",
    milestones,
    modules,
    root: device === "" ? undefined : { device, type: type === "squashfs" ? type : "erofs" },
    agent,
    network: hasNetwork ? { address, prefixLength, gateway, nameServer } : undefined,
  };
}

const text = fc.string({ unit: "grapheme" }).filter((value) => !value.includes("\0"));
const id = fc.nat(0xffff_fffe);
const setups = fc.record({
  console: fc.constantFrom("/dev/ttyS0" as const, "/dev/hvc0" as const),
  milestones: fc.constantFrom("port" as const, "console" as const),
  modules: fc.array(text),
  root: fc.option(
    fc.record({
      device: text.filter((value) => value !== ""),
      type: fc.constantFrom("erofs" as const, "squashfs" as const),
    }),
    { nil: undefined },
  ),
  agent: fc.boolean(),
  network: fc.option(fc.record({ address: text, prefixLength: fc.nat(32), gateway: text, nameServer: text }), {
    nil: undefined,
  }),
});
const runs = fc.record({
  nonce: text,
  hostname: text,
  directory: text,
  user: id,
  group: id,
  groups: fc.array(id),
  hasTerminal: fc.boolean(),
  relaysInput: fc.boolean(),
  reportsLog: fc.boolean(),
  columns: fc.nat(65535),
  rows: fc.nat(65535),
  candidates: fc.array(text),
  arguments: fc.array(text),
  environment: fc.array(text),
  setup: setups,
});

/** Undoes the escapes as InputRelay of native/guest/console.cc does. */
function unescaped(bytes: Uint8Array): { data: number[]; ended: boolean } {
  const data: number[] = [];
  let escaped = false;
  for (const byte of bytes) {
    if (escaped && byte === 0x45) return { data, ended: true };
    if (!escaped && byte === 0x10) escaped = true;
    else {
      data.push(byte);
      escaped = false;
    }
  }
  return { data, ended: false };
}

describe("the run file", () => {
  test("carries any arguments, variables and names unchanged", () => {
    fc.assert(
      fc.property(runs, (run) => {
        expect(decode(encodeRunFile(run))).toEqual(run);
      }),
    );
  });

  test("refuses a zero byte, which no program could be given", () => {
    const [run] = fc.sample(runs, 1);
    expect(() => run && encodeRunFile({ ...run, arguments: ["a\0b"] })).toThrow(/zero byte/);
  });
});

describe("input without a terminal", () => {
  test("arrives as it was written, in whatever pieces, and then ends", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ max: 0x12 })), (pieces) => {
        const sent = Buffer.concat([...pieces.map(escapeInput), END_OF_INPUT, Buffer.from("after the end")]);
        expect(unescaped(sent)).toEqual({ data: [...Buffer.concat(pieces)], ended: true });
      }),
    );
  });
});
