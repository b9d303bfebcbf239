/**
 * The root file system: an overlay of the image's directories and one of the container's own, made detached on the
 * host, attached in the container's mount namespace, and entered with pivot_root(2). overlayfs: filesystems/overlayfs.
 */
import type { PlanStep } from "../../native/plan/plan.ts";
import { MOUNT_ATTRIBUTES } from "./mount-flags.ts";
import type { Slots } from "./slots.ts";

/** Directories on the host. */
export interface RootDirectories {
  /** The image's, topmost first; never written. */
  readonly lower: readonly string[];
  /** Holds all the others; made and removed with the container. */
  readonly base: string;
  /** What the container writes. */
  readonly upper: string;
  readonly work: string;
  /** Where the overlay is attached, in the container's mount namespace only. */
  readonly mountPoint: string;
}

export interface RootPlan {
  readonly slot: number;
  readonly host: PlanStep[];
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
}

const MS_REC_PRIVATE = 0x4000 | 0x40000;

/**
 * @param directories where everything lies
 */
export function rootSteps(
  directories: RootDirectories,
  { readonly, ephemeral, nodev }: RootOptions,
  slots: Slots,
): RootPlan {
  const slot = slots.take();
  const { base, upper, work, mountPoint, lower } = directories;
  const make = (path: string, why: string): PlanStep => {
    return { phase: "host", stage: "root", why, op: "makeDirectory", path, mode: 0o755, mayExist: 0 };
  };
  return {
    slot,
    host: [
      make(base, "A place for what this container writes."),
      make(upper, "Every change that the container makes to its files lands here; the image stays as it is."),
      make(work, "overlayfs prepares its changes here, so that each appears at once or not at all."),
      make(mountPoint, "The place where the root is going to be attached."),
      {
        phase: "host",
        stage: "root",
        why: "The image below, an empty layer above: one file system, made without attaching it anywhere yet.",
        op: "newOverlay",
        slot,
        lower,
        upper,
        work,
        options: ephemeral ? ["source=overlay", "volatile"] : ["source=overlay"],
        attributes: nodev ? MOUNT_ATTRIBUTES.nodev : 0,
      },
    ],
    attach: [
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
        path: mountPoint,
      },
    ],
    enter: [
      ...readonlySteps(slot, readonly),
      {
        phase: "child",
        stage: "root",
        why: "The new root takes the place of the old one, and the host's whole tree is let go.",
        op: "pivotRoot",
        root: slot,
      },
    ],
    abandon: [
      {
        phase: "abandon",
        stage: "cleanup",
        why: "The owner is gone, so the launcher removes what the container wrote.",
        op: "removeTree",
        path: base,
      },
    ],
  };
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
