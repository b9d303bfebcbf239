/**
 * Control groups: how they are mounted, and whether each controller that limits a container is there: cgroups(7).
 */
import { existsSync } from "node:fs";
import { delegateFix, groupTop } from "../cgroup/delegation.ts";
import { deviceFilterWorks } from "../cgroup/devices.ts";
import { type CgroupLayout, detectCgroups } from "../cgroup/layout.ts";
import { type Check, gap, ok, type Question } from "./check.ts";

/** The controllers that an option of `run` needs. */
const NEEDED = {
  memory: "--memory",
  cpu: "--cpus",
  pids: "--pids-limit",
  devices: "the list of allowed devices",
} as const;

/** In v2 the rules for devices are a program of the kernel's (BPF_PROG_TYPE_CGROUP_DEVICE), not a controller. */
const NOT_IN_V2 = new Set(["devices"]);

const MODES: Readonly<Record<CgroupLayout["mode"], string>> = {
  v1: "v1: a hierarchy for each controller",
  hybrid: "hybrid: v1 controllers beside a v2 tree",
  v2: "v2: one tree for all controllers",
  none: "none mounted",
};

export const askCgroups: Question = async () => {
  const layout = detectCgroups();
  return [
    askMode(layout),
    ...Object.entries(NEEDED).flatMap(([name, use]) => askController(layout, name, use)),
    ...askDeviceProgram(layout),
    ...askPressure(layout),
  ];
};

/** Where no controller keeps the list of devices. */
function askDeviceProgram(layout: CgroupLayout): Check[] {
  if (layout.mode === "none" || layout.controllers.devices !== undefined) return [];
  const name = "control group devices";
  if (deviceFilterWorks(layout)) return [ok(name, `v2: a program on each group (bpf), in ${layout.unified}`)];
  const why = "the program that keeps them on v2 can be loaded by root only";
  return [gap(name, "limited", `${why}; without it no device node works inside`, "run Ringside as root")];
}

/** How long tasks wait for what others have: part of stats. */
function askPressure(layout: CgroupLayout): Check[] {
  if (process.platform !== "linux" || layout.mode === "none") return [];
  const name = "pressure of CPU, memory and I/O";
  if (!existsSync("/proc/pressure/cpu")) {
    return [
      gap(
        name,
        "limited",
        "the kernel does not measure it; stats show none",
        "boot with psi=1 on the kernel's command line",
      ),
    ];
  }
  if (layout.unified === undefined) return [ok(name, "of the whole machine; cgroup v1 has none for a group")];
  return [ok(name, "of each group in the v2 tree")];
}

function askMode(layout: CgroupLayout): Check {
  const name = "control groups";
  if (layout.mode === "none") {
    const fix = process.platform === "linux" ? "mount -t cgroup2 none /sys/fs/cgroup" : "run Ringside on Linux";
    return gap(name, "missing", MODES.none, fix);
  }
  const controllers = Object.entries(layout.controllers).map(
    ([controller, { version }]) => `${controller} (v${version})`,
  );
  return ok(name, `${MODES[layout.mode]}; ${controllers.sort().join(", ")}`);
}

function askController(layout: CgroupLayout, controller: string, use: string): Check[] {
  const name = `control group ${controller}`;
  const place = layout.controllers[controller];
  if (place === undefined) {
    if (layout.mode === "v2" && NOT_IN_V2.has(controller)) return [];
    return [gap(name, "missing", `not mounted; ${use} is refused`, missingFix(layout, controller))];
  }
  if (place.readOnly) {
    return [
      gap(
        name,
        "missing",
        `${place.directory} is read-only; ${use} is refused`,
        `mount -o remount,rw ${place.directory}`,
      ),
    ];
  }
  const top = groupTop(place);
  if (top === undefined) {
    const where = `v${place.version} at ${place.directory}, where none has been given to this user; ${use} is refused`;
    // An ordinary user's devices are no wider than the user's own rights: nothing has to keep it from others.
    const fix = controller === "devices" ? null : delegateFix(place, controller, "group");
    return [gap(name, "limited", controller === "devices" ? `${where.split(";")[0]}; not needed then` : where, fix)];
  }
  return [ok(name, `v${place.version} at ${top}`)];
}

function missingFix(layout: CgroupLayout, controller: string): string {
  if (process.platform !== "linux") return "run Ringside on Linux";
  if (layout.unified !== undefined && layout.mode === "v2")
    return "boot without cgroup_disable= on the kernel's command line";
  const directory = `/sys/fs/cgroup/${controller}`;
  return `mkdir -p ${directory} && mount -t cgroup -o ${controller} none ${directory}`;
}
