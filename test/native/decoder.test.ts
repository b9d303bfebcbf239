/**
 * The launcher's plan decoder under the address and undefined-behaviour sanitizers: real plans, cut, flipped and spliced
 * at random. Whatever the bytes, it decodes or refuses; it never reads beyond them. The seed is printed by fast-check
 * when a property fails.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodePlan } from "../../native/plan/encode.ts";
import { NO_SLOT } from "../../native/plan/operations.ts";
import type { PlanStep } from "../../native/plan/plan.ts";
import { executeStep } from "../../runtime/plan/execute.ts";
import { chance } from "../support/chance.ts";
import { findProgram, needsPrograms, unless } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const LAUNCHER = fileURLToPath(new URL("../../native/launcher/", import.meta.url));
const WORDS = { stage: "test", why: "for a test" };
const hasCompiler = findProgram("g++") !== undefined;
const FLAGS = ["-std=c++20", "-O1", "-g", "-fno-sanitize-recover=all", "-Wall", "-Wextra", "-Werror"];

/** @param sanitizers `fuzzer` makes it a target of libFuzzer's */
function buildDecoder(compiler = "g++", sanitizers = "address,undefined"): string {
  const program = join(temporaryDirectory(), "decode-plans");
  const mode = sanitizers.includes("fuzzer") ? ["-DRINGSIDE_LIBFUZZER"] : [];
  const sources = [join(HERE, "decode-plans.cc"), join(LAUNCHER, "plan.cc")];
  const { status, stderr } = spawnSync(
    compiler,
    [...FLAGS, `-fsanitize=${sanitizers}`, ...mode, ...sources, "-o", program],
    { encoding: "utf8" },
  );
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return program;
}

function realPlan(names: readonly string[], groups: readonly number[], filter: Uint8Array): Buffer {
  const steps: PlanStep[] = [
    {
      ...WORDS,
      phase: "host",
      op: "newOverlay",
      slot: 4,
      lower: names,
      upper: "/u",
      work: "/w",
      options: [],
      attributes: 0,
    },
    { ...WORDS, phase: "host", op: "clone", flags: 0, cgroup: NO_SLOT },
    { ...WORDS, phase: "child", op: "setUser", uid: 1, gid: 1, groups },
    { ...WORDS, phase: "child", op: "setSeccomp", filter, flags: 0, listener: NO_SLOT, state: [] },
    executeStep(["/bin/true", ...names], names),
    { ...WORDS, phase: "cleanup", op: "removeDirectory", path: "/gone" },
  ];
  return encodePlan(steps);
}

const anyPlan = fc
  .tuple(
    fc.array(fc.stringMatching(/^[a-z/=]{0,40}$/), { maxLength: 6 }),
    fc.array(fc.nat(), { maxLength: 6 }),
    fc.uint8Array({ maxLength: 64 }),
  )
  .map(([names, groups, filter]) => realPlan(names, groups, filter));

type Damage = (bytes: Buffer) => Buffer;

/** Most damage keeps the header's own length right, so that what lies behind it is reached. */
const anyDamage: fc.Arbitrary<Damage> = fc.oneof(
  fc.tuple(fc.nat(), fc.nat(255)).map(
    ([at, value]): Damage =>
      (bytes) => {
        const copy = Buffer.from(bytes);
        copy[at % copy.length] = value;
        return copy;
      },
  ),
  fc.tuple(fc.nat(), fc.constantFrom(0, 1, 0x7fff_ffff, 0xffff_fff8, 0xffff_ffff)).map(
    ([at, value]): Damage =>
      (bytes) => {
        const copy = Buffer.from(bytes);
        copy.writeUInt32LE(value, Math.max(16, (at % (copy.length / 4)) * 4) % (copy.length - 3));
        return copy;
      },
  ),
  fc.nat().map(
    (at): Damage =>
      (bytes) => {
        const copy = Buffer.from(bytes.subarray(0, Math.max(16, (at % bytes.length) & ~7)));
        copy.writeUInt32LE(copy.length, 12);
        return copy;
      },
  ),
);

function decode(program: string, plans: readonly Buffer[]): { answers: string; stderr: string; status: number | null } {
  const input = plans.flatMap((plan) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(plan.length);
    return [length, plan];
  });
  const { stdout, stderr, status } = spawnSync(program, { input: Buffer.concat(input), encoding: "utf8" });
  return { answers: stdout, stderr, status };
}

describe("the plan decoder", unless(hasCompiler ? undefined : "not installed: g++"), () => {
  test("decodes every real plan, and survives every damaged one", () => {
    const program = buildDecoder();
    fc.assert(
      fc.property(
        fc.array(fc.tuple(anyPlan, fc.array(anyDamage, { minLength: 1, maxLength: 3 })), { minLength: 20 }),
        (cases) => {
          const whole = decode(
            program,
            cases.map(([plan]) => plan),
          );
          expect(whole).toEqual({ answers: "d".repeat(cases.length), stderr: "", status: 0 });
          const damaged = decode(
            program,
            cases.map(([plan, damage]) => damage.reduce((bytes, harm) => harm(bytes), plan)),
          );
          expect(damaged.stderr).toBe("");
          expect(damaged.status).toBe(0);
          expect(damaged.answers).toMatch(/^[dr]*$/);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("refuses bytes that are no plan at all", () => {
    const program = buildDecoder();
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1 }), (blobs) => {
        const { answers, status } = decode(
          program,
          blobs.map((blob) => Buffer.from(blob)),
        );
        expect(status).toBe(0);
        expect(answers).toBe("r".repeat(blobs.length));
      }),
      { numRuns: 30 },
    );
  });
});

/** libFuzzer's own seed is its argument, so a run can be repeated. */
const FUZZ_RUNS = 400_000;
const MOST_PLAN_BYTES = 4096;

describe("the plan decoder under libFuzzer", unless([needsPrograms("clang++")]), () => {
  test("survives what the fuzzer finds by looking at the branches that it takes", () => {
    const program = buildDecoder("clang++", "fuzzer,address,undefined");
    const corpus = temporaryDirectory();
    const seed = chance().integer(0, 999_999_999);
    fc.sample(anyPlan, { numRuns: 30, seed }).forEach((plan, index) => {
      writeFileSync(join(corpus, String(index)), plan);
    });
    const options = [
      `-seed=${seed}`,
      `-runs=${FUZZ_RUNS}`,
      `-max_len=${MOST_PLAN_BYTES}`,
      "-artifact_prefix=/dev/null",
    ];
    const { status, stderr } = spawnSync(program, [...options, corpus], { encoding: "utf8" });
    expect(status, stderr.slice(-4000)).toBe(0);
  });
});
