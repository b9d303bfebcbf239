/** Shares of the processor's cache: no machine of ours has them, so that a directory stands for the resctrl file system. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { PlanStep } from "../../native/plan/plan.ts";
import type { OciIntelRdt } from "../../runtime/oci/config.ts";
import { intelRdtSteps, joinIntelRdtSteps } from "../../runtime/plan/intel-rdt.ts";
import { Slots } from "../../runtime/plan/slots.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/** A machine with resctrl, and the classes of service that are there already, with their shares. */
function machine(classes: Readonly<Record<string, string>> = {}) {
  const resctrl = temporaryDirectory();
  const mountInfo = join(temporaryDirectory(), "mountinfo");
  writeFileSync(mountInfo, `30 23 0:26 / ${resctrl} rw,relatime shared:9 - resctrl resctrl rw\n`);
  for (const [name, schemata] of Object.entries(classes)) {
    mkdirSync(join(resctrl, name));
    writeFileSync(join(resctrl, name, "schemata"), schemata);
  }
  return (rdt: OciIntelRdt) => {
    const plan = intelRdtSteps(rdt, "box", new Slots(3), mountInfo);
    const further = joinIntelRdtSteps(rdt, "box", new Slots(3), mountInfo);
    return {
      ...plan,
      words: [...plan.host, ...plan.join, ...plan.cleanup].map((step) => wordsOf(step, resctrl)),
      further: [...further.host, ...further.join].map((step) => wordsOf(step, resctrl)),
    };
  };
}

function wordsOf(step: PlanStep, root: string): string {
  const path = "path" in step ? ` ${step.path.replace(`${root}/`, "")}` : "";
  return `${step.op}${path}${step.op === "writeFile" ? `=${JSON.stringify(step.value)}` : ""}`;
}

describe("a class of service", () => {
  test("is the container's own unless one is named, and goes with it", () => {
    const { words, made } = machine()({ l3CacheSchema: "L3:0=7f0", memBwSchema: "MB:0=20" });
    expect(words).toEqual([
      "makeDirectory box",
      String.raw`writeFile box/schemata="L3:0=7f0\nMB:0=20\n"`,
      "openPath box/tasks",
      "joinCgroup",
      "removeDirectory box",
    ]);
    expect(made).toHaveLength(1);
  });

  test("that is there already is joined, and stays", () => {
    const { words, made } = machine({ gold: "    L3:0=7f0;1=1f\n    MB:0= 20;1=100\n" })({
      closID: "gold",
      l3CacheSchema: "L3:1=01F",
      memBwSchema: "MB:0=20",
    });
    expect(words).toEqual(["openPath gold/tasks", "joinCgroup"]);
    expect(made).toEqual([]);
  });

  test("gets its schemata last, and a line of bandwidth from its own field", () => {
    const { words } = machine()({
      l3CacheSchema: "L3:0=f\nMB:0=10",
      memBwSchema: "MB:0=20",
      schemata: ["L2:0=f", "L2:1=3"],
    });
    expect(words.filter((word) => word.startsWith("writeFile"))).toEqual([
      String.raw`writeFile box/schemata="L3:0=f\nMB:0=20\n"`,
      String.raw`writeFile box/schemata="L2:0=f\nL2:1=3\n"`,
    ]);
  });

  test("with monitoring has a group in it that is counted alone", () => {
    const { words } = machine({ gold: "" })({ closID: "gold", enableMonitoring: true });
    expect(words).toEqual([
      "makeDirectory gold/mon_groups/box",
      "openPath gold/tasks",
      "openPath gold/mon_groups/box/tasks",
      "joinCgroup",
      "joinCgroup",
      "removeDirectory gold/mon_groups/box",
    ]);
  });

  test("is joined by a further process of the container, and what is counted of it alone too; nothing is made", () => {
    expect(machine()({}).further).toEqual(["openPath box/tasks", "joinCgroup"]);
    expect(machine({ gold: "L3:0=7f0\n" })({ closID: "gold", enableMonitoring: true }).further).toEqual([
      "openPath gold/tasks",
      "openPath gold/mon_groups/box/tasks",
      "joinCgroup",
      "joinCgroup",
    ]);
  });

  test.each<[string, OciIntelRdt, RegExp]>([
    ["has other shares", { closID: "gold", l3CacheSchema: "L3:0=ff" }, /gold is there already, without L3:0=ff/],
    ["is not there, with nothing to make it from", { closID: "silver" }, /there is no .*silver/],
  ])("that %s is refused", (_, rdt, words) => {
    expect(() => machine({ gold: "L3:0=7f0\n" })(rdt)).toThrow(words);
  });
});

test("without resctrl the configuration is refused, not half-obeyed", () => {
  const mountInfo = join(temporaryDirectory(), "mountinfo");
  writeFileSync(mountInfo, "22 1 0:20 / /sys rw - sysfs sysfs rw\n");
  expect(() => intelRdtSteps({}, "box", new Slots(3), mountInfo)).toThrow(/no resctrl file system is mounted/);
  expect(intelRdtSteps(undefined, "box", new Slots(3), mountInfo)).toEqual({
    host: [],
    join: [],
    cleanup: [],
    made: [],
  });
  expect(joinIntelRdtSteps(undefined, "box", new Slots(3), mountInfo)).toMatchObject({ host: [], join: [] });
});
