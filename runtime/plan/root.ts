/**
 * The root file system, made ready on the host as a detached mount, attached in the container's mount namespace, and
 * entered with pivot_root(2): an overlay of an image's directories and one of the container's own (filesystems/overlayfs
 * of the kernel's documentation), or one directory as it is, as in an OCI bundle (runtime-spec, config.md, Root).
 */
import { NO_SLOT } from "../../native/plan/operations.ts";
import type { PlanStep } from "../../native/plan/plan.ts";
import type { OciConfig, OciLinux } from "../oci/config.ts";
import { MOUNT_ATTRIBUTES, PROPAGATION_FLAGS, propagationOf } from "./mount-options.ts";
import type { Slots } from "./slots.ts";

/** Directories on the host. */
export interface RootDirectories {
  /** The image's, topmost first; never written. */
  readonly lower: readonly string[];
  /** Holds the others; made and removed with the container. */
  readonly base: string;
  /** What the container writes. */
  readonly upper: string;
  readonly work: string;
}

/** What a root is made of. */
export type RootSource =
  | {
      readonly kind: "overlay";
      readonly directories: RootDirectories;
      /** As /proc/PID/uid_map and gid_map take them: whose the files on the disk are inside. Only root may map them. */
      readonly idMaps?: { readonly uidMap: string; readonly gidMap: string } | undefined;
    }
  /** An absolute path on the host. It is resolved once, by the launcher. */
  | { readonly kind: "directory"; readonly path: string };

export interface RootPlan {
  readonly slot: number;
  /** Where the host's files can be named. */
  readonly prepare: PlanStep[];
  readonly attach: PlanStep[];
  readonly enter: PlanStep[];
  readonly abandon: PlanStep[];
  /** Trees that only the root file system is made of. */
  readonly layerSlots: readonly number[];
}

export interface RootOptions {
  /** The root is made read-only once all is in place (--read-only). */
  readonly readonly: boolean;
  /** The container goes with its end, so its writes need not reach the disk (overlayfs, "volatile"). */
  readonly ephemeral: boolean;
  /** Device nodes in the image do not work: nothing else would refuse them. */
  readonly nodev: boolean;
  /** The phase in which the host's files can be named. */
  readonly preparing: "host" | "child";
  /**
   * How the root is entered. `pivot`: the host's tree is let go. `move`: it stays below, unreachable, for a host whose
   * own root cannot be pivoted (--no-pivot). `detached`: the container has no mount namespace of its own, so nothing of
   * it is attached anywhere.
   */
  readonly entry: RootEntry;
  /** See stagingOf. */
  readonly staging: string;
  readonly propagation: OciLinux["rootfsPropagation"];
}

export type RootEntry = "pivot" | "move" | "detached";

const MS_REC_PRIVATE = 0x4000 | 0x40000;

/** A directory that every host has and that no later step looks into. */
const UNUSED_DIRECTORY = "/proc";

/**
 * Where everything that has to be attached somewhere is attached, in the container's mount namespace only, until the
 * host's tree is let go. Hooks that run there before that may look into any directory of the host's, and for the root
 * where the configuration has it.
 */
export function stagingOf(source: RootSource, { hooks }: Pick<OciConfig, "hooks">): string {
  if ((hooks?.createContainer ?? []).length === 0) return UNUSED_DIRECTORY;
  return source.kind === "overlay" ? source.directories.base : source.path;
}

/** The steps of the root file system; see RootPlan. */
export function rootSteps(source: RootSource, options: RootOptions, slots: Slots): RootPlan {
  const slot = slots.take();
  const isOverlay = source.kind === "overlay";
  const layers = isOverlay ? layersOf(source, slots) : NO_LAYERS;
  return {
    slot,
    layerSlots: layers.slots,
    prepare: isOverlay
      ? overlaySteps(source.directories, layers, options, slot)
      : directorySteps(source.path, options, slot),
    attach: attachSteps(options, slot),
    enter: [...readonlySteps(slot, options.readonly), entryStep(options, slot), ...propagationSteps(options, slot)],
    abandon: isOverlay
      ? [
          {
            phase: "abandon",
            stage: "cleanup",
            why: "The owner is gone, so the launcher removes what the container wrote.",
            op: "removeTree",
            path: source.directories.base,
          },
        ]
      : [],
  };
}

/** What an overlay is put together from, as `newOverlay` takes it. */
interface Layers extends Pick<RootDirectories, "lower" | "upper" | "work"> {
  readonly steps: PlanStep[];
  readonly slots: readonly number[];
}

const NO_LAYERS: Layers = { lower: [], upper: "", work: "", steps: [], slots: [] };

type OverlaySource = RootSource & { readonly kind: "overlay" };

/** The directories themselves; or copies of their mounts that are attached nowhere and show other owners. */
function layersOf({ directories, idMaps }: OverlaySource, slots: Slots): Layers {
  const { base, lower, upper, work } = directories;
  if (idMaps === undefined) return { lower, upper, work, steps: [], slots: [] };
  const image = namespaceStep(slots.take(), idMaps);
  const writable = namespaceStep(slots.take(), { uidMap: withOurs(idMaps.uidMap), gidMap: withOurs(idMaps.gidMap) });
  const below = lower.map((path) => mappedTree(path, image.slot, slots.take()));
  const own = mappedTree(base, writable.slot, slots.take());
  const inOwn = (path: string): string => `slot:${own.slot}${path.slice(base.length)}`;
  return {
    lower: below.map(({ slot }) => `slot:${slot}`),
    upper: inOwn(upper),
    work: inOwn(work),
    slots: [...below, own].map(({ slot }) => slot),
    steps: [image.step, writable.step, ...[...below, own].flatMap(({ steps }) => steps)],
  };
}

