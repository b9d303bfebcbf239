/** The benchmark's clock beside hyperfine's. Whether the medians agree is no test's affair: `ringside bench hyperfine` says so. */
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { checkAgainstHyperfine } from "../../runtime/bench/hyperfine/check.ts";
import { words } from "../../runtime/bench/hyperfine/hyperfine.ts";
import { hyperfineReportSchema } from "../../runtime/bench/hyperfine/schema.ts";
import { hyperfineText } from "../../runtime/bench/hyperfine/text.ts";
import { CONTAINERS, needsPrograms, testWhere } from "../support/needs.ts";

test("a command as one string is taken apart into the same arguments again", () => {
  const argument = fc.string({ maxLength: 12 }).filter((text) => !text.includes("\0"));
  fc.assert(
    fc.property(fc.array(argument, { minLength: 1, maxLength: 5 }), (argv) => {
      const script = `set -- ${words(argv)}; for each in "$@"; do printf '%s\\0' "$each"; done`;
      expect(execFileSync("/bin/sh", ["-c", script], { encoding: "utf8" }).split("\0").slice(0, -1)).toEqual(argv);
    }),
    { numRuns: 30 },
  );
});

testWhere(
  [...CONTAINERS, needsPrograms("hyperfine", "crun", "runc", "bwrap")],
  "the same commands are timed by either, turn about, and every sample is kept",
  async () => {
    const report = await checkAgainstHyperfine({
      turns: 2,
      runsPerTurn: 2,
      seed: 3,
      signal: new AbortController().signal,
      progress: () => undefined,
    });
    expect(hyperfineReportSchema.parse(report)).toEqual(report);
    expect(report.unavailable).toEqual([]);
    expect(report.commands.map(({ name }) => name)).toEqual(["crun", "runc", "bwrap"]);
    for (const { ours, hyperfine, ratio, argv } of report.commands) {
      expect([ours.samplesMs.length, hyperfine.samplesMs.length]).toEqual([4, 4]);
      expect(ratio).toBeCloseTo(ours.p50 / hyperfine.p50, 10);
      expect(argv.join(" ")).toContain("ringside-bench-");
    }
    expect(hyperfineText(report)).toMatch(/^bwrap +\d/m);
  },
);
