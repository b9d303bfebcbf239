/**
 * Which groups a container gets: one directory for each hierarchy that it has to be in, with the controllers that it
 * serves, and an error for a limit that none of them could enforce. cgroups(7).
 */
import { RingsideError } from "../error.ts";
import type { OciResources } from "../oci/config.ts";
import { type Controller, nameOn } from "./controller.ts";
import { cpu } from "./cpu.ts";
import { cpuset } from "./cpuset.ts";
import { delegateFix, groupTop, isFirstRoot } from "./delegation.ts";
import { allowsAllDevices } from "./device-rules.ts";
import { deviceFilterWorks, devices } from "./devices.ts";
import { hugetlb } from "./hugetlb.ts";
import { io } from "./io.ts";
import { type CgroupLayout, type ControllerPlace, v1Hierarchies, wordsOf } from "./layout.ts";
import { memory } from "./memory.ts";
import { netCls, netPrio } from "./network.ts";
import { type CgroupPath, directoriesBelow } from "./path.ts";
import { pids } from "./pids.ts";
import { rdma } from "./rdma.ts";
import { unifiedControllers } from "./unified.ts";

/** In the order in which they are joined. */
export const CONTROLLERS: readonly Controller[] = [
  devices,
  memory,
  pids,
  cpu,
  cpuset,
  io,
  hugetlb,
  netCls,
  netPrio,
  rdma,
];

/** One directory to make. */
export interface Group {
  /** From the top down, the container's own last. */
  readonly directories: readonly string[];
  readonly directory: string;
  readonly version: 1 | 2;
  readonly top: string;
  readonly controllers: Controller[];
  /** v2: what has to be handed down, by the kernel's names; without it a limit would not hold. */
  readonly required: Set<string>;
  /** v2: the list of devices is a program on this group. */
  guardsDevices: boolean;
}

export interface GroupSet {
  readonly groups: readonly Group[];
  /** Whether some group keeps the host's devices away. */
  readonly devicesGuarded: boolean;
  /** What the configuration asks for and need not be enforced here, and why. */
  readonly notes: readonly string[];
}

/**
 * @param all whether the container joins every hierarchy, as engines expect it, or only where something is limited
 * @throws RingsideError naming the field, the controller and the fix
 */
export function groupsFor(layout: CgroupLayout, path: CgroupPath, resources: OciResources, all: boolean): GroupSet {
  const groups = new Map<string, Group>();
  const groupAt = (place: ControllerPlace, top: string): Group => {
    const directories = directoriesBelow(top, path);
    const group = groups.get(place.directory) ?? {
      directories,
      directory: directories.at(-1) ?? top,
      version: place.version,
      top,
      controllers: [],
      required: new Set<string>(),
      guardsDevices: false,
    };
    groups.set(place.directory, group);
    return group;
  };
  for (const controller of CONTROLLERS.filter((each) => each !== devices || devicesAreV1(layout))) {
    const place = placeOf(layout, controller);
    const [asked] = controller.asked(resources);
    const top = place === undefined ? undefined : groupTop(place);
    if (asked !== undefined) checkUsable(layout, controller, asked, place, top);
    if (place === undefined || top === undefined) continue;
    if (asked === undefined && !all && !comesFree(controller, place, top)) continue;
    const group = groupAt(place, top);
    group.controllers.push(controller);
    if (asked !== undefined) group.required.add(nameOn(controller, place.version) ?? controller.name);
  }
  const unified = unifiedPlace(layout);
  const raw = unifiedControllers(resources);
  if (resources.unified !== undefined && Object.keys(resources.unified).length > 0) {
    const group = requireUnified(layout, unified, raw, groupAt);
    for (const name of raw) group.required.add(name);
  }
  if (unified !== undefined && (layout.mode === "v2" || all)) groupAt(unified.place, unified.top);
  const guard = guardDevices(layout, resources, unified, groupAt);
  if (all) joinOthers(layout, groupAt);
  const list = [...groups.values()];
  return {
    groups: list,
    devicesGuarded: list.some(({ controllers, guardsDevices }) => guardsDevices || controllers.includes(devices)),
    notes: guard,
  };
}

function devicesAreV1(layout: CgroupLayout): boolean {
  return layout.controllers.devices !== undefined;
}

/** Where this machine has a controller, by either of its names. */
export function placeOf(layout: CgroupLayout, controller: Controller): ControllerPlace | undefined {
  const names = [nameOn(controller, 1), nameOn(controller, 2)];
  return names.map((name) => (name === undefined ? undefined : layout.controllers[name])).find(Boolean);
}

interface UnifiedPlace {
  readonly place: ControllerPlace;
  readonly top: string;
}

function unifiedPlace({ unified, unifiedReadOnly = false }: CgroupLayout): UnifiedPlace | undefined {
  if (unified === undefined) return undefined;
  const place = { version: 2, directory: unified, readOnly: unifiedReadOnly } as const;
  const top = groupTop(place);
  return top === undefined ? undefined : { place, top };
}