/**
 * The same map with one number more, for root of this machine: overlayfs prepares its changes as whoever mounts it, who
 * has to be somebody there.
 */
function withOurs(map: string): string {
  const ends = map.split("\n").map((line) => {
    const [containerID = 0, , size = 0] = line.trim().split(/ +/).map(Number);
    return containerID + size;
  });
  return `${map}${Math.max(...ends)} 0 1\n`;
}

function namespaceStep(slot: number, maps: { readonly uidMap: string; readonly gidMap: string }) {
  const why = "A user namespace that nobody lives in: it only holds which number stands for which.";
  const step: PlanStep = { phase: "host", stage: "root", why, op: "makeUserNamespace", slot, ...maps };
  return { slot, step };
}

function mappedTree(path: string, userNamespace: number, slot: number) {
  const words = { phase: "host", stage: "root" } as const;
  const why = "The same files once more, attached nowhere.";
  const whyMapped = "Here they belong to the container's users, without a change on the disk.";
  const change = { op: "changeMount", slot, set: 0, clear: 0, propagation: 0, recursive: 0, userNamespace } as const;
  const steps: PlanStep[] = [
    { ...words, why, op: "cloneTree", slot, path: `${path}/.`, recursive: 0 },
    { ...words, why: whyMapped, ...change },
  ];
  return { slot, steps };
}

function overlaySteps(
  { base, upper, work }: RootDirectories,
  layers: Layers,
  { ephemeral, nodev, preparing }: RootOptions,
  slot: number,
): PlanStep[] {
  const make = (path: string, why: string): PlanStep => {
    return { phase: "host", stage: "root", why, op: "makeDirectory", path, mode: 0o755, mayExist: 0 };
  };
  return [
    make(base, "A place for what this container writes."),
    make(upper, "Every change that the container makes to its files lands here; the image stays as it is."),
    make(work, "overlayfs prepares its changes here, so that each appears at once or not at all."),
    ...layers.steps,
    {
      phase: preparing,
      stage: "root",
      why: "The image below, an empty layer above: one file system, made without attaching it anywhere yet.",
      op: "newOverlay",
      slot,
      lower: layers.lower,
      upper: layers.upper,
      work: layers.work,
      options: [
        "source=overlay",
        ...(ephemeral ? ["volatile"] : []),
        // In a user namespace overlayfs may keep its notes in attributes of the user's only.
        ...(preparing === "child" ? ["userxattr"] : []),
      ],
      attributes: nodev ? MOUNT_ATTRIBUTES.nodev : 0,
    },
  ];
}

/**
 * Private, whatever the host's mount is: a root that is shared with the host's would show every mount of the container
 * there, and could not be pivoted (pivot_root(2), EINVAL). What rootfsPropagation asks for comes after that.
 */
function directorySteps(path: string, { nodev, preparing }: RootOptions, slot: number): PlanStep[] {
  return [
    {
      phase: preparing,
      stage: "root",
      why: "The container's files, held by descriptor: from now on nobody can put others in their place.",
      op: "cloneTree",
      slot,
      // With the dot nothing but a directory will do.
      path: `${path}/.`,
      recursive: 1,
    },
    {
      phase: preparing,
      stage: "root",
      why: "What is mounted inside is not seen on the host.",
      op: "changeMount",
      slot,
      set: nodev ? MOUNT_ATTRIBUTES.nodev : 0,
      clear: 0,
      propagation: PROPAGATION_FLAGS.private,
      recursive: 1,
      userNamespace: NO_SLOT,
    },
  ];
}

function attachSteps({ entry, staging }: RootOptions, slot: number): PlanStep[] {
  if (entry === "detached") return [];
  return [
    {
      phase: "child",
      stage: "mounts",
      why: "What is mounted here from now on is not seen on the host.",
      op: "setPropagation",
      flags: MS_REC_PRIVATE,
    },
    {
      phase: "child",
      stage: "mounts",
      why: "The container's root appears, in its own mount namespace only.",
      op: "attachRoot",
      slot,
      path: entry === "move" ? "/" : staging,
    },
  ];
}

function entryStep({ entry }: RootOptions, root: number): PlanStep {
  const words = { phase: "child", stage: "root" } as const;
  if (entry === "pivot") {
    return {
      ...words,
      why: "The new root takes the place of the old one, and the host's whole tree is let go.",
      op: "pivotRoot",
      root,
    };
  }
  const why =
    entry === "move"
      ? "The new root, which lies over the old one, becomes this process's own."
      : "The new root, which is attached nowhere, becomes this process's own.";
  return { ...words, why, op: "changeRoot", root };
}

/** Last, since a shared root cannot be pivoted (pivot_root(2), EINVAL). */
function propagationSteps({ propagation }: RootOptions, slot: number): PlanStep[] {
  if (propagation === undefined || /^r?(private|slave)$/.test(propagation)) return [];
  const { flag, recursive } = propagationOf(propagation);
  return [
    {
      phase: "child",
      stage: "root",
      why: "How later mounts below the root are seen elsewhere (mount_namespaces(7)).",
      op: "changeMount",
      slot,
      set: 0,
      clear: 0,
      propagation: flag,
      recursive: recursive ? 1 : 0,
      userNamespace: NO_SLOT,
    },
  ];
}

function readonlySteps(slot: number, readonly: boolean): PlanStep[] {
  if (!readonly) return [];
  return [
    {
      phase: "child",
      stage: "root",
      why: "Everything that had to be written is there: the root becomes read-only.",
      op: "setMountAttributes",
      slot,
      attributes: MOUNT_ATTRIBUTES.ro,
    },
  ];
}
