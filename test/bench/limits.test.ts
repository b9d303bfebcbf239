/** What a benchmark takes at most, and how far it is. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { checkDisk, describeLimits, limitsFor } from "../../runtime/bench/limits.ts";
import { Pacer } from "../../runtime/bench/pace.ts";
import { progressText, timeText } from "../../runtime/cli/bench-progress.ts";

const TEBIBYTE = 1024 ** 4;

describe("limits", () => {
  it("are what was asked for, else what this machine bears", () => {
    const asked = { timeSeconds: 30, memoryBytes: 1024 ** 2, diskBytes: 1024 ** 2 };
    expect(limitsFor(asked)).toEqual(asked);
    const { timeSeconds, memoryBytes, diskBytes } = limitsFor({});
    expect(timeSeconds).toBe(Number.POSITIVE_INFINITY);
    expect(memoryBytes).toBeGreaterThan(0);
    expect(diskBytes).toBeLessThanOrEqual(2 * 1024 ** 3);
  });

  it("beyond what is free are refused", () => {
    expect(() => limitsFor({ memoryBytes: 900 * TEBIBYTE })).toThrow(/of memory are asked for/);
    expect(() => limitsFor({ diskBytes: 900 * TEBIBYTE })).toThrow(/of disk below/);
  });

  it("are announced in words", () => {
    const words = describeLimits({ timeSeconds: 540, memoryBytes: 3 * 1024 ** 3, diskBytes: 2 * 1024 ** 3 });
    expect(words).toContain("540 s, 3072 MiB of memory, 2048 MiB of disk");
    expect(describeLimits({ ...limitsFor({}), timeSeconds: Number.POSITIVE_INFINITY })).toContain(
      "as long as the runs take",
    );
  });

  it("of disk are looked after, in depth", () => {
    const directory = mkdtempSync(join(tmpdir(), "ringside-limits-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    mkdirSync(join(directory, "a/b"), { recursive: true });
    const limits = { timeSeconds: 1, memoryBytes: 1, diskBytes: 1024 ** 2 };
    expect(() => checkDisk(directory, limits)).not.toThrow();
    writeFileSync(join(directory, "a/b/file"), Buffer.alloc(2 * 1024 ** 2));
    expect(() => checkDisk(directory, limits)).toThrow(/has come to 2 MiB and the limit is 1 MiB/);
  });
});

describe("the pace", () => {
  it("says how much is done, and that what is left takes as much longer as what is done did", () => {
    const pacer = new Pacer(10_000, 0);
    expect(pacer.at(500)).toEqual({ fraction: 0, leftSeconds: 10 });
    pacer.worked(2500);
    // Expected 2.5 s, took 5 s: the other 7.5 s will take 15.
    expect(pacer.at(5000)).toEqual({ fraction: 0.25, leftSeconds: 15 });
    pacer.worked(50_000);
    expect(pacer.at(20_000)).toEqual({ fraction: 1, leftSeconds: 0 });
  });
});

describe("the line of progress", () => {
  const step = { phase: "run", round: 3, rounds: 40, system: "crun" } as const;

  it("shows a bar, what is done, and the time that is left, where they are known", () => {
    expect(progressText({ ...step, part: "startup", fraction: 0.5, leftSeconds: 65 }, 120)).toBe(
      "██████████░░░░░░░░░░  50 %  startup, run 3 of 40: crun  1:05 left",
    );
    expect(progressText(step, 120)).toBe("run 3 of 40: crun");
    expect(progressText({ phase: "preparing", system: "podman" }, 120)).toBe("preparing: podman");
  });

  it("never is longer than the terminal is wide, since what is broken cannot be written over", () => {
    expect(progressText({ ...step, fraction: 2, leftSeconds: -4 }, 30)).toHaveLength(30);
    expect(timeText(-4)).toBe("0:00");
  });
});
