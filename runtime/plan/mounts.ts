/**
 * The file systems inside the container. New ones are made with fsopen(2) in the container's own namespaces; what is
 * shown of the host is cloned as a detached tree before the container is entered (open_tree(2)), when the host's files
 * can still be named. Both are attached by descriptor below the root. runtime-spec, config.md, Mounts.
 */
import type { PlanStep } from "../../native/plan/plan.ts";
import type { NamespaceType, OciLinux, OciMount } from "../oci/config.ts";
import { DEFAULT_MOUNTS } from "../oci/defaults.ts";
import { bindMount } from "./binds.ts";
import { changeSteps, remountStep } from "./mount-changes.ts";
import {
  cleanPath,
  MOUNT_TARGET,
  type MountContext,
  NEVER_THROUGH_LINKS,
  type OneMount,
  refuse,
} from "./mount-context.ts";
import { UserNamespaces } from "./mount-id-maps.ts";
import { MOUNT_ATTRIBUTES, type ParsedMountOptions, parseMountOptions } from "./mount-options.ts";

export interface MountPlan {
  /** While the host's files can be named. */
  readonly prepare: PlanStep[];
  /** Below the root. */
  readonly steps: PlanStep[];
  /** When all that belongs below them is there. */
  readonly finish: PlanStep[];
  /** The slot of the mount at each destination: later steps work below it, by descriptor. */
  readonly slotOf: ReadonlyMap<string, number>;
  /** Destinations that show something of the host. */
  readonly bound: ReadonlySet<string>;
}

const NOTHING = { set: 0, clear: 0 };

/** The labels of these cannot be chosen (selinux(8)). */
const NEVER_LABELLED = new Set(["proc", "sysfs", "mqueue", "cgroup", "cgroup2"]);

/**
 * File systems that show a namespace. In a user namespace they can be made only if that namespace is its own too; else
 * the host's own is shown, which is the same.
 */
const SHOWS_NAMESPACE: Readonly<Record<string, { readonly namespace: NamespaceType; readonly source: string }>> = {
  sysfs: { namespace: "network", source: "/sys" },
  proc: { namespace: "pid", source: "/proc" },
  mqueue: { namespace: "ipc", source: "/dev/mqueue" },
};

/**
 * File systems that belong to namespaces or to nobody: made by the container, in its own. All others name files of the
 * host, as in `lowerdir=` or a disk, and are made while those can be named.
 */
const MADE_INSIDE = new Set(["proc", "sysfs", "mqueue", "tmpfs", "ramfs", "devpts", "binfmt_misc"]);

/** Each mount of these is a file system of its own; one of another type may be the host's, mounted once more. */
const OWN_SUPERBLOCK = new Set(["tmpfs", "ramfs", "devpts"]);

/** Mounts each of `mounts`, in order, below the root. @throws RingsideError for what cannot be mounted */
export function mountSteps(mounts: readonly OciMount[], context: MountContext): MountPlan {
  const users = new UserNamespaces(context);
  const prepare: PlanStep[] = [];
  const steps: PlanStep[] = [];
  const finish: PlanStep[] = [];
  const slotOf = new Map<string, number>();
  const bound = new Set<string>();
  const own = new Set<string>();
  for (const written of mounts) {
    const mount = { ...written, destination: cleanPath(written.destination) };
    const one = oneMount(mount, context, users, own.has(mount.destination));
    prepare.push(...one.prepare);
    steps.push(...one.steps);
    finish.push(...(one.finish ?? []));
    if (one.slot === undefined) continue;
    slotOf.set(mount.destination, one.slot);
    keep(bound, mount.destination, one.bound === true);
    keep(own, mount.destination, one.bound !== true && OWN_SUPERBLOCK.has(mount.type ?? ""));
  }
  return { prepare: [...users.steps, ...prepare], steps, finish, slotOf, bound };
}

function keep(set: Set<string>, value: string, isIn: boolean): void {
  if (isIn) set.add(value);
  else set.delete(value);
}

function oneMount(written: OciMount, context: MountContext, users: UserNamespaces, isOwn: boolean): OneMount {
  const mount = ownOrHosts(written, context.linux);
  const options = parseMountOptions(mount.options ?? []);
  const isBind = options.bind !== undefined || mount.type === "bind" || mount.type === "rbind";
  if (options.remount || (!isBind && hasNoType(mount)))
    return changed(mount, remountStep(mount, options, context, isOwn));
  if (mount.destination === "/")
    refuse(mount, "the root file system is there already", "use root.path of the configuration, or the option remount");
  if (isBind) return bindMount(mount, options, context, users);
  if (options.idmap !== undefined || mount.uidMappings !== undefined || mount.gidMappings !== undefined)
    refuse(mount, "only what is bound can have id mappings", "make it a bind mount, or leave the mappings out");
  if (NEVER_THROUGH_LINKS.has(mount.type ?? "") && mount.type?.startsWith("cgroup"))
    return { prepare: [], steps: context.cgroup(mount) };
  return newMount(mount, options, context);
}

