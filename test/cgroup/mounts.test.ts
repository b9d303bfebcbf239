/** A container's view of its groups, as plan steps on made-up trees. */
import { describe, expect, test } from "vitest";
import type { PlanStep } from "../../native/plan/plan.ts";
import { type CgroupView, cgroupMountSteps } from "../../runtime/cgroup/mounts.ts";
import type { OciMount } from "../../runtime/oci/config.ts";
import { Slots } from "../../runtime/plan/slots.ts";
import { layoutOf, planAt, planOf } from "../support/cgroup-plans.ts";
import { type FakeMount, V1_FILES, V1_MOUNTS, V2_FILES, V2_MOUNTS } from "../support/cgroup-tree.ts";

const MOUNT: OciMount = {
  destination: "/sys/fs/cgroup",
  type: "cgroup",
  source: "cgroup",
  options: ["nosuid", "nodev", "noexec", "ro"],
};
const ALL = { memoryBytes: 64 * 1024 * 1024, cpus: 0.5, pidsLimit: 100 };

function viewOf(directories: readonly string[], change: Partial<CgroupView> = {}): CgroupView {
  return { mount: MOUNT, directories, hasNamespace: true, ...change };
}

function mountedAt(steps: readonly PlanStep[]): string[] {
  return steps.flatMap((step) => (step.op === "mountAt" ? [step.path] : []));
}

describe("a container's view of its groups on v1", () => {
  test("is a tmpfs with each joined hierarchy under its own name, then sealed", () => {
    const layout = layoutOf(V1_MOUNTS, V1_FILES);
    const { directories } = planOf(layout, ALL);
    const steps = cgroupMountSteps(layout, viewOf(directories), 7, new Slots(20));
    const made = steps.flatMap((step) => (step.op === "newFilesystem" ? [[step.type, ...step.options]] : []));
    expect(made.slice(1)).toEqual([
      ["cgroup", "source=cgroup", "devices"],
      ["cgroup", "source=cgroup", "memory"],
      ["cgroup", "source=cgroup", "pids"],
      ["cgroup", "source=cgroup", "cpu", "cpuacct"],
    ]);
    expect(mountedAt(steps)).toEqual([
      "/sys/fs/cgroup",
      "/sys/fs/cgroup/devices",
      "/sys/fs/cgroup/memory",
      "/sys/fs/cgroup/pids",
      "/sys/fs/cgroup/cpu,cpuacct",
    ]);
    expect(steps.at(-1)).toMatchObject({ op: "setMountAttributes", slot: 20, attributes: 1 });
  });

  test("has a link for each controller of those that are mounted together", () => {
    const layout = layoutOf(V1_MOUNTS, V1_FILES);
    const { directories } = planOf(layout, ALL);
    const steps = cgroupMountSteps(layout, viewOf(directories), 7, new Slots(20));
    const links = steps.flatMap((step) => (step.op === "makeSymlink" ? [[step.path, step.target]] : []));
    expect(links).toEqual([
      ["/sys/fs/cgroup/cpu", "cpu,cpuacct"],
      ["/sys/fs/cgroup/cpuacct", "cpu,cpuacct"],
    ]);
  });

  test("without a namespace is the own group of each hierarchy, bound, never the hierarchy", () => {
    const layout = layoutOf(V1_MOUNTS, V1_FILES);
    const { directories } = planAt(layout, "/engine/one");
    const steps = cgroupMountSteps(layout, viewOf(directories, { hasNamespace: false }), 7, new Slots(20));
    const bound = steps.flatMap((step) => (step.op === "cloneTree" ? [step.path] : []));
    expect(bound).toEqual(directories);
    expect(bound.every((path) => path.endsWith("/engine/one"))).toBe(true);
  });

  test("shows a named hierarchy by its name, and the v2 tree of a hybrid machine as v2", () => {
    const mounts: FakeMount[] = [...V1_MOUNTS, { at: "unified", type: "cgroup2", superOptions: "rw" }];
    const layout = layoutOf(mounts, V1_FILES);
    const { directories } = planAt(layout, "/engine/one");
    const steps = cgroupMountSteps(layout, viewOf(directories), 7, new Slots(20));
    const made = steps.flatMap((step) => (step.op === "newFilesystem" ? [[step.type, ...step.options]] : []));
    expect(made).toContainEqual(["cgroup", "source=cgroup", "none", "name=systemd"]);
    expect(made).toContainEqual(["cgroup2", "source=cgroup"]);
    expect(mountedAt(steps)).toEqual(expect.arrayContaining(["/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"]));
  });

  test("is writable where the configuration says so", () => {
    const layout = layoutOf(V1_MOUNTS, V1_FILES);
    const { directories } = planAt(layout, "/engine/one");
    const mount = { ...MOUNT, options: ["nosuid", "rw"] };
    const steps = cgroupMountSteps(layout, viewOf(directories, { mount }), 7, new Slots(20));
    const attributes = steps.flatMap((step) => (step.op === "newFilesystem" ? [step.attributes] : []));
    expect(new Set(attributes)).toEqual(new Set([2]));
    expect(steps.some(({ op }) => op === "setMountAttributes")).toBe(false);
  });
});

describe("a container's view of its groups on v2", () => {
  function v2() {
    const layout = layoutOf(V2_MOUNTS, V2_FILES);
    return { layout, own: [`${layout.root}/ringside-one`] };
  }

  test("is one read-only mount; without groups there is none", () => {
    const { layout, own } = v2();
    const steps = cgroupMountSteps(layout, viewOf(own), 7, new Slots(20));
    expect(steps.map(({ op }) => op)).toEqual(["newFilesystem", "mountAt"]);
    expect(steps[0]).toMatchObject({ type: "cgroup2", attributes: 0xf });
    expect(cgroupMountSteps(layout, viewOf([]), 7, new Slots(20))).toEqual([]);
  });

  test("without a namespace is the own group, bound", () => {
    const { layout, own } = v2();
    const steps = cgroupMountSteps(layout, viewOf(own, { hasNamespace: false }), 7, new Slots(20));
    expect(steps.map(({ op }) => op)).toEqual(["cloneTree", "setMountAttributes", "mountAt"]);
    expect(steps[0]).toMatchObject({ path: own[0] });
  });

  test("an option that control groups do not have is refused by name", () => {
    const { layout, own } = v2();
    const mount = { ...MOUNT, options: ["ro", "size=1m"] };
    expect(() => cgroupMountSteps(layout, viewOf(own, { mount }), 7, new Slots(20))).toThrow(/no option "size=1m"/);
  });

  test("a v2 mount for a container that is in no v2 group is refused", () => {
    const v1 = layoutOf(V1_MOUNTS, V1_FILES);
    const { directories } = planAt(v1, "/engine/one");
    const mount = { ...MOUNT, type: "cgroup2" };
    expect(() => cgroupMountSteps(v1, viewOf(directories, { mount }), 7, new Slots(20))).toThrow(
      /no group of a v2 tree/,
    );
  });
});
