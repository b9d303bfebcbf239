/** From limits to plan steps, on made-up trees of every kind. */
import { rmSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NO_SLOT } from "../../native/plan/operations.ts";
import { deviceFilterWorks } from "../../runtime/cgroup/devices.ts";
import { checkLimits, type Limits, MAXIMUM_PIDS, MINIMUM_MEMORY_BYTES } from "../../runtime/cgroup/limits.ts";
import { RingsideError } from "../../runtime/error.ts";
import { layoutOf, paths, planOf, writeList, writes } from "../support/cgroup-plans.ts";
import { type FakeMount, V1_FILES, V1_MOUNTS, V2_FILES, V2_MOUNTS } from "../support/cgroup-tree.ts";

const MIB = 1024 * 1024;
const ALL: Limits = { memoryBytes: 64 * MIB, cpus: 0.5, pidsLimit: 100 };

describe("control groups on v1", () => {
  test("all limits: a group in each hierarchy, each value in its file", () => {
    const layout = layoutOf(V1_MOUNTS, V1_FILES);
    const plan = planOf(layout, ALL);
    const groups = ["devices/ringside-one", "memory/ringside-one", "pids/ringside-one", "cpu,cpuacct/ringside-one"];
    expect(paths(plan.host, "makeDirectory", layout.root)).toEqual(groups);
    expect(plan.directories).toEqual(groups.map((group) => `${layout.root}/${group}`));
    expect(writes(plan.host, layout.root)).toMatchObject({
      "memory/ringside-one/memory.limit_in_bytes": "67108864",
      "memory/ringside-one/memory.memsw.limit_in_bytes": "134217728",
      "pids/ringside-one/pids.max": "100",
      "cpu,cpuacct/ringside-one/cpu.cfs_quota_us": "50000",
    });
  });

  test("the limit on memory is written before the one on memory and swap, which the kernel asks for", () => {
    const layout = layoutOf(V1_MOUNTS, V1_FILES);
    const plan = planOf(layout, ALL);
    const files = paths(plan.host, "writeFile", layout.root).filter((path) => path.startsWith("memory"));
    expect(files.map((path) => path.split("/").at(-1))).toEqual([
      "memory.limit_in_bytes",
      "memory.memsw.limit_in_bytes",
    ]);
  });

  test("no limits: only devices are guarded and memory is counted", () => {
    const layout = layoutOf(V1_MOUNTS, V1_FILES);
    const plan = planOf(layout, {});
    expect(paths(plan.host, "makeDirectory", layout.root)).toEqual(["devices/ringside-one", "memory/ringside-one"]);
    expect(plan.devicesGuarded).toBe(true);
    expect(Object.keys(writes(plan.host, layout.root)).every((path) => path.startsWith("devices/"))).toBe(true);
  });

  test("every device is denied before the harmless ones are allowed, and no disk is among them", () => {
    const layout = layoutOf(V1_MOUNTS, V1_FILES);
    const { host } = planOf(layout, {});
    const rules = host.flatMap((step) => (step.op === "writeFile" ? [[step.path.split("/").at(-1), step.value]] : []));
    expect(rules[0]).toEqual(["devices.deny", "a"]);
    expect(rules.slice(1).every(([file]) => file === "devices.allow")).toBe(true);
    expect(rules.filter(([, value]) => value?.startsWith("b"))).toEqual([["devices.allow", "b *:* m"]]);
  });

  test("every group that is made is opened on the host, joined in the child, and removed", () => {
    const layout = layoutOf(V1_MOUNTS, V1_FILES);
    const { host, join, cleanup, cloneInto } = planOf(layout, ALL);
    const made = paths(host, "makeDirectory", layout.root);
    const slots = host.flatMap((step) => (step.op === "openPath" ? [step.slot] : []));
    expect(paths(host, "openPath", layout.root)).toEqual(made.map((group) => `${group}/tasks`));
    expect(join.map((step) => (step.op === "joinCgroup" ? step.slot : NO_SLOT))).toEqual(slots);
    expect(new Set(slots).size).toBe(slots.length);
    expect(paths(cleanup, "removeDirectory", layout.root)).toEqual(made);
    expect(cloneInto).toBe(NO_SLOT);
  });

  test("a group's reports are read before it is removed", () => {
    const { cleanup } = planOf(layoutOf(V1_MOUNTS, V1_FILES), ALL);
    const order = cleanup.map(({ op }) => op);
    expect(order.lastIndexOf("readReport")).toBeLessThan(order.indexOf("removeDirectory"));
    expect(cleanup.flatMap((step) => (step.op === "readReport" ? [step.name] : []))).toEqual([
      "memory.oom_control",
      "memory.max_usage_in_bytes",
      "pids.events",
      "cpu.stat",
    ]);
  });

  test("a kernel without swap accounting limits memory alone and says so", () => {
    const layout = layoutOf(V1_MOUNTS, {});
    const { host, notes } = planOf(layout, ALL);
    expect(Object.keys(writes(host, layout.root)).some((path) => path.includes("memsw"))).toBe(false);
    expect(notes).toEqual([expect.stringMatching(/does not limit swap/)]);
  });
});

