/** The plan's wire format: what the encoder refuses, and that the launcher believes nothing that does not fit. */
import { closeSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { kernelProblem, Launcher, openPipe } from "../../native/kernel.ts";
import { encodePlan } from "../../native/plan/encode.ts";
import { header } from "../../native/plan/generate.ts";
import { NO_SLOT, OPERATIONS } from "../../native/plan/operations.ts";
import type { PlanStep } from "../../native/plan/plan.ts";
import { StepError } from "../../native/step-error.ts";
import { executeStep } from "../../runtime/plan/execute.ts";
import { readAll } from "../support/inside.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const WORDS = { stage: "test", why: "for a test" };
const CLONE: PlanStep = { ...WORDS, phase: "host", op: "clone", flags: 0, cgroup: NO_SLOT };
const STDIO: PlanStep = { ...WORDS, phase: "child", op: "setStdio", stdin: 0, stdout: 0, stderr: 0 };
const REMOVE = { ...WORDS, op: "removeDirectory", path: "/no/such/directory" } as const;
const unavailable = kernelProblem()?.reason;

function hostname(name: string): PlanStep {
  return { ...WORDS, phase: "child", op: "setHostname", name };
}

describe("the encoder", () => {
  test("gives every operation a code of its own", () => {
    const codes = Object.values(OPERATIONS).map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
  });

  test("has a C++ header made from the same table", () => {
    expect(readFileSync(new URL("../../native/plan/operations.h", import.meta.url), "utf8")).toBe(header());
  });

  test("keeps every step on eight bytes and says its own length", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" }).filter((text) => !text.includes("\0"))), (names) => {
        const bytes = encodePlan(names.map(hostname));
        expect(bytes.length % 8).toBe(0);
        expect(bytes.readUInt32LE(8)).toBe(names.length);
        expect(bytes.readUInt32LE(12)).toBe(bytes.length);
      }),
    );
  });

  test.each([
    ["a NUL in a string", hostname("a\0b"), /step 0, setHostname: name contains a NUL/],
    ["a negative unsigned number", { ...CLONE, flags: -1 }, /flags is negative/],
    ["a number that is no integer", { ...CLONE, flags: 1.5 }, /flags is not an integer/],
    ["a slot outside of the table", { ...CLONE, cgroup: 256 }, /cgroup is not a slot/],
  ] satisfies [string, PlanStep, RegExp][])("refuses %s, naming step and argument", (_, step, words) => {
    expect(() => encodePlan([step])).toThrow(words);
  });
});

describe.skipIf(unavailable !== undefined)(
  `the launcher${unavailable === undefined ? "" : ` (skipped: ${unavailable})`}`,
  () => {
    test("runs what a plan says and tells how it ended", async () => {
      await using launcher = await Launcher.open();
      const pipe = openPipe();
      const output = readAll(pipe.readFd);
      const { exited } = await launcher.start(
        [CLONE, STDIO, executeStep(["/bin/sh", "-c", "echo here; exit 9"], [])],
        [pipe.writeFd],
      );
      closeSync(pipe.writeFd);
      expect((await exited).status).toEqual({ kind: "exited", code: 9 });
      expect(await output).toBe("here\n");
    });

    test("names the step that failed and its errno", async () => {
      await using launcher = await Launcher.open();
      const plan: PlanStep[] = [
        CLONE,
        { ...WORDS, phase: "child", op: "setDirectory", path: "/no/such/directory" },
        executeStep(["/bin/true"], []),
      ];
      const failure: unknown = await launcher.start(plan).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(StepError);
      expect(failure).toMatchObject({ code: "ENOENT", step: 1, syscall: "setDirectory" });
    });

    test.each([
      ["no clone", [executeStep(["/bin/true"], [])]],
      ["no program", [CLONE]],
      ["a step of the host after the clone", [CLONE, { ...CLONE }, executeStep(["/bin/true"], [])]],
      ["a step after the program", [CLONE, executeStep(["/bin/true"], []), hostname("late")]],
      [
        "an operation in a phase that has it not",
        [{ ...hostname("early"), phase: "host" as const }, CLONE, executeStep(["/bin/true"], [])],
      ],
    ] satisfies [string, PlanStep[]][])("refuses a plan with %s", async (_, plan) => {
      await using launcher = await Launcher.open();
      await expect(launcher.start(plan)).rejects.toThrow(/EBADMSG|ENOTSUP/);
      // It is still there and still works.
      const { exited } = await launcher.start([CLONE, executeStep(["/bin/true"], [])]);
      expect((await exited).status).toEqual({ kind: "exited", code: 0 });
    });

    test.each([
      ["without a program", [CLONE]],
      ["with two clones", [CLONE, CLONE, executeStep(["/bin/true"], [])]],
      ["whose child begins before its clone", [hostname("early"), CLONE, executeStep(["/bin/true"], [])]],
      ["that goes on behind its program", [CLONE, executeStep(["/bin/true"], []), hostname("late")]],
      [
        "that cleans up before it has begun",
        [{ ...REMOVE, phase: "cleanup" as const }, CLONE, executeStep(["/bin/true"], [])],
      ],
    ] satisfies [string, PlanStep[]][])("refuses a plan %s without having touched anything", async (_, rest) => {
      await using launcher = await Launcher.open();
      const path = join(temporaryDirectory(), "made");
      const make: PlanStep = { ...WORDS, phase: "host", op: "makeDirectory", path, mode: 0o755, mayExist: 0 };
      await expect(launcher.start([make, ...rest])).rejects.toThrow(/EBADMSG/);
      expect(existsSync(path)).toBe(false);
    });

    test("runs from a sealed copy of itself that nobody can write", async () => {
      await using launcher = await Launcher.open();
      const { exited, pid } = await launcher.start([CLONE, executeStep(["/bin/sleep", "600"], [])]);
      const parent = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[1];
      const maps = readFileSync(`/proc/${parent}/maps`, "utf8");
      expect(maps).toContain("memfd:ringside-launcher");
      expect(maps).not.toContain("native/build");
      process.kill(pid, "SIGKILL");
      expect((await exited).status).toEqual({ kind: "signaled", signal: "SIGKILL" });
    });

    test("starts many at a time and mixes none of them up", async () => {
      await using launcher = await Launcher.open();
      const codes = Array.from({ length: 40 }, (_, index) => index);
      const ended = await Promise.all(
        codes.map(async (code) => {
          const { exited } = await launcher.start([CLONE, executeStep(["/bin/sh", "-c", `exit ${code}`], [])]);
          return (await exited).status;
        }),
      );
      expect(ended).toEqual(codes.map((code) => ({ kind: "exited", code })));
    });
  },
);