/** Joined though nothing is limited: v1 by choice, v2 where the group has the controller anyway. */
function comesFree(controller: Controller, { version }: ControllerPlace, top: string): boolean {
  if (version === 1) return controller.joinedOnV1;
  return wordsOf(`${top}/cgroup.subtree_control`).includes(nameOn(controller, 2) ?? "");
}

/** The program of v2 in the place of the controller of v1; where neither can be had, nodes must not work at all. */
function guardDevices(
  layout: CgroupLayout,
  resources: OciResources,
  unified: UnifiedPlace | undefined,
  groupAt: (place: ControllerPlace, top: string) => Group,
): string[] {
  if (devicesAreV1(layout) || allowsAllDevices(resources.devices)) return [];
  if (unified !== undefined && deviceFilterWorks(layout)) {
    groupAt(unified.place, unified.top).guardsDevices = true;
    return [];
  }
  const [asked] = devices.asked(resources);
  if (asked === undefined) return [];
  if (!isFirstRoot()) return [USER_DEVICES_NOTE];
  throw new RingsideError(`cannot enforce ${asked}: ${devicesGap(layout)} (cgroup mode: ${layout.mode})`, {
    fix: missingFix(layout, "devices"),
  });
}

const USER_DEVICES_NOTE =
  "the list of devices is not needed for an ordinary user: nodes that it makes do not work, and others it may open as before";

function devicesGap(layout: CgroupLayout): string {
  if (layout.unified === undefined) return "the devices controller is not there";
  return layout.unifiedReadOnly === true
    ? `${layout.unified} is mounted read-only`
    : "a device program can be loaded by root of the first user namespace only";
}

/** The hierarchies that nothing is limited in: whoever looks after the container counts and finds its processes there. */
function joinOthers(layout: CgroupLayout, groupAt: (place: ControllerPlace, top: string) => Group): void {
  for (const place of v1Hierarchies(layout)) {
    const top = groupTop(place);
    if (top !== undefined) groupAt(place, top);
  }
}

function requireUnified(
  layout: CgroupLayout,
  unified: UnifiedPlace | undefined,
  controllers: readonly string[],
  groupAt: (place: ControllerPlace, top: string) => Group,
): Group {
  const gone = controllers.find((name) => layout.controllers[name]?.version !== 2);
  if (unified !== undefined && gone === undefined) return groupAt(unified.place, unified.top);
  const why = unified === undefined ? "there is no cgroup v2 tree to write to" : `the v2 tree does not have ${gone}`;
  throw new RingsideError(`cannot enforce linux.resources.unified: ${why} (cgroup mode: ${layout.mode})`, {
    fix: "use the fields of cgroup v1, or boot with systemd.unified_cgroup_hierarchy=1",
  });
}

function checkUsable(
  layout: CgroupLayout,
  controller: Controller,
  asked: string,
  place: ControllerPlace | undefined,
  top: string | undefined,
): void {
  const { name } = controller;
  const fail = (reason: string, fix: string) => {
    throw new RingsideError(`cannot enforce ${asked}: ${reason} (cgroup mode: ${layout.mode})`, { fix });
  };
  if (place === undefined) {
    if (layout.mode === "v2" && nameOn(controller, 2) === undefined) {
      fail(
        `cgroup v2 has no ${name} controller`,
        "leave it out: nftables can match the group itself (socket cgroupv2)",
      );
    }
    fail(
      `the ${name} controller is not there`,
      missingFix(layout, nameOn(controller, layout.mode === "v2" ? 2 : 1) ?? name),
    );
  } else if (place.readOnly) {
    fail(`${place.directory} is mounted read-only`, `mount -o remount,rw ${place.directory}, or leave it out`);
  } else if (top === undefined) {
    const line = delegateFix(place, nameOn(controller, place.version) ?? name, "group");
    fail(`an ordinary user may make no group in ${place.directory}`, line);
  } else if (place.version === 2 && top !== place.directory) {
    const wanted = nameOn(controller, 2) ?? name;
    if (wordsOf(`${top}/cgroup.controllers`).includes(wanted)) return;
    fail(`${wanted} is not handed down to ${top}`, delegateFix(place, wanted, "controller"));
  }
}

function missingFix(layout: CgroupLayout, name: string): string {
  const directory = `/sys/fs/cgroup/${name}`;
  const mount = `mkdir -p ${directory} && mount -t cgroup -o ${name} none ${directory}`;
  const fixes: Record<CgroupLayout["mode"], string> = {
    none: "mount -t cgroup2 none /sys/fs/cgroup",
    v1: mount,
    hybrid: mount,
    v2: `boot without cgroup_disable=${name}; inside a container, enable ${name} for it from outside`,
  };
  return fixes[layout.mode];
}
