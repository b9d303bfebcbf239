/**
 * From limits to plan steps: make a group for the container, write its limits, put the process into it, read what
 * happened, remove it. cgroups(7).
 *
 * The groups are made at the top of each hierarchy, as engines do: `/ringside-NAME`, with no directory of Ringside's own
 * between. A shared parent would cost a mkdir and an rmdir in every hierarchy and could vanish between the two of
 * another start.
 */
import { constants, existsSync, readdirSync, readFileSync } from "node:fs";
import { NO_SLOT } from "../../native/plan/operations.ts";
import type { PlanStep } from "../../native/plan/plan.ts";
import { RingsideError } from "../error.ts";
import type { Controller } from "./controller.ts";
import { cpu } from "./cpu.ts";
import { devices } from "./devices.ts";
import type { CgroupLayout, ControllerPlace } from "./layout.ts";
import { checkLimits, type Limits } from "./limits.ts";
import { memory } from "./memory.ts";
import { pids } from "./pids.ts";

/** In the order in which they are joined. */
const CONTROLLERS: readonly Controller[] = [devices, memory, pids, cpu];

/** open(2); the same on every architecture, and not among Node's constants. */
const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;

/** Hands out the launcher's descriptor slots. */
export interface SlotSource {
  take(): number;
}

export interface CgroupPlan {
  /** Make the groups and open them: before the process exists. */
  readonly host: PlanStep[];
  /** Join the v1 groups: the first thing the process does. Unshare the cgroup namespace only after these. */
  readonly join: PlanStep[];
  /** Read reports, kill what is left, remove the groups. */
  readonly cleanup: PlanStep[];
  /** The slot of the v2 group, for `clone`, or NO_SLOT. */
  readonly cloneInto: number;
  /** Every group that this plan makes, absolute: what state keeps, and what exec joins. */
  readonly directories: string[];
  /** Whether device nodes are guarded. Where they are not, the container must not have CAP_MKNOD. */
  readonly devicesGuarded: boolean;
  /** What could not be had and was not asked for by name, in words for the user. */
  readonly notes: string[];
}

/**
 * The steps that give a container its control groups.
 *
 * On v1 a container joins `devices` and `memory` always, and `pids` and `cpu` only where they limit something: each
 * hierarchy costs about 0.1 ms to make, join and remove. On v2 it gets one group, into which it is cloned.
 *
 * @param layout what detectCgroups found
 * @param name the container's id: one path component
 * @param limits checked here
 * @param slots where the plan's descriptors come from
 * @throws RingsideError when a value makes no sense or a limit cannot be enforced, naming the controller and the fix
 */
export function cgroupSteps(layout: CgroupLayout, name: string, limits: Limits, slots: SlotSource): CgroupPlan {
  checkName(name);
  checkLimits(limits);
  const groups = groupsFor(layout, `ringside-${name}`, limits);
  const swap = limits.memoryBytes !== undefined && swapCanBeLimited(layout);
  const joining = joinCgroupSteps(
    layout,
    groups.map(({ directory }) => directory),
    slots,
  );
  return {
    host: [
      ...enableSteps(layout, groups),
      ...groups.flatMap((group) => makeSteps(group, limits, swap)),
      ...joining.host,
    ],
    join: joining.join,
    cloneInto: joining.cloneInto,
    cleanup: cleanupSteps(groups),
    directories: groups.map(({ directory }) => directory),
    devicesGuarded: groups.some(({ controllers }) => controllers.includes(devices)),
    notes: limits.memoryBytes !== undefined && !swap ? [NO_SWAP_NOTE] : [],
  };
}

/**
 * The steps that put one more process into a running container's groups (exec).
 *
 * @param directories as cgroupSteps returned them
 */