describe("control groups on v2", () => {
  test("all limits: one group, the process is born in it", () => {
    const layout = layoutOf(V2_MOUNTS, V2_FILES);
    const plan = planOf(layout, ALL);
    expect(paths(plan.host, "makeDirectory", layout.root)).toEqual(["ringside-one"]);
    expect(writes(plan.host, layout.root)).toEqual({
      "ringside-one/memory.max": "67108864",
      "ringside-one/memory.swap.max": "67108864",
      "ringside-one/pids.max": "100",
      "ringside-one/cpu.max": "50000 100000",
    });
    expect(plan.join).toEqual([]);
    expect(plan.cloneInto).toBe(3);
    expect(paths(plan.cleanup, "killCgroup", layout.root)).toEqual(["ringside-one"]);
  });

  test("controllers that the parent does not hand down are enabled before they are used, only those, only when needed", () => {
    const layout = layoutOf(V2_MOUNTS, { ...V2_FILES, "cgroup.subtree_control": "pids\n" });
    const [first] = writeList(planOf(layout, ALL).host, layout.root);
    expect(first).toEqual(["cgroup.subtree_control", "+cpu +memory"]);
    const without = planOf(layout, {}).host;
    expect(paths(without, "writeFile", layout.root)).toEqual([]);
  });

  test("a group that has processes of its own cannot hand controllers down: the error names the way out", () => {
    const inside = { ...V2_FILES, "cgroup.subtree_control": "", "cgroup.type": "domain\n", "cgroup.procs": "1\n" };
    const layout = layoutOf(V2_MOUNTS, inside);
    expect(() => planOf(layout, ALL)).toThrow(/cannot enable cpu, memory, pids below/);
  });

  test("devices are guarded by a program on the group, since there is no controller", () => {
    const layout = layoutOf(V2_MOUNTS, V2_FILES);
    const plan = planOf(layout, {});
    expect(plan.devicesGuarded).toBe(deviceFilterWorks(layout));
    const guarded = plan.host.flatMap((step) => (step.op === "attachDeviceFilter" ? [step.path] : []));
    expect(guarded).toEqual(plan.devicesGuarded ? plan.directories : []);
  });

  test("where programs cannot be loaded the caller is told to withhold CAP_MKNOD", () => {
    expect(deviceFilterWorks(layoutOf(V2_MOUNTS, V2_FILES), () => false)).toBe(false);
    expect(deviceFilterWorks(layoutOf(V1_MOUNTS, V1_FILES), () => true)).toBe(false);
  });

  test("swap is looked for in a group below, since the top does not show it", () => {
    const layout = layoutOf(V2_MOUNTS, V2_FILES);
    rmSync(`${layout.root}/system.slice/memory.swap.max`);
    const { host, notes } = planOf(layout, ALL);
    expect(writes(host, layout.root)).not.toHaveProperty("ringside-one/memory.swap.max");
    expect(notes).toHaveLength(1);
  });
});

describe("control groups in hybrid mode", () => {
  const mounts: readonly FakeMount[] = [
    { at: "pids", type: "cgroup", superOptions: "rw,pids" },
    { at: "devices", type: "cgroup", superOptions: "rw,devices" },
    { at: "unified", type: "cgroup2", superOptions: "rw" },
  ];

  test("each limit goes where its controller lives; v2 by birth, v1 by joining", () => {
    const files = { "unified/cgroup.controllers": "memory cpu", "unified/cgroup.subtree_control": "" };
    const layout = layoutOf(mounts, files);
    const plan = planOf(layout, ALL);
    expect(paths(plan.host, "makeDirectory", layout.root)).toEqual([
      "devices/ringside-one",
      "unified/ringside-one",
      "pids/ringside-one",
    ]);
    expect(plan.join).toHaveLength(2);
    expect(plan.cloneInto).not.toBe(NO_SLOT);
  });

  test("a v2 tree that holds nothing needed is left alone", () => {
    const layout = layoutOf(mounts, { "unified/cgroup.controllers": "hugetlb" });
    const plan = planOf(layout, { pidsLimit: 5 });
    expect(plan.directories.some((directory) => directory.includes("unified"))).toBe(false);
    expect(plan.cloneInto).toBe(NO_SLOT);
  });
});

