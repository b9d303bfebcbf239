/** Control groups in the real kernel: limits that hold and reports that tell. */
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { PlanStep } from "../../native/plan/plan.ts";
import { devicesCanBeGuarded } from "../../runtime/cgroup/devices.ts";
import { detectCgroups } from "../../runtime/cgroup/layout.ts";
import type { Limits } from "../../runtime/cgroup/limits.ts";
import { cgroupMountSteps } from "../../runtime/cgroup/mounts.ts";
import { parseReports } from "../../runtime/cgroup/reports.ts";
import { cgroupSteps } from "../../runtime/cgroup/steps.ts";
import { Slots } from "../../runtime/plan/slots.ts";
import { testPath } from "../support/cgroup-container.ts";
import { resourcesOf } from "../support/cgroup-plans.ts";
import { confinementProblem, FREE_SLOT, runConfined } from "../support/confined.ts";
import { unless } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const layout = detectCgroups();
const problem = confinementProblem() ?? (layout.mode === "none" ? "no control groups are mounted" : undefined);
const missing = (name: string) => problem ?? (layout.controllers[name] ? undefined : `no ${name} controller`);

/** Skips the test with the reason, where there is one. */
function needs(skip: (condition: boolean, note?: string) => void, reason: string | undefined): void {
  skip(reason !== undefined, reason);
}

/** Runs a script in groups with these limits; whatever happens, the groups must be gone afterwards. */
async function inGroups(script: string, limits: Limits) {
  const plan = cgroupSteps(
    layout,
    { name: `test-${randomUUID().slice(0, 8)}`, resources: resourcesOf(limits) },
    new Slots(FREE_SLOT),
  );
  const { output, record } = await runConfined(script, { ...plan, child: plan.join });
  expect(plan.directories.filter((directory) => existsSync(directory))).toEqual([]);
  return { output, record, report: parseReports(record.reports), plan };
}

describe("in the groups of this machine's kernel", () => {
  test("a fork bomb ends at the limit, is counted, and leaves no process", async ({ skip }) => {
    needs(skip, missing("pids"));
    const script = "echo $$; for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 1000 & done; wait";
    const { output, report } = await inGroups(script, { pidsLimit: 5 });
    const group = output.split("\n")[0];
    expect(output).toMatch(/fork/i);
    expect(report.pidsRefused).toBeGreaterThan(0);
    expect(existsSync(`/proc/${group}`)).toBe(false);
  });

  test("a program that wants more memory than allowed is killed, and the report says so", async ({ skip }) => {
    needs(skip, missing("memory"));
    const limit = 32 * 1024 * 1024;
    const { output, report } = await inGroups("head -c 200000000 /dev/zero | tail -n 1 | wc -c; echo survived", {
      memoryBytes: limit,
    });
    expect(output).toMatch(/survived/);
    expect(report.oomKilled).toBe(true);
    expect(report.memoryPeakBytes).toBeGreaterThan(limit / 2);
    expect(report.memoryPeakBytes).toBeLessThanOrEqual(limit);
  });

  test("a program that keeps within its memory is not said to be killed", async ({ skip }) => {
    needs(skip, missing("memory"));
    const { report } = await inGroups("true", { memoryBytes: 32 * 1024 * 1024 });
    expect(report.oomKilled).toBe(false);
  });

  test("a program that wants more of the CPU than allowed is held back, and how long is counted", async ({ skip }) => {
    needs(skip, missing("cpu"));
    const { report } = await inGroups("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done", { cpus: 0.2 });
    expect(report.cpuThrottledUs).toBeGreaterThan(0);
  });

  test("root may make a node for a disk and may not open it; harmless devices work", async ({ skip }) => {
    needs(skip, problem ?? (devicesCanBeGuarded(layout) ? undefined : "devices cannot be guarded here"));
    const node = `${temporaryDirectory()}/disk`;
    const disk = "$(tail -n +3 /proc/partitions | awk 'NR==1 { print $1, $2 }')";
    const script = `mknod ${node} b ${disk} && echo made; head -c 1 ${node}; head -c 4 /dev/zero | wc -c; echo x > /dev/null && echo written`;
    const { output } = await inGroups(script, {});
    expect(output).toMatch(/^made$/m);
    expect(output).toMatch(/Operation not permitted/);
    expect(output).toMatch(/^4$/m);
    expect(output).toMatch(/^written$/m);
  });

  test("the process is in all of its groups and they hold the values", async ({ skip }) => {
    needs(skip, problem);
    const limits = { memoryBytes: 48 * 1024 * 1024, pidsLimit: 50, cpus: 0.5 };
    const { output, plan } = await inGroups("cat /proc/self/cgroup", limits);
    const leaf = plan.directories[0]?.split("/").at(-1);
    const lines = output.split("\n").filter((line) => line.endsWith(`/${leaf}`));
    expect(lines).toHaveLength(plan.directories.length);
  });

  test("a container sees its own groups at /sys/fs/cgroup, as the root of the tree, and cannot write to them", async ({
    skip,
  }) => {
    needs(skip, missing("memory"));
    const slots = new Slots(FREE_SLOT);
    const plan = cgroupSteps(
      layout,
      { name: `test-${randomUUID().slice(0, 8)}`, resources: { memory: { limit: 48 * 1024 * 1024 } } },
      slots,
    );
    const root = slots.take();
    const top = temporaryDirectory();
    const step = { phase: "child", stage: "mounts", why: "for a test" } as const;
    const view: PlanStep[] = [
      { ...step, op: "unshare", flags: CLONE_NEWCGROUP | CLONE_NEWNS },
      { ...step, op: "setPropagation", flags: MS_REC | MS_PRIVATE },
      { ...step, op: "newFilesystem", slot: root, type: "tmpfs", options: ["mode=755"], attributes: 0 },
      { ...step, op: "attachRoot", slot: root, path: top },
      ...cgroupMountSteps(layout, { mount: VIEW, directories: plan.directories, hasNamespace: true }, root, slots),
    ];
    const script = `cd ${top}/sys/fs/cgroup && cat memory*/memory.limit_in_bytes memory.max 2>/dev/null
      for procs in cgroup.procs */cgroup.procs; do test -e $procs && echo $$ > $procs; done; mkdir mine`;
    const { output } = await runConfined(script, { ...plan, child: [...plan.join, ...view] });
    expect(output).toMatch(/^50331648$/m);
    expect(output).toMatch(/Read-only file system/);
    expect(output).not.toMatch(/ringside/);
    expect(plan.directories.filter((directory) => existsSync(directory))).toEqual([]);
  });
});

