/** What a panicking kernel takes along, with Ringside inside a guest: one real crash serves all that is asserted. */
import { release } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { Launcher } from "../../native/kernel.ts";
import { type Crash, demonstrateCrash } from "../../runtime/vm/crash/demonstration.ts";
import { crashJson, crashText, crashTimeline, isAsExpected } from "../../runtime/vm/crash/report.ts";
import { guestKernel } from "../../runtime/vm/guest-files.ts";
import { chromeTraceText } from "../../simulator/trace/chrome-trace.ts";
import { parseChromeTrace } from "../../simulator/trace/chrome-trace-parse.ts";
import { processes, untilEmpty } from "../support/leftovers.ts";
import { CONTAINERS, describeWhere, needsPrograms } from "../support/needs.ts";
import { VIRTUAL_MACHINES, VmRoot } from "../support/vms.ts";

/** Two emulated starts of Node, beside other tests. */
const LIMIT_MS = 300_000;

const NEEDS = [...CONTAINERS, ...VIRTUAL_MACHINES, needsPrograms("mkfs.erofs")];

const fatesSchema = z.object({
  schema: z.literal("ringside.crash/1"),
  asExpected: z.boolean(),
  actors: z.array(
    z.object({
      id: z.string(),
      kernel: z.string(),
      isInside: z.boolean(),
      valuesBefore: z.int(),
      valuesAfter: z.int(),
    }),
  ),
});

describeWhere(NEEDS, "a guest's kernel that panics", () => {
  let crash: Crash;
  let root: VmRoot;
  beforeAll(async () => {
    root = new VmRoot();
    await using launcher = await Launcher.open();
    crash = await demonstrateCrash(launcher);
  }, LIMIT_MS);

  afterAll(async () => {
    await root?.[Symbol.asyncDispose]();
  }, LIMIT_MS);

  test("takes the containers in it along, and no container of the host and no other machine", () => {
    const { asExpected, actors } = fatesSchema.parse(JSON.parse(crashJson(crash)));
    expect(asExpected).toBe(true);
    expect(isAsExpected(crash)).toBe(true);
    for (const { isInside, valuesBefore, valuesAfter } of actors) {
      expect(valuesBefore).toBeGreaterThanOrEqual(10);
      if (isInside) expect(valuesAfter).toBe(0);
      else expect(valuesAfter).toBeGreaterThanOrEqual(20);
    }
    expect(actors.map(({ id, kernel, isInside }) => ({ id, kernel, isInside }))).toEqual([
      { id: "container", kernel: release(), isInside: false },
      { id: "neighbour", kernel: guestKernel().version, isInside: false },
      { id: "one", kernel: guestKernel().version, isInside: true },
      { id: "two", kernel: guestKernel().version, isInside: true },
    ]);
  });

  test("says why as its last words, which is in the report", () => {
    expect(crash.lastWords).toMatch(/^Kernel panic - not syncing: .*sysrq/);
    expect(crashText(crash)).toContain(crash.lastWords);
    expect(crashText(crash)).toContain("software emulation");
  });

  test("is a timeline with a track for each that counted", () => {
    const timeline = crashTimeline(crash, "2026-11-23T00:00:00.000Z");
    expect(parseChromeTrace(JSON.parse(chromeTraceText(timeline)))).toEqual(timeline);
    expect(timeline.spans.map(({ track }) => track)).toEqual(["container", "neighbour", "one", "two"]);
  });

  test("leaves nothing behind", async () => {
    expect(root.left()).toEqual([]);
    const children = await untilEmpty(() => processes().filter(({ parent }) => parent === process.pid));
    expect(children.filter(({ command }) => /qemu|ringside-counter/.test(command))).toEqual([]);
  });
});
