/**
 * From resources to plan steps: make the groups of a container, write its limits, put the process into them, read what
 * happened, remove them. cgroups(7); config-linux.md, Control groups.
 */
import { constants, existsSync } from "node:fs";
import { NO_SLOT } from "../../native/plan/operations.ts";
import type { PlanStep } from "../../native/plan/plan.ts";
import { RingsideError } from "../error.ts";
import type { OciResources } from "../oci/config.ts";
import { O_CLOEXEC, O_PATH_DIRECTORY } from "../open-flags.ts";
import { nameOn } from "./controller.ts";
import { cpuset, inheritedCpusets } from "./cpuset.ts";
import { delegatedFiles } from "./delegation.ts";
import { deviceFilter } from "./device-filter.ts";
import { deviceRules } from "./device-rules.ts";
import { checkThawed } from "./freezer.ts";
import { type Group, groupsFor } from "./groups.ts";
import { type CgroupLayout, wordsOf } from "./layout.ts";
import { checkLimits, checkMemory, limitsOf } from "./limits.ts";
import { memory } from "./memory.ts";
import { ownPath, parseCgroupsPath } from "./path.ts";
import { readGroupFile } from "./processes.ts";
import { settingsContext, settingsOf } from "./settings.ts";
import { unifiedSettings } from "./unified.ts";

/** Hands out the launcher's descriptor slots. */
export interface SlotSource {
  take(): number;
}

/** What of a configuration concerns control groups. */
export type CgroupRequest = {
  readonly resources: OciResources;
  /** Unless said otherwise: `all` for a path, `needed` for a name. */
  readonly join?: "all" | "needed";
  /** The groups are a scope of systemd's (startScope): there already, with the process that holds it. */
  readonly isScope?: boolean;
  /** The host's user to whom the v2 group is given (see groupOwner). */
  readonly owner?: number;
} & (
  | {
      /** Ringside's own container: its id. Limits on memory get Docker's default for swap. */
      readonly name: string;
    }
  | {
      /** `linux.cgroupsPath`. */
      readonly path: string;
    }
);

export interface CgroupPlan {
  /** Make the groups and open them: before the process exists. */
  readonly host: PlanStep[];
  /** Join the v1 groups: the first thing the process does. Unshare the cgroup namespace only after these. */
  readonly join: PlanStep[];
  /** Read reports, kill what is left, remove the groups. */
  readonly cleanup: PlanStep[];
  /** The slot of the v2 group, for `clone`, or NO_SLOT. */
  readonly cloneInto: number;
  /** The container's own group in each hierarchy, absolute: what state keeps, and what exec joins. */
  readonly directories: string[];
  /** The groups on the way to them, those deepest down first: what Ringside makes of them is removed when it is empty. */
  readonly parents: string[];
  /** Whether device nodes are guarded. Where they are not, the container must not have CAP_MKNOD. */
  readonly devicesGuarded: boolean;
  /** What could not be had and was not asked for by name, in words for the user. */
  readonly notes: string[];
}

/**
 * The steps that give a container its control groups.
 *
 * Ringside's own containers join on v1 `devices` and `memory` always, and the others only where they limit something: each
 * hierarchy costs about 0.1 ms to make, join and remove. A container with a path of an engine's joins all of them, since
 * engines count, freeze and find its processes by whichever they like. On v2 it gets one group, into which it is cloned.
 *
 * @param layout what detectCgroups found
 * @param slots where the plan's descriptors come from
 * @throws RingsideError when a value makes no sense or a limit cannot be enforced, naming the controller and the fix
 */
export function cgroupSteps(layout: CgroupLayout, request: CgroupRequest, slots: SlotSource): CgroupPlan {
  const isOwn = "name" in request;
  if (isOwn) checkLimits(limitsOf(request.resources));
  else checkMemory(request.resources.memory?.limit);
  const path = isOwn ? ownPath(request.name) : parseCgroupsPath(request.path);
  const swap = isOwn ? defaultSwap(layout, request.resources) : { resources: request.resources, notes: [] };
  const { resources } = swap;
  const all = (request.join ?? (isOwn ? "needed" : "all")) === "all";
  const { groups, devicesGuarded, notes } = groupsFor(layout, path, resources, all);
  const isScope = request.isScope === true;
  if (!isOwn && !isScope) {
    groups.forEach(checkEmpty);
    for (const group of groups) checkThawed(group.directories);
  }
  const directories = groups.map(({ directory }) => directory);
  const joining = joinCgroupSteps(layout, directories, slots);
  // The slices above a scope are systemd's.
  const parents = groups.map(({ directories: all }) => (isScope ? [] : all.slice(0, -1).reverse()));
  return {
    host: [
      ...groups.flatMap((group) => [...makeSteps(group), ...enableSteps(layout, group, all && !isScope)]),
      ...groups.flatMap((group) => writeSteps(group, resources)),
      ...groups.flatMap((group) => ownerSteps(group, request.owner)),
      ...joining.host,
    ],
    join: joining.join,
    cloneInto: joining.cloneInto,
    cleanup: cleanupSteps(groups, parents),
    directories,
    parents: parents.flat(),
    devicesGuarded,
    notes: [...swap.notes, ...notes],
  };
}

