/**
 * The monitor of the tiny guest under the address and undefined-behaviour sanitizers: whatever bytes the guest executes, the
 * monitor ends it within its bounds and reads nothing beyond its memory. The seed is printed by fast-check when a property
 * fails.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tinyProblem } from "../../runtime/vm/tiny.ts";
import { codeOf, LOAD_ADDRESS, leastProgram } from "../../runtime/vm/tiny-program.ts";
import { findProgram, unless } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const ADDON = fileURLToPath(new URL("../../native/addon/", import.meta.url));
const FLAGS = ["-std=c++20", "-O1", "-g", "-fno-sanitize-recover=all", "-Wall", "-Wextra", "-Werror"];

interface Guest {
  readonly loadAddress: number;
  readonly memoryBytes: number;
  readonly extraSegment: number;
  readonly mostExits: number;
  readonly timeoutMs: number;
  readonly code: Uint8Array;
}

const USUAL = { loadAddress: LOAD_ADDRESS, memoryBytes: 65_536, extraSegment: 0xa000, mostExits: 200, timeoutMs: 10 };

function build(): string {
  const program = join(temporaryDirectory(), "run-guest");
  const sources = [join(HERE, "run-guest.cc"), join(ADDON, "kvm-guest.cc")];
  const { status, stderr } = spawnSync("g++", [...FLAGS, "-fsanitize=address,undefined", ...sources, "-o", program], {
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return program;
}

function run(program: string, guests: readonly Guest[]): string[] {
  const input = guests.flatMap(({ loadAddress, memoryBytes, extraSegment, mostExits, timeoutMs, code }) => {
    const header = [loadAddress, memoryBytes, extraSegment, mostExits, timeoutMs, 0x5a, code.length];
    return [Buffer.from(Uint32Array.from(header).buffer), code];
  });
  const { stdout, stderr, status } = spawnSync(program, { input: Buffer.concat(input), encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return stdout.trimEnd().split("\n");
}

const missing = findProgram("g++") === undefined ? "not installed: g++" : undefined;
const problem = await tinyProblem();
const reason = missing ?? (problem === undefined ? undefined : `${problem.reason}; to fix it: ${problem.fix}`);

describe("the monitor of the tiny guest, with sanitizers", unless(reason), () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 64 });
  // Random bytes seldom reach for a device; these instructions do.
  const reaching = fc.constantFrom(
    [0xe6, 0x84],
    [0xe4, 0x10],
    [0xf3, 0x6e],
    [0xf3, 0x6d],
    [0x26, 0xa2, 0, 0],
    [0x66, 0x26, 0xa1, 0, 0],
    [0xf4],
    [0x0f, 0x22, 0xc0],
    [0x0f, 0x0b],
  );
  const programs = fc.oneof(
    bytes,
    fc.array(reaching, { minLength: 1, maxLength: 20 }).map((parts) => Uint8Array.from(parts.flat())),
    fc
      .array(fc.oneof(reaching, fc.array(fc.nat(255), { maxLength: 6 })), { maxLength: 12 })
      .map((parts) => Uint8Array.from(parts.flat())),
  );

  test("survives every program, and ends each within its bounds", () => {
    const program = build();
    fc.assert(
      fc.property(fc.array(programs, { minLength: 20, maxLength: 20 }), (codes) => {
        const ends = run(
          program,
          codes.map((code) => ({ ...USUAL, code })),
        );
        expect(ends).toHaveLength(codes.length);
        for (const end of ends) {
          expect(end).toMatch(/^(ended|shutdown|timedOut|tooManyExits|unknownExit) \d+$|^failed (KVM_RUN|bounds)$/);
          expect(Number(end.split(" ")[1] ?? 0)).not.toBeGreaterThan(USUAL.mostExits);
        }
      }),
      { numRuns: 10 },
    );
  });

  test("refuses what lies outside of its bounds, before it makes anything", () => {
    const program = build();
    const code = codeOf(leastProgram());
    const outside: Guest[] = [
      { ...USUAL, code: new Uint8Array(0) },
      { ...USUAL, code, memoryBytes: 0 },
      { ...USUAL, code, memoryBytes: 4095 },
      { ...USUAL, code, memoryBytes: 2 ** 31 },
      { ...USUAL, code, loadAddress: 65_536 },
      { ...USUAL, code, loadAddress: 65_535 },
      { ...USUAL, code, extraSegment: 0x10000 },
      { ...USUAL, code, mostExits: 0 },
      { ...USUAL, code, mostExits: 2 ** 31 },
      { ...USUAL, code, timeoutMs: 0 },
      { ...USUAL, code, timeoutMs: 2 ** 31 },
    ];
    // Where the machine is busy, even the least program may take a while.
    const sound = { ...USUAL, code, timeoutMs: 10_000 };
    expect(run(program, [...outside, sound])).toEqual([...outside.map(() => "failed bounds"), "ended 3"]);
  });
});
