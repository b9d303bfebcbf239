/** Reading ELF files, whole ones and damaged ones: crafted bytes, and any damage to any byte. */
import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ElfError, isElf, readElf } from "../../runtime/image/elf.ts";
import { makeElf } from "./make-elf.ts";

const FULL = {
  interpreter: "/lib64/ld-linux-x86-64.so.2",
  needed: ["libm.so.6", "libc.so.6"],
  soname: "libexample.so.1",
  rpath: "/old:$ORIGIN/lib",
  runpath: "/new",
} as const;

describe("what an ELF file says to the loader", () => {
  test.each([
    { bits: 64, littleEndian: true },
    { bits: 64, littleEndian: false },
    { bits: 32, littleEndian: true },
    { bits: 32, littleEndian: false },
  ] as const)("is read from files of $bits bits, little-endian $littleEndian", (layout) => {
    expect(readElf(makeElf({ ...FULL, ...layout }))).toMatchObject({
      bits: layout.bits,
      interpreter: FULL.interpreter,
      needed: FULL.needed,
      soname: FULL.soname,
      rpath: ["/old", "$ORIGIN/lib"],
      runpath: ["/new"],
    });
  });

  test("is nothing in a static program, which has neither interpreter nor needs", () => {
    expect(readElf(makeElf())).toMatchObject({ interpreter: undefined, needed: [] });
  });

  test.skipIf(!existsSync("/bin/ls"))("agrees with a real program of this machine", () => {
    const elf = readElf(readFileSync("/bin/ls"));
    expect(elf.needed.some((name) => name.startsWith("libc."))).toBe(true);
    expect(existsSync(elf.interpreter ?? "")).toBe(true);
  });
});

describe("a malformed file is refused with the rule that it breaks", () => {
  const patched = (at: number, bytes: readonly number[]) => {
    const file = Buffer.from(makeElf(FULL));
    file.set(bytes, at);
    return file;
  };
  const FIRST_SEGMENT = 64;
  const DYNAMIC_SEGMENT = FIRST_SEGMENT + 2 * 56;

  test.each([
    ["a text file", Buffer.from("#!/bin/sh\necho this is long enough to hold a header\n"), /no ELF magic/],
    ["an empty file", Buffer.alloc(0), /no ELF magic/],
    ["a header that is cut off", makeElf(FULL).subarray(0, 40), /ends too early/],
    ["a class of neither 32 nor 64 bits", patched(4, [3]), /class/],
    ["a byte order that does not exist", patched(5, [0]), /byte order/],
    ["a program header table outside of the file", patched(32, [0xff, 0xff, 0xff, 0xff]), /program header table/],
    ["more program headers than any program has", patched(56, [0xff, 0xff]), /more than 1024/],
    ["program headers of a foreign size", patched(54, [1, 0]), /foreign size/],
    ["a segment that starts behind the end", patched(FIRST_SEGMENT + 8, [0, 0, 0, 0, 1]), /a segment lies outside/],
    ["a segment of 2^64-1 bytes", patched(FIRST_SEGMENT + 32, Array(8).fill(0xff)), /a segment lies outside/],
    ["a string table in no segment", patched(FIRST_SEGMENT + 16, Array(8).fill(0x7f)), /no loaded segment/],
  ] as const)("%s", (_, bytes, rule) => {
    expect(() => readElf(bytes)).toThrow(ElfError);
    expect(() => readElf(bytes)).toThrow(rule);
  });

  test("an interpreter's path that does not end inside its segment", () => {
    const file = Buffer.from(makeElf({ interpreter: "/lib/ld.so" }));
    file[file.indexOf("/lib/ld.so\0") + "/lib/ld.so".length] = 0x41;
    expect(() => readElf(file)).toThrow(/interpreter's path does not end/);
  });

  test("a needed library's name that starts behind the string table", () => {
    const file = Buffer.from(makeElf({ needed: ["liba.so"] }));
    const dynamicAt = Number(file.readBigUInt64LE(FIRST_SEGMENT + 56 + 8));
    file.writeBigUInt64LE(2n ** 63n, dynamicAt + 8);
    expect(() => readElf(file)).toThrow(/a dynamic string lies outside/);
  });

  test("a dynamic segment without an end marker is read to its end and no further", () => {
    const file = Buffer.from(makeElf(FULL));
    const sizeAt = DYNAMIC_SEGMENT + 32;
    file.writeBigUInt64LE(file.readBigUInt64LE(sizeAt) - 16n, sizeAt);
    expect(readElf(file).needed).toEqual(FULL.needed);
  });

  test("any damage to any bytes gives an answer or an ElfError, never another error", () => {
    const whole = makeElf(FULL);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 12 }),
        fc.nat(whole.length),
        (damage, length) => {
          const file = Buffer.from(whole.subarray(0, length));
          for (const [at, value] of damage) if (at < length) file[at] = value;
          try {
            readElf(file);
          } catch (error) {
            expect(error).toBeInstanceOf(ElfError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

test("a file is told from an ELF file by its first four bytes", () => {
  expect(isElf(makeElf())).toBe(true);
  expect(isElf(Buffer.from("#!/bin/sh"))).toBe(false);
  expect(isElf(Buffer.alloc(0))).toBe(false);
});
