/**
 * systemd as the maker of groups: what it is asked, and, where it runs, what comes of it. The first part needs no
 * systemd; the second is skipped by name where it is not process 1.
 */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Launcher } from "../../native/kernel.ts";
import { detectCgroups } from "../../runtime/cgroup/layout.ts";
import { removeCgroups } from "../../runtime/cgroup/remove.ts";
import { readStats } from "../../runtime/cgroup/stats.ts";
import {
  groupIn,
  parseScopePath,
  scopeOf,
  startArguments,
  startScope,
  systemdProblem,
  updateScope,
} from "../../runtime/cgroup/systemd.ts";
import { bitmap, resourceProperties } from "../../runtime/cgroup/systemd-properties.ts";
import { until, withGroups } from "../support/cgroup-container.ts";
import { confinementProblem } from "../support/confined.ts";
import { unless } from "../support/needs.ts";

const MIB = 1024 * 1024;

describe("the place of a scope", () => {
  test("is slice, prefix and name; without any the usual ones", () => {
    expect(parseScopePath("machine.slice:libpod:abc", "x")).toEqual({
      slice: "machine.slice",
      unit: "libpod-abc.scope",
    });
    expect(parseScopePath(":docker:abc", "x", true)).toEqual({ slice: "system.slice", unit: "docker-abc.scope" });
    expect(parseScopePath("a.slice::abc", "x")).toEqual({ slice: "a.slice", unit: "abc.scope" });
    expect(parseScopePath(undefined, "one", true)).toEqual({ slice: "system.slice", unit: "ringside-one.scope" });
    expect(parseScopePath("", "one", false)).toEqual({ slice: "user.slice", unit: "ringside-one.scope" });
  });

  test.each([
    "/a/b",
    "a:b",
    "a:b:c",
    "a.slice:b:",
    "a.slice:b:c/d",
    "a.slice:b:c:d",
    "a.slice:b:c d",
    "../a.slice:b:c",
  ])("%j is refused with the form that it should have", (path) => {
    expect(() => parseScopePath(path, "x")).toThrow(/not a place in systemd's tree/);
  });

  test("is found again in what the kernel says of a process, on v1 and v2", () => {
    expect(groupIn("0::/system.slice/a-1.scope\n", "a-1.scope")).toBe("/system.slice/a-1.scope");
    const v1 = "5:memory:/\n1:name=systemd:/system.slice/a-1.scope\n0::/other\n";
    expect(groupIn(v1, "a-1.scope")).toBe("/system.slice/a-1.scope");
    expect(groupIn("0::/init.scope\n", "a-1.scope")).toBeUndefined();
    expect(scopeOf(["/sys/fs/cgroup/memory/system.slice/a-1.scope"])).toBe("a-1.scope");
    expect(scopeOf(["/sys/fs/cgroup/memory/docker/a"])).toBeUndefined();
  });
});

describe("limits as properties of a unit", () => {
  const resources = {
    memory: { limit: 64 * MIB, swap: 96 * MIB, reservation: 32 * MIB },
    cpu: { shares: 1024, quota: 25_000, period: 50_000, cpus: "0-2,9" },
    pids: { limit: 7 },
    blockIO: { weight: 500 },
  };

  test("on v2", () => {
    const properties = resourceProperties(resources, 2).filter(([name]) => !name?.startsWith("Device"));
    expect(properties).toEqual([
      ["MemoryMax", "t", "67108864"],
      ["MemorySwapMax", "t", "33554432"],
      ["MemoryLow", "t", "33554432"],
      ["CPUWeight", "t", "100"],
      ["CPUQuotaPeriodUSec", "t", "50000"],
      ["CPUQuotaPerSecUSec", "t", "500000"],
      ["AllowedCPUs", "ay", "2", "7", "2"],
      ["TasksMax", "t", "7"],
      ["IOWeight", "t", "4950"],
    ]);
  });

  test("on v1, by the names that it has there", () => {
    const names = resourceProperties(resources, 1).map(([name]) => name);
    expect(names).toEqual(expect.arrayContaining(["MemoryLimit", "CPUShares", "BlockIOWeight", "TasksMax"]));
    expect(names).not.toContain("MemoryMax");
  });

  test("no limit is the largest number", () => {
    const none = resourceProperties({ memory: { limit: -1 }, pids: { limit: -1 } }, 2);
    for (const name of ["MemoryMax", "MemorySwapMax", "TasksMax"]) {
      expect(none.find((property) => property[0] === name)?.[2]).toBe("18446744073709551615");
    }
  });

  test("devices are a list of what is allowed, or left to us where that cannot say it", () => {
    const policy = (devices: Parameters<typeof resourceProperties>[0]["devices"]) =>
      resourceProperties({ devices: devices ?? [] }, 2).filter(([name]) => name?.startsWith("Device"));
    const [strict, list] = policy([
      { allow: false, access: "rwm" },
      { allow: true, type: "b", major: 8, minor: 0, access: "r" },
    ]);
    expect(strict).toEqual(["DevicePolicy", "s", "strict"]);
    expect(list?.join(" ")).toMatch(/ \/dev\/block\/8:0 r .*char-\* m .*\/dev\/char\/1:3 rwm .*char-136 rwm$/);
    expect(Number(list?.[2])).toBe(((list?.length ?? 0) - 3) / 2);
    expect(policy([{ allow: true, access: "rwm" }])).toEqual([["DevicePolicy", "s", "auto"]]);
    const exception = [
      { allow: true, type: "c", access: "rwm" } as const,
      { allow: false, type: "c", major: 1, access: "r" } as const,
    ];
    expect(policy(exception)).toEqual([["DevicePolicy", "s", "auto"]]);
  });

  test("a list of CPUs as bits", () => {
    expect(bitmap("0")).toEqual(["1", "1"]);
    expect(bitmap("0-7,8")).toEqual(["2", "255", "1"]);
  });
});

describe("asking systemd", () => {
  test("the unit's name, its slice, the process and every property counted", () => {
    const words = startArguments({ slice: "system.slice", unit: "a.scope" }, 77, { id: "a", resources: {} }, 2);
    expect(words.slice(0, 4)).toEqual(["StartTransientUnit", "ssa(sv)a(sa(sv))", "a.scope", "replace"]);
    expect(words.join(" ")).toContain("PIDs au 1 77 ");
    expect(words.join(" ")).toContain("Delegate b true ");
    expect(words.at(-1)).toBe("0");
  });

  test(
    "where it does not run: an error with the way out, and nothing left",
    unless(confinementProblem()),
    async ({ skip }) => {
      skip(systemdProblem() === undefined, "systemd runs here");
      await using launcher = await Launcher.open();
      const request = { id: "a", cgroupsPath: undefined, resources: {} };
      await expect(startScope(launcher, detectCgroups(), request)).rejects.toThrow(
        /cannot use --systemd-cgroup: systemd does not run here/,
      );
    },
  );
});

describe("a scope of systemd's", unless(confinementProblem() ?? systemdProblem()), () => {
  test("holds the container, with its limits, and goes with it", async () => {
    const layout = detectCgroups();
    await using launcher = await Launcher.open();
    const id = `test-${process.pid}`;
    const resources = { memory: { limit: 64 * MIB }, pids: { limit: 9 } };
    const scope = await startScope(launcher, layout, { id, cgroupsPath: undefined, resources });
    let directories: readonly string[] = [];
    await withGroups(
      "cat /proc/self/cgroup; sleep 1000",
      { path: scope.path, resources, isScope: true },
      async (running) => {
        scope.release();
        directories = running.plan.directories;
        await until(() => running.output().includes(scope.unit));
        expect(readStats(layout, directories)).toMatchObject({ memory: { limitBytes: 64 * MIB }, pids: { limit: 9 } });
        await updateScope(launcher, layout, scope.unit, { pids: { limit: 11 } });
        await until(() => readStats(layout, directories).pids?.limit === 11);
      },
    );
    await removeCgroups(directories);
    expect(directories.filter((directory) => existsSync(directory))).toEqual([]);
    expect(readFileSync("/proc/1/comm", "utf8")).toMatch(/systemd/);
  });
});