export function joinCgroupSteps(
  layout: CgroupLayout,
  directories: readonly string[],
  slots: SlotSource,
): Pick<CgroupPlan, "host" | "join" | "cloneInto"> {
  const host: PlanStep[] = [];
  const join: PlanStep[] = [];
  let cloneInto = NO_SLOT;
  for (const directory of directories) {
    const slot = slots.take();
    if (isUnified(layout, directory)) {
      cloneInto = slot;
      host.push({ ...HOST, why: WHY_OPEN_V2, op: "openPath", slot, path: directory, flags: V2_FLAGS });
    } else {
      // `tasks`, not `cgroup.procs`: a single thread that moves itself needs no lock over all of the machine's threads,
      // and so does not wait for an RCU grace period of several milliseconds (kernel/cgroup/cgroup.c, "Optimize single
      // thread migration", Linux 5.5). The process has one thread, so the effect is the same.
      const path = `${directory}/tasks`;
      host.push({ ...HOST, why: WHY_OPEN_V1, op: "openPath", slot, path, flags: constants.O_WRONLY | O_CLOEXEC });
      join.push({ phase: "child", stage: "cgroup", why: WHY_JOIN, op: "joinCgroup", slot });
    }
  }
  return { host, join, cloneInto };
}

/** One directory to make, with the controllers that it serves. */
interface Group {
  readonly directory: string;
  readonly version: 1 | 2;
  readonly top: string;
  readonly controllers: Controller[];
}

const HOST = { phase: "host", stage: "cgroup" } as const;
const CLEANUP = { phase: "cleanup", stage: "cgroup" } as const;
const V2_FLAGS = O_PATH | constants.O_DIRECTORY | O_CLOEXEC;
const WHY_OPEN_V1 = "Opened here, where the host's groups are visible, and used by the process itself.";
const WHY_OPEN_V2 = "The process is born inside its group (CLONE_INTO_CGROUP): nothing has to be moved.";
const WHY_JOIN = "The process moves itself into the group; all that it starts will be born there.";
const NO_SWAP_NOTE = "this kernel does not limit swap: the memory limit holds for memory alone";

/** The groups to make, each directory once, and an error for a limit that none of them could enforce. */
function groupsFor(layout: CgroupLayout, leaf: string, limits: Limits): Group[] {
  const groups = new Map<string, Group>();
  const add = (place: Omit<ControllerPlace, "readOnly">, controller?: Controller) => {
    const group = groups.get(place.directory) ?? {
      directory: `${place.directory}/${leaf}`,
      version: place.version,
      top: place.directory,
      controllers: [],
    };
    groups.set(place.directory, group);
    if (controller) group.controllers.push(controller);
  };
  for (const controller of CONTROLLERS) {
    const place = layout.controllers[controller.name];
    if (controller.needed(limits)) {
      add(usablePlace(layout, controller, place), controller);
    } else if (place && !place.readOnly && comesFree(controller, place)) {
      add(place, controller);
    }
  }
  // A pure v2 machine always gives a group: it can be killed as a whole, even with no controller in it.
  if (layout.mode === "v2" && layout.unified !== undefined && !layout.unifiedReadOnly) {
    add({ version: 2, directory: layout.unified });
  }
  return [...groups.values()];
}

/** Joined though nothing is limited: v1 by choice, v2 where the group has the controller anyway. */
function comesFree({ name, joinedOnV1 }: Controller, { version, directory }: ControllerPlace): boolean {
  return version === 1 ? joinedOnV1 : readWords(`${directory}/cgroup.subtree_control`).includes(name);
}

function usablePlace(layout: CgroupLayout, { name, option }: Controller, place: ControllerPlace | undefined) {
  if (place && !place.readOnly) return place;
  const reason = place ? `${place.directory} is mounted read-only` : `the ${name} controller is not there`;
  throw new RingsideError(`cannot enforce ${option ?? name}: ${reason} (cgroup mode: ${layout.mode})`, {
    fix: place ? `mount -o remount,rw ${place.directory}, or leave out ${option}` : missingFix(layout, name),
  });
}

function missingFix(layout: CgroupLayout, name: string): string {
  const directory = `/sys/fs/cgroup/${name}`;
  const fixes: Record<CgroupLayout["mode"], string> = {
    none: "mount -t cgroup2 none /sys/fs/cgroup",
    v1: `mkdir -p ${directory} && mount -t cgroup -o ${name} none ${directory}`,
    hybrid: `mkdir -p ${directory} && mount -t cgroup -o ${name} none ${directory}`,
    v2: `boot without cgroup_disable=${name}; inside a container, enable ${name} for it from outside`,
  };
  return fixes[layout.mode];
}

