/** `ringside trace` as people type it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { takeTrailingOptions } from "../../runtime/cli/trace.ts";
import { checkTimeline } from "../../simulator/trace/check.ts";
import { parseChromeTrace } from "../../simulator/trace/chrome-trace-parse.ts";
import { crossingsOf } from "../../simulator/trace/crossings.ts";
import { CONTAINERS, describeWhere } from "../support/needs.ts";
import { ringside } from "../support/ringside.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const callSchema = z.object({
  pid: z.int(),
  process: z.int(),
  name: z.string(),
  number: z.int(),
  args: z.array(z.string()),
  values: z.array(z.string()).length(6),
  result: z.string(),
  returnValue: z.union([z.number(), z.string(), z.null()]),
  errno: z.union([z.int(), z.null()]),
  error: z.union([z.string(), z.null()]),
  enterNs: z.int(),
  exitNs: z.int(),
});

const documentSchema = z.object({
  schema: z.literal("ringside.trace/1"),
  target: z.object({ kind: z.enum(["image", "container"]), name: z.string(), command: z.array(z.string()) }),
  calls: z.array(callSchema),
  events: z.array(z.looseObject({ kind: z.string(), pid: z.int() })),
  callCount: z.int(),
  lost: z.literal(0),
  summary: z.array(z.object({ name: z.string(), calls: z.int(), errors: z.int(), kernelNs: z.number() }).loose()),
  cost: z.object({ overheadNs: z.number(), untracedNs: z.number(), tracedNs: z.number() }).loose(),
  provenance: z.object({ kind: z.literal("measured"), detail: z.string(), n: z.int(), date: z.string() }),
});

describeWhere(CONTAINERS, "ringside trace", () => {
  test("gives one JSON document with the calls in order, a call a line, and keeps the program's own output apart", async () => {
    const { stdout, stderr, code } = await ringside(["trace", "ringside/base", "cat", "/etc/hostname", "--json"]);
    expect(code).toBe(0);
    const document = documentSchema.parse(JSON.parse(stdout));
    const names = document.calls.map(({ name }) => name);
    expect(names[0]).toBe("execve");
    expect(names.at(-1)).toBe("exit_group");
    const opened = document.calls.find(({ args }) => args[1] === '"/etc/hostname"');
    expect(opened).toMatchObject({ name: "openat", args: ["AT_FDCWD", '"/etc/hostname"', "O_RDONLY"], error: null });
    expect(document.calls.every(({ enterNs, exitNs }) => exitNs >= enterNs)).toBe(true);
    expect(document.callCount).toBe(names.length);
    expect(document.summary.reduce((sum, { calls }) => sum + calls, 0)).toBe(names.length);
    expect(document.events.at(-1)).toMatchObject({ kind: "exit", exitCode: 0 });
    expect(document.cost.tracedNs).toBeGreaterThan(document.cost.untracedNs);
    expect(stderr).toMatch(/^[0-9a-f]{12}\n$/);
    const lines = stdout.trimEnd().split("\n");
    expect(lines.slice(1, -1)).toHaveLength(names.length);
  });

  test("gives the program's output, its exit code, and lines on standard error with what the tracing cost", async () => {
    const { stdout, stderr, code } = await ringside([
      "trace",
      "-f",
      "--words",
      "ringside/base",
      "sh",
      "-c",
      "ls /etc/hostname; exit 7",
    ]);
    expect(code).toBe(7);
    expect(stdout).toBe("/etc/hostname\n");
    expect(stderr).toMatch(/# execve becomes another program\n.* execve\("\/bin\/sh", \["sh", "-c", /);
    expect(stderr).toMatch(/\[\d+\] exit_group\(7\) += \?/);
    expect(stderr).toMatch(/\+\+\+ ended with exit code 7 \+\+\+/);
    expect(stderr).toMatch(/\d+ calls in .*; about .* of that is the tracing itself/);
    expect(stderr).toMatch(/measured just now: \d+ getppid/);
  });

  test("draws user mode, kernel mode and its own stops on the common timeline, one dip a call", async () => {
    const file = join(temporaryDirectory(), "calls.json");
    const { code, stdout } = await ringside([
      "trace",
      "-f",
      "ringside/base",
      "sh",
      "-c",
      "ls / | wc -l",
      "--timeline",
      file,
      "--json",
    ]);
    expect(code).toBe(0);
    const { calls } = documentSchema.parse(JSON.parse(stdout));
    const timeline = parseChromeTrace(JSON.parse(readFileSync(file, "utf8")));
    expect(checkTimeline(timeline)).toEqual([]);
    expect(timeline.tracks.map(({ name }) => name.replace(/\d+/, "N"))).toEqual(["sh (N)", "sh (N)", "wc (N)"]);
    expect(timeline.tracks.every(({ provenance }) => provenance.kind === "measured")).toBe(true);
    const dips = timeline.tracks.map(({ id }) => crossingsOf(timeline, id).intoKernel);
    expect(dips.reduce((sum, count) => sum + count, 0)).toBe(calls.length);
    expect(new Set(timeline.spans.map(({ mode }) => mode))).toEqual(new Set(["user", "kernel"]));
  });

  test("says what it cannot trace", async () => {
    expect(await ringside(["trace", "no/such"])).toMatchObject({
      code: 125,
      stderr: expect.stringContaining("neither a container nor an image no/such"),
    });
    const missing = await ringside(["trace", "ringside/base", "no-such-program"]);
    expect(missing).toMatchObject({ code: 127, stderr: expect.stringContaining("no-such-program") });
  });

  test("a filter inside stays in force, and a forbidden call shows its error", async () => {
    const { stdout } = await ringside(["trace", "-f", "ringside/base", "unshare", "-m", "true", "--json"]);
    const { calls } = documentSchema.parse(JSON.parse(stdout));
    const refused = calls.find(({ name }) => name === "unshare");
    expect(refused).toMatchObject({ args: ["CLONE_NEWNS"], error: "EPERM", returnValue: -1, errno: 1 });
  });
});

describe("options behind the command", () => {
  test.each([
    [["cat", "x", "--json"], { command: ["cat", "x"], json: true, timeline: undefined }],
    [["cat", "--json", "x"], { command: ["cat", "--json", "x"], json: false, timeline: undefined }],
    [["cat", "--timeline", "f", "--json"], { command: ["cat"], json: true, timeline: "f" }],
    [["cat", "--json", "--timeline=f"], { command: ["cat"], json: true, timeline: "f" }],
    [["--", "cat", "--json"], { command: ["cat", "--json"], json: false, timeline: undefined }],
    [[], { command: [], json: false, timeline: undefined }],
  ])("of %j are ours only at its end", (command, expected) => {
    expect(takeTrailingOptions(command, {})).toEqual(expected);
  });
});
