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
  | { readonly kind: "overlay"; readonly directories: RootDirectories }
  /** An absolute path on the host. It is resolved once, by the launcher. */
  | { readonly kind: "directory"; readonly path: string };

export interface RootPlan {
  readonly slot: number;
  /** Where the host's files can be named. */
  readonly prepare: PlanStep[];
  readonly attach: PlanStep[];
  readonly enter: PlanStep[];
  readonly abandon: PlanStep[];
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
  return {
    slot,
    prepare: isOverlay ? overlaySteps(source.directories, options, slot) : directorySteps(source.path, options, slot),
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

function overlaySteps(
  { base, upper, work, lower }: RootDirectories,
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
    {
      phase: preparing,
      stage: "root",
      why: "The image below, an empty layer above: one file system, made without attaching it anywhere yet.",
      op: "newOverlay",
      slot,
      lower,
      upper,
      work,
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