describe("a limit that cannot be enforced", () => {
  test.each<[string, Limits, string]>([
    ["memory", { memoryBytes: 64 * MIB }, "--memory"],
    ["cpu", { cpus: 0.5 }, "--cpus"],
    ["pids", { pidsLimit: 10 }, "--pids-limit"],
  ])("is an error naming the %s controller, the option and the fix", (controller, limits, option) => {
    const others = V1_MOUNTS.filter(({ superOptions }) => !superOptions.split(",").includes(controller));
    for (const mounts of [[], others]) {
      const attempt = () => planOf(layoutOf(mounts, V1_FILES), limits);
      expect(attempt).toThrow(RingsideError);
      expect(attempt).toThrow(
        new RegExp(`cannot enforce ${option} \\(linux[.a-zA-Z]+\\): the ${controller} controller is not there`),
      );
      expect(fixOf(attempt)).toMatch(/mount -t cgroup/);
    }
  });

  test("is an error where the hierarchy is read-only, and without limits the hierarchy is left out", () => {
    const readOnly = V1_MOUNTS.map((mount) => ({ ...mount, options: "ro" }));
    const layout = layoutOf(readOnly, V1_FILES);
    expect(() => planOf(layout, { pidsLimit: 5 })).toThrow(/mounted read-only/);
    const plan = planOf(layout, {});
    expect([plan.host, plan.join, plan.cleanup, plan.directories]).toEqual([[], [], [], []]);
    expect(plan.devicesGuarded).toBe(false);
  });
});

describe("values of limits", () => {
  test.each<[string, Limits]>([
    ["memory below what starts a program", { memoryBytes: MINIMUM_MEMORY_BYTES - 1 }],
    ["half a byte", { memoryBytes: 64 * MIB + 0.5 }],
    ["memory beyond what a number holds", { memoryBytes: 2 ** 60 }],
    ["no memory at all", { memoryBytes: 0 }],
    ["negative CPUs", { cpus: -1 }],
    ["too little of a CPU", { cpus: 0.009 }],
    ["more CPUs than there are", { cpus: 4.5 }],
    ["CPUs that are not a number", { cpus: Number.NaN }],
    ["no processes", { pidsLimit: 0 }],
    ["more processes than the kernel can have", { pidsLimit: MAXIMUM_PIDS + 1 }],
    ["half a process", { pidsLimit: 1.5 }],
  ])("%s is refused", (_, limits) => {
    expect(() => checkLimits(limits, 4)).toThrow(RingsideError);
  });

  test("the borders themselves are accepted", () => {
    for (const limits of [
      { memoryBytes: MINIMUM_MEMORY_BYTES },
      { memoryBytes: Number.MAX_SAFE_INTEGER },
      { cpus: 0.01 },
      { cpus: 4 },
      { pidsLimit: 1 },
      { pidsLimit: MAXIMUM_PIDS },
    ]) {
      expect(() => checkLimits(limits, 4)).not.toThrow();
    }
  });

  test("whatever limit is accepted is written as plain digits", () => {
    const layout = layoutOf(V1_MOUNTS, V1_FILES);
    const limits = fc.record({
      memoryBytes: fc.integer({ min: MINIMUM_MEMORY_BYTES, max: Number.MAX_SAFE_INTEGER }),
      cpus: fc.double({ min: 0.01, max: 1, noNaN: true }),
      pidsLimit: fc.integer({ min: 1, max: MAXIMUM_PIDS }),
    });
    fc.assert(
      fc.property(limits, (wanted) => {
        const { host } = planOf(layout, wanted);
        for (const [path, value] of Object.entries(writes(host, layout.root))) {
          if (!path.startsWith("devices/")) expect(value).toMatch(/^[1-9]\d*$/);
        }
      }),
    );
  });
});

describe("a group's name", () => {
  test.each(["", ".", "..", "../up", "a/b", "-rf", "a\nb", "a b", "ü", "x".repeat(200)])("%j is refused", (name) => {
    expect(() => planOf(layoutOf(V1_MOUNTS, V1_FILES), {}, name)).toThrow(/cannot name a control group/);
  });
});

function fixOf(attempt: () => unknown): string {
  try {
    attempt();
  } catch (error) {
    if (error instanceof RingsideError) return error.fix ?? "";
  }
  return "";
}