/** A change of /dev waits until its devices are there. */
function changed({ destination }: OciMount, step: PlanStep): OneMount {
  return destination === "/dev" ? { prepare: [], steps: [], finish: [step] } : { prepare: [], steps: [step] };
}

function hasNoType({ type }: OciMount): boolean {
  return type === undefined || type === "" || type === "none";
}

/** See SHOWS_NAMESPACE. */
function ownOrHosts(mount: OciMount, { namespaces = [] }: OciLinux): OciMount {
  const shows = SHOWS_NAMESPACE[mount.type ?? ""];
  const find = (wanted: NamespaceType) => namespaces.find(({ type }) => type === wanted);
  const user = find("user");
  if (shows === undefined || user === undefined) return mount;
  const shown = find(shows.namespace);
  // A namespace that is joined belongs to a new user namespace no more than the host's does.
  if (shown !== undefined && (shown.path === undefined || user.path !== undefined)) return mount;
  const { data } = parseMountOptions(mount.options ?? []);
  const options = (mount.options ?? []).filter((option) => !data.includes(option));
  return { ...mount, type: "bind", source: shows.source, options: ["rbind", ...options] };
}

function newMount(mount: OciMount, options: ParsedMountOptions, context: MountContext): OneMount {
  const slot = context.slots.take();
  const { destination, type = "none" } = mount;
  const { rootSlot } = context;
  const attributes = options.top.set | options.tree.set;
  // What begins empty may have to hold devices, copies and the places of other mounts before it becomes read-only.
  const isFilled = type === "tmpfs" || destination === "/dev";
  const later = { set: isFilled ? attributes & MOUNT_ATTRIBUTES.ro : 0, clear: 0 };
  const superblock = options.superblock.filter((name) => later.set === 0 || name !== "ro");
  const words = { phase: "child", stage: "mounts" } as const;
  const make: PlanStep = {
    ...words,
    phase: MADE_INSIDE.has(type) ? "child" : makingPhase(context),
    why: whyMounted(mount),
    op: "newFilesystem",
    slot,
    type,
    options: [`source=${mount.source ?? type}`, ...superblock, ...labelOf(mount, context), ...options.data],
    attributes: attributes & ~later.set,
  };
  return {
    prepare: make.phase === "host" ? [make] : [],
    slot,
    steps: [
      ...(make.phase === "host" ? [] : [make]),
      ...(options.copyUp ? copyUpSteps(mount, slot, context.rootSlot) : []),
      ...changeSteps(NOTHING, options.propagation, slot, "child"),
      {
        ...words,
        why: `Attached at ${destination}, found below the root and nowhere else.`,
        op: "mountAt",
        slot,
        root: rootSlot,
        path: destination,
        isFile: MOUNT_TARGET.directory,
        noSymlinks: NEVER_THROUGH_LINKS.has(type) ? 1 : 0,
      },
    ],
    finish: changeSteps(later, [], slot, "child"),
  };
}

/** In a user namespace the kernel decides what its root may mount. */
function makingPhase({ preparing, linux: { namespaces = [] } }: MountContext): "host" | "child" {
  return namespaces.some(({ type }) => type === "user") ? "child" : preparing;
}

function copyUpSteps(mount: OciMount, slot: number, root: number): PlanStep[] {
  if (mount.type !== "tmpfs") refuse(mount, "only a tmpfs can begin with a copy", "leave tmpcopyup out");
  return [
    {
      phase: "child",
      stage: "mounts",
      why: "It begins with what the image has there.",
      op: "copyUp",
      slot,
      root,
      path: mount.destination,
    },
  ];
}

/** SELinux's label of a new file system (selinux(8), mount(8) context=). */
function labelOf(mount: OciMount, { linux: { mountLabel }, selinux }: MountContext): string[] {
  if (mountLabel === undefined || mountLabel === "") return [];
  if (!selinux())
    refuse(mount, "linux.mountLabel needs SELinux, which this kernel has not", "leave linux.mountLabel out");
  return NEVER_LABELLED.has(mount.type ?? "") ? [] : [`context=${mountLabel}`];
}

function whyMounted({ destination, type }: OciMount): string {
  const usual = DEFAULT_MOUNTS.find((mount) => mount.destination === destination && mount.type === type);
  return usual?.why ?? "A file system that the configuration asks for.";
}
