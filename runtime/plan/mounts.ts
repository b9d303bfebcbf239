/**
 * The file systems inside the container. New ones are made with fsopen(2) in the container's own namespaces; what is
 * shown of the host is cloned as a detached tree before the container is entered (open_tree(2)), when the host's files
 * can still be named. Both are attached by descriptor below the root. runtime-spec, config.md, Mounts.
 */
import { isAbsolute, join, posix } from "node:path";
import { NO_SLOT } from "../../native/plan/operations.ts";
import type { PlanStep } from "../../native/plan/plan.ts";
import { RingsideError } from "../error.ts";
import type { NamespaceType, OciIdMapping, OciLinux, OciMount } from "../oci/config.ts";
import { DEFAULT_MOUNTS } from "../oci/defaults.ts";
import { MOUNT_ATTRIBUTES, type ParsedMountOptions, parseMountOptions, propagationOf } from "./mount-options.ts";
import type { Slots } from "./slots.ts";

/** What a mount's target has to be, as native/launcher/mounts.cc reads it. */
export const MOUNT_TARGET = { directory: 0, file: 1, likeSource: 2 } as const;

export interface MountPlan {
  /** While the host's files can be named. */
  readonly prepare: PlanStep[];
  /** Below the root. */
  readonly steps: PlanStep[];
  /** The slot of the mount at each destination: later steps work below it, by descriptor. */
  readonly slotOf: ReadonlyMap<string, number>;
  /** Destinations that show something of the host. */
  readonly bound: ReadonlySet<string>;
}

export interface MountContext {
  readonly rootSlot: number;
  readonly slots: Slots;
  /** What relative sources are relative to. */
  readonly bundle: string;
  /** The phase in which the host's files can be named. */
  readonly preparing: "host" | "child";
  readonly linux: OciLinux;
  /** Whether the kernel has SELinux, for linux.mountLabel. */
  readonly selinux: boolean;
  /** The steps of a mount of control groups. */
  readonly cgroup: (mount: OciMount) => PlanStep[];
}

interface OneMount {
  readonly prepare: readonly PlanStep[];
  readonly steps: readonly PlanStep[];
  readonly slot?: number;
  readonly bound?: boolean;
}

const MS_PRIVATE = 1 << 18;
const MS_SLAVE = 1 << 19;
const MS_SHARED = 1 << 20;

/** A symbolic link at one of these in the image would send the mount elsewhere (CVE-2019-19921 and its successors). */
const NEVER_THROUGH_LINKS = new Set(["proc", "sysfs", "cgroup", "cgroup2"]);

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

/** Mounts each of `mounts`, in order, below the root. @throws RingsideError for what cannot be mounted */
export function mountSteps(mounts: readonly OciMount[], context: MountContext): MountPlan {
  const users = new UserNamespaces(context);
  const prepare: PlanStep[] = [];
  const steps: PlanStep[] = [];
  const slotOf = new Map<string, number>();
  const bound = new Set<string>();
  for (const written of mounts) {
    const mount = { ...written, destination: posix.normalize(`/${written.destination}`) };
    const one = oneMount(mount, context, users);
    prepare.push(...one.prepare);
    steps.push(...one.steps);
    if (one.slot !== undefined) slotOf.set(mount.destination, one.slot);
    if (one.bound) bound.add(mount.destination);
    else bound.delete(mount.destination);
  }
  return { prepare: [...users.steps, ...prepare], steps, slotOf, bound };
}

function refuse(mount: OciMount, why: string, fix: string): never {
  throw new RingsideError(`cannot mount at ${mount.destination}: ${why}`, { fix });
}

function oneMount(written: OciMount, context: MountContext, users: UserNamespaces): OneMount {
  const mount = ownOrHosts(written, context.linux);
  const options = parseMountOptions(mount.options ?? []);
  const isBind = options.bind !== undefined || mount.type === "bind" || mount.type === "rbind";
  if (options.remount || (!isBind && hasNoType(mount)))
    return { prepare: [], steps: [remountStep(mount, options, context)] };
  if (mount.destination === "/")
    refuse(mount, "the root file system is there already", "use root.path of the configuration, or the option remount");
  if (isBind) return bindMount(mount, options, context, users);
  if (options.idmap !== undefined || mount.uidMappings !== undefined || mount.gidMappings !== undefined)
    refuse(mount, "only what is bound can have id mappings", "make it a bind mount, or leave the mappings out");
  if (NEVER_THROUGH_LINKS.has(mount.type ?? "") && mount.type?.startsWith("cgroup"))
    return { prepare: [], steps: context.cgroup(mount) };
  return newMount(mount, options, context);
}

