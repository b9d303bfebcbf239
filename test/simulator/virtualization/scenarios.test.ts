/** Boot, memory, the kernel's death and another system on top: the worlds differ where they should, and the figures are there. */
import { describe, expect, test } from "vitest";
import type { KnobValues } from "../../../simulator/scenarios/knob.ts";
import { runScenario, type ScenarioResult } from "../../../simulator/scenarios/run.ts";
import type { World } from "../../../simulator/trace/timeline.ts";

const WORLDS = ["process", "container", "vm", "address-space"] as const;

function metric({ metrics }: ScenarioResult, world: World, name: string): number {
  const found = metrics.find((one) => one.world === world)?.metrics[name];
  if (found === undefined) throw new Error(`${world} has no ${name}`);
  return found.value;
}

const run = (name: string, knobs: KnobValues = {}) => runScenario(name, { knobs });

describe("boot", () => {
  test("ten machines at once on four processors take 318.4 ms each, within 15 %, where one takes 159.1", () => {
    const of = (parallel: number) => {
      const result = run("boot", { flavour: "qemu-qboot", host: "haswell", parallel, boots: 60 });
      return metric(result, "vm", "bootTime") / 1e6;
    };
    expect(of(1)).toBeCloseTo(159.2, 0);
    expect(Math.abs(of(10) / 318.4 - 1)).toBeLessThan(0.15);
  });

  test("has stages that sum up to the first instruction, and the largest is the answer to its question", () => {
    const result = run("boot");
    const stages = ["monitorTime", "firmwareTime", "kernelBootTime", "initTime"].map((name) =>
      metric(result, "vm", name),
    );
    const sum = stages.reduce((total, ns) => total + ns, 0);
    const fault = metric(result, "vm", "firstInstruction") - sum;
    expect(fault).toBeGreaterThanOrEqual(0);
    expect(fault).toBeLessThan(2000);
    expect(Math.max(...stages)).toBe(metric(result, "vm", "firmwareTime"));
  });
});

describe("memory", () => {
  test("of a machine is many containers'; a program's text is in memory once for all that share a kernel", () => {
    const result = run("memory");
    const each = (world: World) => metric(result, world, "instanceBytes");
    expect(each("vm") / each("container")).toBeGreaterThan(25);
    expect(each("vm") / each("container")).toBeLessThan(40);
    expect(metric(result, "container", "sharedBytes")).toBe(2048 * 1024);
    expect(metric(result, "vm", "sharedBytes")).toBe(0);
  });

  test("is got back by KSM where guests are alike, and by balloons where they have freed it", () => {
    const used = (knobs: KnobValues) => metric(run("memory", knobs), "vm", "usedBytes");
    expect(used({ ksm: 600 })).toBeLessThan(0.6 * used({}));
    expect(used({ ksm: 600, identical: 0 })).toBe(used({}));
    expect(used({ ksm: 1 })).toBe(used({}));
    expect(used({ balloon: 64 })).toBeLessThan(used({}));
  });

  test("takes 24 entries of tables for an access in a guest, and 4 without one", () => {
    const result = run("memory");
    expect(metric(result, "vm", "walkReferences")).toBe(24);
    expect(metric(result, "process", "walkReferences")).toBe(4);
  });
});

describe("the kernel dies", () => {
  const down = (dies: string) => {
    const result = run("kernel-panic", { dies });
    return WORLDS.map((world) => metric(result, world, "instancesDown"));
  };

  test("one program takes nobody along, in no world", () => expect(down("program")).toEqual([1, 1, 1, 1]));

  test("a kernel takes all whom it answers: every process, every container, one machine, all of z/OS", () => {
    expect(down("kernel")).toEqual([3, 3, 1, 3]);
  });

  test("what is below everything takes everything", () => expect(down("host")).toEqual([3, 3, 3, 3]));

  test("nobody who has gone down does anything afterwards", () => {
    const { timeline } = run("kernel-panic");
    for (const { track, at } of timeline.instants) {
      expect(timeline.spans.filter((span) => span.track === track && span.start >= at)).toEqual([]);
    }
    const alive = timeline.spans.filter(({ track }) => track === "vm 2");
    expect(alive.at(-1)?.end).toBeGreaterThan(1_000_000);
  });
});

describe("another operating system on top", () => {
  const runs = (system: string) => {
    const result = run("another-system", { system });
    return WORLDS.map((world) => metric(result, world, "runs"));
  };

  test("is refused wherever the kernel is shared, and runs in a machine of its processor", () => {
    expect(runs("linux-distribution")).toEqual([1, 1, 1, 1]);
    expect(runs("linux-kernel")).toEqual([0, 0, 1, 1]);
    expect(runs("freebsd")).toEqual([0, 0, 1, 0]);
    expect(runs("windows")).toEqual([0, 0, 1, 0]);
    expect(runs("zos")).toEqual([0, 0, 0, 1]);
  });

  test("ends in a container with everything made but the program: ENOEXEC", () => {
    const { timeline } = run("another-system");
    const last = timeline.spans.filter(({ track }) => track === "container").at(-1);
    expect(last?.name).toContain("ENOEXEC");
    expect(
      timeline.spans.filter(({ track, stage }) => track === "container" && stage === "mounts").length,
    ).toBeGreaterThan(5);
  });

  test("has the published figures of virtio, of nesting and of moving within their tolerances", () => {
    const felter = run("another-system", { machine: "felter", depth: 128, memory: 8 });
    const within = (value: number, published: number, share: number) =>
      expect(Math.abs(value / published - 1)).toBeLessThan(share);
    within(metric(felter, "vm", "transaction"), 67_940, 0.1);
    within(metric(felter, "vm", "diskShare"), 549, 0.1);
    within(metric(felter, "vm", "migrationTotal"), 2_070_000_000, 0.15);
    within(metric(felter, "vm", "migrationDowntime"), 29_000_000, 0.3);
    within(metric(felter, "vm", "vmcallCycles"), 1181, 0.01);
    within(metric(felter, "vm", "outlKernelCycles"), 1391, 0.01);
    within(metric(run("another-system", { levels: "2" }), "vm", "exitToMonitor"), 33_700, 0.2);
  });
});

test("a kernel of one's own is refused in a container by the call that would load it", () => {
  const { timeline } = run("another-system", { system: "linux-kernel" });
  const last = timeline.spans.filter(({ track }) => track === "container").at(-1);
  expect(last).toMatchObject({ name: 'kexec_load("linux-kernel") = -1 EPERM', mode: "kernel" });
});