describe("an engine's container, which is in every hierarchy", unless(problem), () => {
  /** Runs a script that stands in the directory where its groups are shown. */
  async function inView(script: string, options: readonly string[], hasNamespace: boolean) {
    const slots = new Slots(FREE_SLOT);
    const plan = cgroupSteps(layout, { path: testPath(), resources: {} }, slots);
    const root = slots.take();
    const top = temporaryDirectory();
    const step = { phase: "child", stage: "mounts", why: "for a test" } as const;
    const mount = { ...VIEW, options };
    const view: PlanStep[] = [
      { ...step, op: "unshare", flags: hasNamespace ? CLONE_NEWCGROUP | CLONE_NEWNS : CLONE_NEWNS },
      { ...step, op: "setPropagation", flags: MS_REC | MS_PRIVATE },
      { ...step, op: "newFilesystem", slot: root, type: "tmpfs", options: ["mode=755"], attributes: 0 },
      { ...step, op: "attachRoot", slot: root, path: top },
      ...cgroupMountSteps(layout, { mount, directories: plan.directories, hasNamespace }, root, slots),
    ];
    const { output } = await runConfined(`cd ${top}/sys/fs/cgroup && ${script}`, {
      ...plan,
      child: [...plan.join, ...view],
    });
    expect([...plan.directories, ...plan.parents].filter((directory) => existsSync(directory))).toEqual([]);
    return { output, plan };
  }
  const OWN = 'for procs in cgroup.procs */cgroup.procs; do test -e "$procs" && grep -x $$ "$procs"; done; echo $$';

  test.each([true, false])(
    "finds itself in each that it is shown, with a namespace of its own: %s",
    async (hasNamespace) => {
      const { output, plan } = await inView(OWN, ["ro"], hasNamespace);
      const lines = output.trim().split("\n");
      expect(new Set(lines).size).toBe(1);
      expect(lines).toHaveLength(plan.directories.length + 1);
    },
  );

  test.each([true, false])("sees nobody else's groups, with a namespace of its own: %s", async (hasNamespace) => {
    const { output } = await inView("find . -mindepth 1 -type d | grep -v '^./[^/]*$'; echo end", ["ro"], hasNamespace);
    expect(output).toBe("end\n");
  });

  test("can neither write nor make groups in a read-only view, and can in a writable one", async () => {
    const script =
      'for procs in cgroup.procs */cgroup.procs; do test -e "$procs" && mkdir "$(dirname "$procs")/mine"; done; find . -name mine';
    const readOnly = await inView(script, ["ro", "nosuid"], true);
    expect(readOnly.output).toMatch(/Read-only file system/);
    expect(readOnly.output).not.toMatch(/^\.\/.*mine$/m);
    const writable = await inView(script, ["rw", "nosuid"], true);
    expect(writable.output.match(/^\.\/.*mine$/gm)).toHaveLength(writable.plan.directories.length);
  });

  test("has a number for each CPU and node that it may use, on the way down too", async ({ skip }) => {
    needs(skip, missing("cpuset"));
    const { output } = await inView(
      "cat cpuset/cpuset.cpus cpuset/cpuset.mems 2>/dev/null || cat cpuset.cpus.effective cpuset.mems.effective",
      ["ro"],
      true,
    );
    expect(output).toMatch(/^[\d,-]+\n[\d,-]+\n$/);
  });
});

const VIEW = {
  destination: "/sys/fs/cgroup",
  type: "cgroup",
  options: ["nosuid", "nodev", "noexec", "ro"],
} as const;

/** unshare(2), mount(2). */
const CLONE_NEWCGROUP = 0x0200_0000;
const CLONE_NEWNS = 0x0002_0000;
const MS_REC = 0x4000;
const MS_PRIVATE = 0x4_0000;