function hasNoType({ type }: OciMount): boolean {
  return type === undefined || type === "" || type === "none";
}

/** See SHOWS_NAMESPACE. */
function ownOrHosts(mount: OciMount, { namespaces = [] }: OciLinux): OciMount {
  const shows = SHOWS_NAMESPACE[mount.type ?? ""];
  const has = (wanted: NamespaceType): boolean => namespaces.some(({ type }) => type === wanted);
  if (shows === undefined || !has("user") || has(shows.namespace)) return mount;
  const { data } = parseMountOptions(mount.options ?? []);
  const options = (mount.options ?? []).filter((option) => !data.includes(option));
  return { ...mount, type: "bind", source: shows.source, options: ["rbind", ...options] };
}

function newMount(mount: OciMount, options: ParsedMountOptions, context: MountContext): OneMount {
  const slot = context.slots.take();
  const { destination, type = "none" } = mount;
  const { rootSlot } = context;
  const attributes = options.top.set | options.tree.set;
  // What is still to be filled becomes read-only afterwards.
  const later = options.copyUp ? attributes & MOUNT_ATTRIBUTES.ro : 0;
  const superblock = options.superblock.filter((name) => later === 0 || name !== "ro");
  const words = { phase: "child", stage: "mounts" } as const;
  return {
    prepare: [],
    slot,
    steps: [
      {
        ...words,
        why: whyMounted(mount),
        op: "newFilesystem",
        slot,
        type,
        options: [`source=${mount.source ?? type}`, ...superblock, ...labelOf(mount, context), ...options.data],
        attributes: attributes & ~later,
      },
      ...(options.copyUp ? copyUpSteps(mount, slot, context.rootSlot) : []),
      ...changeSteps({ set: later, clear: 0 }, options.propagation, slot, "child"),
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
  };
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
  if (!selinux)
    refuse(mount, "linux.mountLabel needs SELinux, which this kernel has not", "leave linux.mountLabel out");
  return NEVER_LABELLED.has(mount.type ?? "") ? [] : [`context=${mountLabel}`];
}

function whyMounted({ destination, type }: OciMount): string {
  const usual = DEFAULT_MOUNTS.find((mount) => mount.destination === destination && mount.type === type);
  return usual?.why ?? "A file system that the configuration asks for.";
}

/** Changes of one mount, then its propagation, each flag a call of its own since the kernel takes one at a time. */
function changeSteps(
  change: { readonly set: number; readonly clear: number },
  propagation: ParsedMountOptions["propagation"],
  slot: number,
  phase: "host" | "child",
): PlanStep[] {
  const words = { phase, stage: "mounts", op: "changeMount", slot, userNamespace: NO_SLOT } as const;
  const attributes: PlanStep[] =
    change.set === 0 && change.clear === 0
      ? []
      : [{ ...words, why: "What may be done there.", ...change, propagation: 0, recursive: 0 }];
  return [
    ...attributes,
    ...propagation.map(({ flag, recursive }): PlanStep => {
      const why = "Whether mounts made there are seen elsewhere too (mount_namespaces(7)).";
      return { ...words, why, set: 0, clear: 0, propagation: flag, recursive: recursive ? 1 : 0 };
    }),
  ];
}

function bindMount(
  mount: OciMount,
  options: ParsedMountOptions,
  context: MountContext,
  users: UserNamespaces,
): OneMount {
  if (mount.source === undefined || mount.source === "")
    refuse(mount, "a bind mount needs a source", "say in source what to show there");
  const [wrong] = [...options.unusual, ...options.data];
  if (wrong !== undefined)
    refuse(
      mount,
      `${JSON.stringify(wrong)} is a matter of the file system, which is mounted already`,
      "leave the option out, or set it where the file system is mounted first",
    );
  const slot = context.slots.take();
  const { preparing, rootSlot, bundle, linux } = context;
  const recursive = options.bind === "rbind" || mount.type === "rbind" ? 1 : 0;
  const base = basePropagation(linux);
  const words = { phase: preparing, stage: "mounts" } as const;
  const clone: PlanStep = {
    ...words,
    why: "A part of the host that is to be shown inside, held by descriptor from now on.",
    op: "cloneTree",
    slot,
    path: isAbsolute(mount.source) ? mount.source : join(bundle, mount.source),
    recursive,
  };
  const tree: PlanStep[] =
    base === 0 && options.tree.set === 0 && options.tree.clear === 0
      ? []
      : [
          {
            ...words,
            why: "What is mounted inside is not seen on the host.",
            op: "changeMount",
            slot,
            ...options.tree,
            propagation: base,
            recursive: 1,
            userNamespace: NO_SLOT,
          },
        ];
  const repeats = options.propagation.length === 1 && options.propagation[0]?.flag === base;
  return {
    slot,
    bound: true,
    prepare: [
      clone,
      ...users.mapSteps(mount, options.idmap, slot),
      ...tree,
      ...changeSteps(options.top, repeats ? [] : options.propagation, slot, preparing),
    ],
    steps: [
      {
        phase: "child",
        stage: "mounts",
        why: `Shown at ${mount.destination}, found below the root and nowhere else.`,
        op: "mountAt",
        slot,
        root: rootSlot,
        path: mount.destination,
        isFile: MOUNT_TARGET.likeSource,
        noSymlinks: NEVER_THROUGH_LINKS.has(hostFileSystem(mount)) ? 1 : 0,
      },
    ],
  };
}

/** A bound /proc or /sys must not land elsewhere either. */
function hostFileSystem({ destination }: OciMount): string {
  return destination === "/proc" ? "proc" : destination === "/sys" ? "sysfs" : "";
}

/**
 * How a clone of the host's mounts stands to the host's own, unless its options say otherwise: a shared one would show
 * the container's mounts on the host.
 */
export function basePropagation({ rootfsPropagation }: OciLinux): number {
  const flag = rootfsPropagation === undefined ? MS_PRIVATE : propagationOf(rootfsPropagation).flag;
  if (flag === MS_SHARED) return 0;
  return flag === MS_SLAVE ? MS_SLAVE : MS_PRIVATE;
}

function remountStep(mount: OciMount, options: ParsedMountOptions, { rootSlot }: MountContext): PlanStep {
  const superblock = options.bind === undefined ? [...options.superblock, ...options.data] : [];
  const [first, another] = options.propagation;
  const [lost] = options.bind === undefined ? [] : [...options.unusual, ...options.data];
  if (lost !== undefined)
    refuse(mount, `${JSON.stringify(lost)} is a matter of the file system, not of a bind`, "leave it or bind out");
  if (another !== undefined)
    refuse(mount, "a change can set only one kind of propagation", "give each an entry of its own");
  return {
    phase: "child",
    stage: "mounts",
    why: `What is mounted at ${mount.destination} is changed: what the options do not name stays as it is.`,
    op: "remountIn",
    root: rootSlot,
    path: mount.destination,
    set: options.top.set,
    clear: options.top.clear,
    recursiveSet: options.tree.set,
    recursiveClear: options.tree.clear,
    propagation: first?.flag ?? 0,
    options: superblock,
  };
}

/** User namespaces that exist only to hold the id mappings of mounts, one for each different pair. */
class UserNamespaces {
  readonly steps: PlanStep[] = [];
  readonly #slots = new Map<string, number>();
  readonly #context: MountContext;

  constructor(context: MountContext) {
    this.#context = context;
  }

  /** The step that maps the ids of a bound mount; none where nothing is to be mapped. */
  mapSteps(mount: OciMount, option: ParsedMountOptions["idmap"], slot: number): PlanStep[] {
    const { uidMappings, gidMappings } = mount;
    if (option === undefined && uidMappings === undefined && gidMappings === undefined) return [];
    const { linux, preparing } = this.#context;
    const uids = uidMappings ?? linux.uidMappings ?? [];
    const gids = gidMappings ?? linux.gidMappings ?? [];
    if (uids.length === 0 || gids.length === 0)
      refuse(
        mount,
        "an id-mapped mount needs mappings of users and of groups",
        "give the mount uidMappings and gidMappings, or the container a user namespace with both",
      );
    if (preparing === "child")
      refuse(mount, "only root may map the ids of a mount", "run as root, or leave the mappings out");
    return [
      {
        phase: preparing,
        stage: "mounts",
        why: "Its files belong to other users inside than outside, without a change on the disk.",
        op: "changeMount",
        slot,
        set: 0,
        clear: 0,
        propagation: 0,
        recursive: option === "ridmap" ? 1 : 0,
        userNamespace: this.#namespace(mapText(uids), mapText(gids), preparing),
      },
    ];
  }

  #namespace(uidMap: string, gidMap: string, phase: "host"): number {
    const key = `${uidMap}/${gidMap}`;
    const known = this.#slots.get(key);
    if (known !== undefined) return known;
    const slot = this.#context.slots.take();
    this.#slots.set(key, slot);
    this.steps.push({
      phase,
      stage: "mounts",
      why: "A user namespace that nobody lives in: it only holds which number stands for which.",
      op: "makeUserNamespace",
      slot,
      uidMap,
      gidMap,
    });
    return slot;
  }
}

/** As /proc/PID/uid_map takes it (user_namespaces(7)). */
function mapText(mappings: readonly OciIdMapping[]): string {
  return mappings.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`).join("");
}