/** v2 only: a controller works in a group when its parent hands it down. Done once; usually systemd has done it. */
function enableSteps(layout: CgroupLayout, groups: readonly Group[]): PlanStep[] {
  const group = groups.find(({ version }) => version === 2);
  if (!group) return [];
  const file = `${group.top}/cgroup.subtree_control`;
  const enabled = new Set(readWords(file));
  const missing = group.controllers.map(({ name }) => name).filter((name) => !enabled.has(name));
  if (missing.length === 0) return [];
  // The root has no cgroup.type. Any other group that hands controllers down must be empty itself.
  if (existsSync(`${group.top}/cgroup.type`) && readWords(`${group.top}/cgroup.procs`).length > 0) {
    throw new RingsideError(
      `cannot enable ${missing.join(", ")} below ${group.top}: processes live in that very group`,
      {
        fix: `mkdir ${group.top}/init && xargs -rn1 < ${group.top}/cgroup.procs > ${group.top}/init/cgroup.procs`,
      },
    );
  }
  const value = missing.map((name) => `+${name}`).join(" ");
  const why = `The ${layout.mode} tree must hand these controllers down before a group below can use them.`;
  return [{ ...HOST, why, op: "writeFile", path: file, value }];
}

function makeSteps(group: Group, limits: Limits, swap: boolean): PlanStep[] {
  const why = group.controllers.map((controller) => controller.why).join(" ") || "One group holds the whole container.";
  return [
    { ...HOST, why, op: "makeDirectory", path: group.directory, mode: 0o755, mayExist: 0 },
    ...group.controllers
      .flatMap((controller) => controller.settings(limits, { version: group.version, swap }))
      .map(({ file, value, why }): PlanStep => {
        return { ...HOST, why, op: "writeFile", path: `${group.directory}/${file}`, value };
      }),
  ];
}

function cleanupSteps(groups: readonly Group[]): PlanStep[] {
  const reports = groups.flatMap(({ controllers, directory, version }) =>
    controllers
      .flatMap((controller) => controller.reports(version))
      .map(({ name, file }): PlanStep => {
        const why = "Read now: the counters go with the group.";
        return { ...CLEANUP, why, op: "readReport", name, path: `${directory}/${file}` };
      }),
  );
  const kill = groups.slice(0, 1).map(({ directory }): PlanStep => {
    const why = "Whatever is left in the group ends: a group with a process in it cannot be removed.";
    return { ...CLEANUP, why, op: "killCgroup", path: directory };
  });
  const remove = groups.map(({ directory }): PlanStep => {
    return { ...CLEANUP, why: "A container leaves no group behind.", op: "removeDirectory", path: directory };
  });
  return [...reports, ...kill, ...remove];
}

/** v1 shows it in every group; v2 not at the top, so a group below is asked. */
function swapCanBeLimited(layout: CgroupLayout): boolean {
  const place = layout.controllers.memory;
  if (!place) return false;
  if (place.version === 1) return existsSync(`${place.directory}/memory.memsw.limit_in_bytes`);
  const below = readdirSync(place.directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${place.directory}/${name}`);
  const sample = below.find((directory) => existsSync(`${directory}/memory.max`));
  // Where no group has the controller yet, the kernel's list of swap devices shows whether it knows swap at all.
  return sample === undefined ? existsSync("/proc/swaps") : existsSync(`${sample}/memory.swap.max`);
}

function isUnified(layout: CgroupLayout, directory: string): boolean {
  // In hybrid mode v1 hierarchies are beside the v2 tree, never below it; on v2 there is nothing else.
  return layout.unified !== undefined && directory.startsWith(`${layout.unified}/`);
}

function readWords(path: string): string[] {
  return existsSync(path) ? readFileSync(path, "utf8").split(/\s+/).filter(Boolean) : [];
}

function checkName(name: string): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(name)) {
    throw new RingsideError(`cannot name a control group ${JSON.stringify(name)}`, {
      fix: "use letters, digits, dots, dashes and underscores, the first a letter or a digit",
    });
  }
}