/**
 * The steps that put one more process into a running container's groups (exec).
 *
 * @param directories as cgroupSteps returned them
 * @param initPid the container's first process, where it runs already
 */
export function joinCgroupSteps(
  layout: CgroupLayout,
  directories: readonly string[],
  slots: SlotSource,
  initPid?: number,
): Pick<CgroupPlan, "host" | "join" | "cloneInto"> {
  const host: PlanStep[] = [];
  const join: PlanStep[] = [];
  let cloneInto = NO_SLOT;
  for (const directory of directories) {
    const slot = slots.take();
    if (isUnified(layout, directory)) {
      cloneInto = slot;
      const path = initPid === undefined ? directory : groupForOneMore(layout, directory, initPid);
      host.push({ ...HOST, why: WHY_OPEN_V2, op: "openPath", slot, path, flags: V2_FLAGS });
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

/**
 * A v2 group that hands controllers down cannot hold processes itself (cgroup-v2.rst, "No Internal Process Constraint").
 * Where the inside has made such a tree of its own group, as systemd does, the first process's group takes the new one.
 */
function groupForOneMore({ unified = "" }: CgroupLayout, directory: string, initPid: number): string {
  if (wordsOf(`${directory}/cgroup.subtree_control`).length === 0) return directory;
  const [, path = ""] = /^0::(\/.*)$/m.exec(readGroupFile(`/proc/${initPid}/cgroup`) ?? "") ?? [];
  const group = `${unified}${path}`;
  return group.startsWith(`${directory}/`) ? group : directory;
}

const HOST = { phase: "host", stage: "cgroup" } as const;
const CLEANUP = { phase: "cleanup", stage: "cgroup" } as const;
const V2_FLAGS = O_PATH_DIRECTORY | O_CLOEXEC;
const WHY_OPEN_V1 = "Opened here, where the host's groups are visible, and used by the process itself.";
const WHY_OPEN_V2 = "The process is born inside its group (CLONE_INTO_CGROUP): nothing has to be moved.";
const WHY_JOIN = "The process moves itself into the group; all that it starts will be born there.";
const NO_SWAP_NOTE = "this kernel does not limit swap: the memory limit holds for memory alone";

/** Docker's default for --memory: as much swap again; where swap is not counted, memory alone is limited, and it is said. */
function defaultSwap(layout: CgroupLayout, resources: OciResources): { resources: OciResources; notes: string[] } {
  const { limit = 0, swap } = resources.memory ?? {};
  const place = layout.controllers.memory;
  if (limit <= 0 || swap !== undefined || place === undefined) return { resources, notes: [] };
  const context = settingsContext(place.version, place.directory, memory);
  const counted = context.has(place.version === 1 ? "memory.memsw.limit_in_bytes" : "memory.swap.max");
  // Where no group has the controller yet, the kernel's list of swap devices shows whether it knows swap at all.
  if (!(counted ?? existsSync("/proc/swaps"))) return { resources, notes: [NO_SWAP_NOTE] };
  return { resources: { ...resources, memory: { ...resources.memory, swap: limit * 2 } }, notes: [] };
}

/** A group with somebody in it would share its limits with them, and take them along when it is removed. */
function checkEmpty({ directory }: Group): void {
  const [member] = existsSync(directory) ? wordsOf(`${directory}/cgroup.procs`) : [];
  if (member === undefined) return;
  throw new RingsideError(`linux.cgroupsPath: process ${member} is in ${directory} already`, {
    fix: "give the container a path of its own",
  });
}

function makeSteps({ directory, directories, controllers }: Group): PlanStep[] {
  const why = controllers.map((controller) => controller.why).join(" ") || "One group holds the whole container.";
  if (directories.length === 1) {
    return [{ ...HOST, why, op: "makeDirectory", path: directory, mode: 0o755, mayExist: 0 }];
  }
  return [{ ...HOST, why, op: "makeGroup", path: directory, parents: directories.slice(0, -1) }];
}

/**
 * v2 only: a controller works in a group when every group above hands it down. At the top systemd has usually done so.
 * After the group has been made, which holds those above it in place.
 */
function enableSteps(layout: CgroupLayout, group: Group, all: boolean): PlanStep[] {
  if (group.version === 1) return [];
  const offered = wordsOf(`${group.top}/cgroup.controllers`);
  // In hybrid mode a controller that is handed down in the v2 tree could not be mounted as v1 any more.
  const wanted = offered.filter((name) => group.required.has(name) || (all && layout.mode === "v2"));
  return [group.top, ...group.directories.slice(0, -1)].flatMap((directory): PlanStep[] => {
    const file = `${directory}/cgroup.subtree_control`;
    // A group on the way may be removed and made again by others before this is written: it is told in any case.
    const enabled = new Set(directory === group.top ? wordsOf(file) : []);
    const missing = wanted.filter((name) => !enabled.has(name));
    const required = missing.filter((name) => group.required.has(name));
    if (hasOwnProcesses(directory)) {
      const lacking = required.filter((name) => !wordsOf(file).includes(name));
      if (lacking.length > 0) throw ownProcessesError(directory, lacking);
      return [];
    }
    if (missing.length === 0) return [];
    const value = missing.map((name) => `+${name}`).join(" ");
    const why = `The ${layout.mode} tree must hand these controllers down before a group below can use them.`;
    return [{ ...HOST, why, op: "writeFile", path: file, value }];
  });
}

/** The root has no cgroup.type. Any other group that hands controllers down must be empty itself. */
function hasOwnProcesses(directory: string): boolean {
  return existsSync(`${directory}/cgroup.type`) && wordsOf(`${directory}/cgroup.procs`).length > 0;
}

function ownProcessesError(directory: string, controllers: readonly string[]): RingsideError {
  return new RingsideError(
    `cannot enable ${controllers.join(", ")} below ${directory}: processes live in that very group`,
    {
      fix: `mkdir ${directory}/init && xargs -rn1 < ${directory}/cgroup.procs > ${directory}/init/cgroup.procs`,
    },
  );
}

function writeSteps(group: Group, resources: OciResources): PlanStep[] {
  const { directory, directories, version, top, controllers, guardsDevices } = group;
  const inherited = version === 1 && controllers.includes(cpuset) ? inheritedCpusets(top, directories) : [];
  // On v2 the group has a controller's files only where that is handed down.
  const present = controllers.filter(
    (controller) =>
      version === 1 || controller.asked(resources).length > 0 || isHandedDown(group, nameOn(controller, 2)),
  );
  const settings = [
    ...settingsOf(present, resources, version, top),
    ...(version === 2 ? unifiedSettings(resources, directory) : []),
  ];
  return [
    ...inherited.map(({ directory: path, setting: { file, value, why } }): PlanStep => {
      return { ...HOST, why, op: "writeFile", path: `${path}/${file}`, value };
    }),
    ...settings.map(({ file, value, why }): PlanStep => {
      return { ...HOST, why, op: "writeFile", path: `${directory}/${file}`, value };
    }),
    ...(guardsDevices ? [deviceFilterStep(directory, resources)] : []),
  ];
}

function isHandedDown({ top }: Group, name: string | undefined): boolean {
  return name !== undefined && wordsOf(`${top}/cgroup.subtree_control`).includes(name);
}

function deviceFilterStep(path: string, { devices: rules }: OciResources): PlanStep {
  const why = "Only harmless devices may be opened: v2 asks a small program about each, which is made from the list.";
  return { ...HOST, why, op: "attachDeviceFilter", path, program: deviceFilter(deviceRules(rules)) };
}

/** v1 is never given away: that is not safe there (config-linux.md, Cgroup ownership). */
function ownerSteps({ version, directory }: Group, owner: number | undefined): PlanStep[] {
  if (version === 1 || owner === undefined) return [];
  const why = "The container sees this group writable and makes groups of its own below it; its limits stay ours.";
  return [{ ...HOST, why, op: "changeOwner", path: directory, files: delegatedFiles(), uid: owner }];
}

function cleanupSteps(groups: readonly Group[], parents: readonly string[][]): PlanStep[] {
  const reports = groups.flatMap(({ controllers, directory, version }) =>
    controllers
      .flatMap((controller) => controller.reports(version))
      .map(({ name, file }): PlanStep => {
        const why = "Read now: the counters go with the group.";
        return { ...CLEANUP, why, op: "readReport", name, path: `${directory}/${file}` };
      }),
  );
  const isNested = groups.some(({ directories }) => directories.length > 1);
  // v2's cgroup.kill ends all at once; else the first group will do, since nobody inside can leave only some of them.
  const first = groups.find(({ version }) => version === 2) ?? groups[0];
  const kill = (isNested ? groups : first === undefined ? [] : [first]).map(({ directory }): PlanStep => {
    const why = "Whatever is left in the group ends: a group with a process in it cannot be removed.";
    return { ...CLEANUP, why, op: "killCgroup", path: directory };
  });
  const remove = groups.map(({ directory, directories }, index): PlanStep => {
    const why = "A container leaves no group behind.";
    if (directories.length === 1) return { ...CLEANUP, why, op: "removeDirectory", path: directory };
    return { ...CLEANUP, why, op: "removeGroup", path: directory, parents: parents[index] ?? [] };
  });
  return [...reports, ...kill, ...remove];
}

function isUnified(layout: CgroupLayout, directory: string): boolean {
  // In hybrid mode v1 hierarchies are beside the v2 tree, never below it; on v2 there is nothing else.
  return layout.unified !== undefined && directory.startsWith(`${layout.unified}/`);
}
