/**
 * A container's view of its own control groups, usually at /sys/fs/cgroup and read-only: language runtimes size their
 * heaps and thread pools by the limits that they find there. In a cgroup namespace the kernel shows the own group as the
 * root of each hierarchy (cgroup_namespaces(7)); without one the own group is bound in the same place, so that the
 * groups of others, which such a mount would show, are out of reach (CVE-2023-25809).
 */
import type { PlanStep } from "../../native/plan/plan.ts";
import { RingsideError } from "../error.ts";
import type { OciMount } from "../oci/config.ts";
import { MOUNT_ATTRIBUTES, parseMountOptions } from "../plan/mount-options.ts";
import { type CgroupLayout, v1Hierarchies } from "./layout.ts";
import type { SlotSource } from "./steps.ts";

const CHILD = { phase: "child", stage: "mounts" } as const;

/** What may stand among the options of a v2 mount; the kernel takes them from the first namespace only. */
const V2_OPTIONS = new Set([
  "nsdelegate",
  "favordynmods",
  "nofavordynmods",
  "memory_localevents",
  "memory_recursiveprot",
  "memory_hugetlb_accounting",
  "pids_localevents",
]);

export interface CgroupView {
  /** The entry of the configuration: type `cgroup` or `cgroup2`. */
  readonly mount: OciMount;
  /** The container's groups, as cgroupSteps made them; none means no mount. */
  readonly directories: readonly string[];
  /** Whether the container has a cgroup namespace of its own. */
  readonly hasNamespace: boolean;
}

/** Where one hierarchy is shown, and how it is made. */
interface View {
  readonly path: string;
  readonly type: "cgroup" | "cgroup2";
  readonly options: readonly string[];
  /** The group that is bound where there is no namespace to show it. */
  readonly directory: string;
  readonly attributes: number;
}

/**
 * The mounts: on v2 the container's group itself; on v1 a small tmpfs with one directory for each hierarchy that it is
 * in, and a link for each controller of those that are mounted together, as hosts have it. They cost about 0.07 ms for
 * three hierarchies.
 *
 * @param rootSlot the root's mount; on v1 the process must be in its groups already
 * @throws RingsideError for an option that control groups do not have
 */
export function cgroupMountSteps(
  layout: CgroupLayout,
  { mount, directories, hasNamespace }: CgroupView,
  rootSlot: number,
  slots: SlotSource,
): PlanStep[] {
  if (directories.length === 0) return [];
  const { destination } = mount;
  const { top, tree, data } = parseMountOptions(mount.options ?? []);
  const attributes = top.set | tree.set;
  const own = directories.find((directory) => isBelow(directory, layout.unified));
  const isV2 = mount.type === "cgroup2" || layout.mode === "v2";
  checkOptions(mount, data, isV2);
  if (isV2) {
    if (own === undefined) throw noUnifiedGroup(destination);
    const view: View = { path: destination, type: "cgroup2", options: data, directory: own, attributes };
    return showOne(view, hasNamespace, rootSlot, slots.take());
  }
  const topSlot = slots.take();
  const writable = attributes & ~MOUNT_ATTRIBUTES.ro;
  return [
    ...attach(newTmpfs(topSlot, writable), destination, rootSlot, topSlot),
    ...directories.flatMap((directory) => {
      const view = v1View(layout, directory, destination, attributes);
      return [
        ...showOne(view, hasNamespace, rootSlot, slots.take()),
        ...linkSteps(layout, view, destination, rootSlot),
      ];
    }),
    ...(attributes === writable ? [] : [sealStep(topSlot)]),
  ];
}

function isBelow(directory: string, top: string | undefined): boolean {
  return top !== undefined && directory.startsWith(`${top}/`);
}

