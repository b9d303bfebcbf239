/** The defaults of a container, held to Docker's. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  DEFAULT_DEVICES,
  DEFAULT_LINKS,
  DEFAULT_MASKED_PATHS,
  DEFAULT_MOUNTS,
  DEFAULT_READONLY_PATHS,
  maskedPaths,
} from "../../runtime/oci/defaults.ts";
import { temporaryDirectory } from "../support/temporary.ts";

describe("the defaults of a container", () => {
  test("hidden and read-only paths are Docker's", () => {
    expect(DEFAULT_MASKED_PATHS.map(({ path }) => path).sort()).toEqual([
      "/proc/acpi",
      "/proc/asound",
      "/proc/interrupts",
      "/proc/kcore",
      "/proc/keys",
      "/proc/latency_stats",
      "/proc/sched_debug",
      "/proc/scsi",
      "/proc/timer_list",
      "/proc/timer_stats",
      "/sys/devices/virtual/powercap",
      "/sys/firmware",
    ]);
    expect(DEFAULT_READONLY_PATHS.map(({ path }) => path)).toEqual([
      "/proc/bus",
      "/proc/fs",
      "/proc/irq",
      "/proc/sys",
      "/proc/sysrq-trigger",
    ]);
  });

  test("each mount comes after what it is mounted on", () => {
    const destinations = DEFAULT_MOUNTS.map(({ destination }) => destination);
    for (const [index, destination] of destinations.entries()) {
      const later = destinations.slice(index + 1);
      expect(later.filter((other) => destination.startsWith(`${other}/`))).toEqual([]);
    }
  });

  test("nothing mounted can run set-user-ID programs, and only /dev and its terminals hold devices", () => {
    expect(DEFAULT_MOUNTS.filter(({ flags }) => !flags.includes("nosuid"))).toEqual([]);
    const withDevices = DEFAULT_MOUNTS.filter(({ flags }) => !flags.includes("nodev"));
    expect(withDevices.map(({ destination }) => destination)).toEqual(["/dev", "/dev/pts"]);
  });

  test("nodes and links are in /dev, each once", () => {
    const paths = [...DEFAULT_DEVICES, ...DEFAULT_LINKS].map(({ path }) => path);
    expect(new Set(paths).size).toBe(paths.length);
    expect(paths.every((path) => /^\/dev\/[a-z]+$/.test(path))).toBe(true);
  });

  test("every default says why", () => {
    const all = [DEFAULT_DEVICES, DEFAULT_LINKS, DEFAULT_MASKED_PATHS, DEFAULT_MOUNTS, DEFAULT_READONLY_PATHS].flat();
    expect(all.filter(({ why }) => !why.endsWith("."))).toEqual([]);
  });

  test("throttling counters are hidden for the CPUs that have them", () => {
    const sys = temporaryDirectory();
    for (const cpu of [0, 2, 8]) {
      mkdirSync(join(sys, `devices/system/cpu/cpu${cpu}/thermal_throttle`), { recursive: true });
    }
    writeFileSync(join(sys, "devices/system/cpu/possible"), "0-3,8\n");
    const extra = maskedPaths(sys).slice(DEFAULT_MASKED_PATHS.length);
    expect(extra.map(({ path }) => path)).toEqual([
      "/sys/devices/system/cpu/cpu0/thermal_throttle",
      "/sys/devices/system/cpu/cpu2/thermal_throttle",
      "/sys/devices/system/cpu/cpu8/thermal_throttle",
    ]);
  });

  test("a machine that does not say which CPUs it could have adds none", () => {
    expect(maskedPaths(temporaryDirectory())).toEqual(DEFAULT_MASKED_PATHS);
  });
});
