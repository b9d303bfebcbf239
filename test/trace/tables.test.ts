/** The tables behind the words: every row can be used, and what they say is what the manual pages say. */
import { describe, expect, test } from "vitest";
import { decodeCall } from "../../runtime/trace/decode.ts";
import { type CallRecord, parseRecords } from "../../runtime/trace/records.ts";
import { callName, captureRows, signatureOf } from "../../runtime/trace/signature.ts";
import { constantsOf, isTable, type TableName } from "../../runtime/trace/tables/constants.ts";
import { meaningOf } from "../../runtime/trace/tables/meanings.ts";
import { SIGNATURES } from "../../runtime/trace/tables/signatures.ts";
import { errorWords, flags, octal, openFlags, quote, signalName, waitStatus } from "../../runtime/trace/words.ts";

const names = SIGNATURES.trim()
  .split("\n")
  .map((line) => line.split(" ")[0] ?? "");
const X86_64 = 0xc000_003e;
const I386 = 0x4000_0003;

function call(number: number, args: readonly number[], more: Partial<CallRecord> = {}): CallRecord {
  return {
    kind: "call",
    thread: 1,
    process: 1,
    atNs: 0,
    number: BigInt(number),
    architecture: X86_64,
    args: [0, 1, 2, 3, 4, 5].map((index) => BigInt(args[index] ?? 0)),
    captures: [],
    returnValue: 0n,
    isError: false,
    hasReturned: true,
    enterNs: 1,
    exitNs: 2,
    resumedNs: 3,
    ...more,
  };
}

describe("signatures", () => {
  test("are in order, each call once, with six arguments at most", () => {
    expect(names).toEqual([...new Set(names)].sort());
    expect(names.filter((name) => (signatureOf(name)?.arguments.length ?? 7) > 6)).toEqual([]);
  });

  test("name tables that there are, and arguments that the call has", () => {
    const wrong = names.flatMap((name) => {
      const forms = signatureOf(name)?.arguments ?? [];
      return forms.flatMap(({ kind, parameter }) => {
        if (parameter === "") return [];
        const isNumber = /^[0-5]$/.test(parameter);
        return isNumber || isTable(parameter) ? [] : [`${name}: ${kind}:${parameter}`];
      });
    });
    expect(wrong).toEqual([]);
  });

  test.runIf(process.arch === "x64")("decode, whatever the arguments are", () => {
    for (let number = 0; number < 460; number++) {
      const decoded = decodeCall(
        call(
          number,
          [-1, 3, 0, 12, 7, 9].map((value) => Math.max(value, 0)),
        ),
        32,
      );
      expect(decoded.name).toMatch(/^[a-z_0-9]+$/);
      expect(decoded.args.every((text) => text !== "" && !text.includes("undefined"))).toBe(true);
    }
  });

  test("give the tracer rows of six bytes", () => {
    expect(captureRows().length % 6).toBe(0);
    expect(captureRows().length).toBeGreaterThan(6 * 50);
  });

  test.runIf(process.arch === "x64")("know the calls of 32-bit programs by their own numbers", () => {
    expect(callName(X86_64, 1n)).toBe("write");
    expect(callName(I386, 4n)).toBe("write");
    expect(callName(X86_64, 0x4000_0000n)).toBe("read");
    expect(callName(X86_64, 9999n)).toBe("syscall_0x270f");
  });
});

describe("meanings", () => {
  test("are there for the hundred most common calls, one line each", () => {
    const known = names.filter((name) => meaningOf(name) !== undefined);
    expect(known.length).toBeGreaterThan(100);
    const lines = known.map((name) => meaningOf(name) ?? "");
    expect(lines.filter((line) => !/^[a-z].*[^.]$/.test(line) || line.length > 100)).toEqual([]);
  });

  test.each(["open", "openat", "openat2"])("of %s are the same: a newer form of one call", (name) => {
    expect(meaningOf(name)).toBe(meaningOf("open"));
  });
});

describe("words", () => {
  test("of bits name the widest first, and keep what has no name", () => {
    expect(openFlags(0n)).toBe("O_RDONLY");
    expect(openFlags(0o2000001n)).toBe("O_WRONLY|O_CLOEXEC");
    expect(openFlags(0o4010000n)).toBe("O_RDONLY|O_SYNC");
    expect(flags("prot", 0n)).toBe("PROT_NONE");
    expect(flags("prot", 3n)).toBe("PROT_READ|PROT_WRITE");
    expect(flags("map", 0x22n)).toBe("MAP_PRIVATE|MAP_ANONYMOUS");
    expect(flags("at", 0x8000_0000n)).toBe("0x80000000");
    expect(octal(0o644n)).toBe("0644");
    expect(octal(0n)).toBe("000");
  });

  test.each<[readonly number[], boolean, string]>([
    [[0x61, 0x0a, 0x22, 0x5c], false, String.raw`"a\n\"\\"`],
    [[1, 0x37, 1, 0x61], false, String.raw`"\0017\1a"`],
    [[0xff, 0], true, String.raw`"\377\0"...`],
    [[], false, '""'],
  ])("of bytes %j are strace's", (bytes, isCut, words) => {
    expect(quote(Uint8Array.from(bytes), 32, isCut)).toBe(words);
  });

  test("of data are shortened, and say so", () => {
    expect(quote(Buffer.from("abcdef"), 3, false)).toBe('"abc"...');
  });

  test("of signals, errors and ends are the field's own", () => {
    expect(signalName(11)).toBe("SIGSEGV");
    expect(signalName(34)).toBe("SIGRT_2");
    expect(errorWords(2)).toEqual({ name: "ENOENT", words: "no such file or directory" });
    expect(errorWords(512).name).toBe("ERESTARTSYS");
    expect(waitStatus(0x0300)).toBe("{WIFEXITED(s) && WEXITSTATUS(s) == 3}");
    expect(waitStatus(0x8b)).toBe("{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)}");
  });

  test.runIf(process.arch === "x64")("of a call say what failed, and what never returned", () => {
    const failed = call(257, [0xffffff9c, 0, 0o101, 0o600], { isError: true, returnValue: -2n });
    expect(decodeCall(failed, 32)).toMatchObject({
      args: ["AT_FDCWD", "NULL", "O_WRONLY|O_CREAT", "0600"],
      result: "-1 ENOENT (no such file or directory)",
      error: "ENOENT",
    });
    expect(decodeCall(call(231, [3], { hasReturned: false }), 32)).toMatchObject({ args: ["3"], result: "?" });
  });

  test("of constants are numbers that are there once", () => {
    const tables: readonly TableName[] = ["open", "access", "prot", "map", "clone", "fcntl", "futex", "clock"];
    for (const table of tables) {
      const rows = constantsOf(table);
      expect(rows.every(([value, name]) => Number.isSafeInteger(value) && /^[A-Z_]/.test(name))).toBe(true);
      expect(new Set(rows.map(([value]) => value)).size).toBe(rows.length);
    }
  });
});

test("bytes that are no record are refused", () => {
  expect(() => parseRecords(Buffer.alloc(24))).toThrow(/unknown kind/);
  expect(parseRecords(Buffer.alloc(0))).toEqual([]);
});