function checkOptions({ destination, type = "cgroup" }: OciMount, data: readonly string[], isV2: boolean): void {
  const wrong = data.find((option) => !isV2 || !V2_OPTIONS.has(option));
  if (wrong === undefined) return;
  throw new RingsideError(`cannot mount at ${destination}: ${type} has no option ${JSON.stringify(wrong)}`, {
    fix: `leave ${wrong} out`,
  });
}

function noUnifiedGroup(destination: string): RingsideError {
  return new RingsideError(`cannot mount cgroup2 at ${destination}: the container is in no group of a v2 tree`, {
    fix: "give the mount the type cgroup",
  });
}

/** The hierarchy of a group, under the name that it has on the host. */
function v1View(layout: CgroupLayout, directory: string, destination: string, attributes: number): View {
  const common = { directory, attributes };
  if (layout.unified !== undefined && isBelow(directory, layout.unified)) {
    return { ...common, path: `${destination}/${lastName(layout.unified)}`, type: "cgroup2", options: [] };
  }
  const hierarchy = v1Hierarchies(layout).find((place) => isBelow(directory, place.directory))?.directory ?? directory;
  const path = `${destination}/${lastName(hierarchy)}`;
  const name = Object.entries(layout.named ?? {}).find(([, place]) => place.directory === hierarchy)?.[0];
  // Co-mounted controllers can only be mounted together again. A hierarchy without any is mounted by its name.
  const options = name === undefined ? controllersIn(layout, hierarchy) : ["none", `name=${name}`];
  return { ...common, path, type: "cgroup", options };
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function controllersIn(layout: CgroupLayout, hierarchy: string): string[] {
  return Object.entries(layout.controllers).flatMap(([name, { directory }]) => (directory === hierarchy ? [name] : []));
}

function showOne(view: View, hasNamespace: boolean, root: number, slot: number): PlanStep[] {
  return attach(hasNamespace ? [newStep(view, slot)] : bindSteps(view, slot), view.path, root, slot);
}

function attach(make: readonly PlanStep[], path: string, root: number, slot: number): PlanStep[] {
  const why = `Attached at ${path}.`;
  return [...make, { ...CHILD, why, op: "mountAt", slot, root, path, isFile: 0, noSymlinks: 1 }];
}

const WHY = "Its own control groups, to read: programs size themselves by the limits.";

function newTmpfs(slot: number, attributes: number): PlanStep[] {
  const options = ["source=cgroup", "mode=755", "size=16k"];
  return [{ ...CHILD, why: WHY, op: "newFilesystem", slot, type: "tmpfs", options, attributes }];
}

function newStep({ type, options, attributes }: View, slot: number): PlanStep {
  return { ...CHILD, why: WHY, op: "newFilesystem", slot, type, options: ["source=cgroup", ...options], attributes };
}

/** Before the root is entered, while the host's groups can still be named. */
function bindSteps({ directory, attributes }: View, slot: number): PlanStep[] {
  return [
    { ...CHILD, why: WHY, op: "cloneTree", slot, path: directory, recursive: 0 },
    { ...CHILD, why: "With the flags that the configuration asks for.", op: "setMountAttributes", slot, attributes },
  ];
}

/** `cpu` and `cpuacct` beside `cpu,cpuacct`: programs look for each by its own name. */
function linkSteps(layout: CgroupLayout, { path }: View, destination: string, root: number): PlanStep[] {
  const shown = lastName(path);
  const hierarchy = v1Hierarchies(layout).find(({ directory }) => lastName(directory) === shown)?.directory ?? "";
  const names = controllersIn(layout, hierarchy).filter((name) => name !== shown);
  return names.map((name) => {
    const why = `${name} is mounted together with others, and looked for by its own name.`;
    return { ...CHILD, why, op: "makeSymlink", root, path: `${destination}/${name}`, target: shown };
  });
}

function sealStep(slot: number): PlanStep {
  const why = "The directory that holds them is complete.";
  return { ...CHILD, why, op: "setMountAttributes", slot, attributes: MOUNT_ATTRIBUTES.ro };
}
