/** Detecting v1, v2, hybrid and none, from made-up mount tables. */
import { rmSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { detectCgroups } from "../../runtime/cgroup/layout.ts";
import { type FakeMount, fakeCgroups, V1_MOUNTS, V2_FILES, V2_MOUNTS } from "../support/cgroup-tree.ts";
import { temporaryDirectory } from "../support/temporary.ts";

describe("the layout of control groups", () => {
  test("v1 with co-mounted controllers: both are found in the one directory", () => {
    const { root, mountInfo } = fakeCgroups(temporaryDirectory(), V1_MOUNTS);
    const layout = detectCgroups(root, mountInfo);
    expect(layout.mode).toBe("v1");
    expect(layout.controllers.cpu).toEqual({ version: 1, directory: `${root}/cpu,cpuacct`, readOnly: false });
    expect(layout.controllers.cpuacct).toEqual(layout.controllers.cpu);
    expect(Object.keys(layout.controllers).sort()).toEqual(["cpu", "cpuacct", "devices", "memory", "pids"]);
    expect(layout.unified).toBeUndefined();
  });

  test("v2: the tree's own list of controllers counts", () => {
    const { root, mountInfo } = fakeCgroups(temporaryDirectory(), V2_MOUNTS, V2_FILES);
    const layout = detectCgroups(root, mountInfo);
    expect(layout.mode).toBe("v2");
    expect(layout.unified).toBe(root);
    expect(layout.controllers.memory).toEqual({ version: 2, directory: root, readOnly: false });
    expect(layout.controllers.devices).toBeUndefined();
  });

  test("hybrid: each controller is found where it lives", () => {
    const mounts: FakeMount[] = [...V1_MOUNTS, { at: "unified", type: "cgroup2", superOptions: "rw" }];
    const { root, mountInfo } = fakeCgroups(temporaryDirectory(), mounts, {
      "unified/cgroup.controllers": "hugetlb io\n",
    });
    const layout = detectCgroups(root, mountInfo);
    expect(layout.mode).toBe("hybrid");
    expect(layout.controllers.hugetlb).toMatchObject({ version: 2, directory: `${root}/unified` });
    expect(layout.controllers.memory).toMatchObject({ version: 1, directory: `${root}/memory` });
  });

  test("a hierarchy mounted read-only is known to be, by the mount's options or the file system's", () => {
    const { root, mountInfo } = fakeCgroups(temporaryDirectory(), [
      { at: "memory", type: "cgroup", options: "ro,nosuid", superOptions: "rw,memory" },
      { at: "pids", type: "cgroup", superOptions: "ro,pids" },
      { at: "cpu", type: "cgroup", superOptions: "rw,cpu" },
    ]);
    const { memory, pids, cpu } = detectCgroups(root, mountInfo).controllers;
    expect([memory?.readOnly, pids?.readOnly, cpu?.readOnly]).toEqual([true, true, false]);
  });

  test("a mount that hides another on the same directory is the one that counts", () => {
    const { root, mountInfo } = fakeCgroups(temporaryDirectory(), [
      { at: "memory", type: "cgroup", superOptions: "rw,memory" },
      { at: "memory", type: "cgroup", options: "ro", superOptions: "rw,memory" },
    ]);
    expect(detectCgroups(root, mountInfo).controllers.memory?.readOnly).toBe(true);
  });

  test("blanks in a path come back as blanks", () => {
    const { root, mountInfo } = fakeCgroups(temporaryDirectory(), [
      { at: "my\\040memory", type: "cgroup", superOptions: "rw,memory" },
    ]);
    expect(detectCgroups(root, mountInfo).controllers.memory?.directory).toBe(`${root}/my memory`);
  });

  test("nothing mounted, or no mount table at all, is mode none", () => {
    const { root, mountInfo } = fakeCgroups(temporaryDirectory(), []);
    expect(detectCgroups(root, mountInfo)).toEqual({ mode: "none", controllers: {} });
    rmSync(mountInfo);
    expect(detectCgroups(root, mountInfo).mode).toBe("none");
  });
});
