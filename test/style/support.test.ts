/** The helpers of the other tests do what they say. */
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { chance } from "../support/chance.ts";
import { CONTAINERS, findProgram, needsPrograms, unmet } from "../support/needs.ts";
import { ringside } from "../support/ringside.ts";

describe("the command line under test", () => {
  test("gives both outputs and the exit code", async () => {
    const help = await ringside(["--help"]);
    expect(help).toMatchObject({ code: 0, stderr: "" });
    expect(help.stdout).toContain("Usage: ringside");
  });

  test("takes an environment, and an input that nobody has to read", async () => {
    const { stdout, code } = await ringside(["--version"], { env: { NO_COLOR: "1" }, input: "x".repeat(1 << 20) });
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(code).toBe(0);
  });
});

describe("what a test needs", () => {
  test("names what is missing, the first of it", () => {
    expect(unmet([() => undefined, () => "first", () => "second"])).toBe("first");
    expect(unmet([])).toBeUndefined();
    expect(needsPrograms("sh", "no-such-program")()).toBe("not installed: no-such-program");
  });

  test("is met by programs on the search path", () => {
    expect(needsPrograms("sh")()).toBeUndefined();
    expect(findProgram("sh")).toMatch(/^\/.*\/sh$/);
  });

  test("has a reason or none for containers on any machine", () => {
    expect([undefined, expect.any(String)]).toContainEqual(unmet(CONTAINERS));
  });
});

test("chance can be repeated by its seed", () => {
  vi.stubEnv("RINGSIDE_SEED", "7");
  onTestFinished(() => void vi.unstubAllEnvs());
  const draw = () => {
    const random = chance();
    return Array.from({ length: 5 }, () => random.integer(0, 999));
  };
  expect(draw()).toEqual(draw());
});
