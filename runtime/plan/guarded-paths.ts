/** Paths that the inside may not see or not write. mount_setattr(2), open_tree(2). */
import { constants } from "node:fs";
import type { PlanStep } from "../../native/plan/plan.ts";
import type { OciLinux } from "../oci/config.ts";
import {
  DEFAULT_MASKED_PATHS,
  DEFAULT_READONLY_PATHS,
  type GuardedPath,
  WHY_THROTTLING_HIDDEN,
} from "../oci/defaults.ts";
import { O_PATH } from "../open-flags.ts";
import { MOUNT_TARGET } from "./mount-context.ts";
import { MOUNT_ATTRIBUTES } from "./mount-options.ts";
import type { Slots } from "./slots.ts";

const O_PATH_NOFOLLOW = O_PATH | constants.O_NOFOLLOW;
const CHARACTER_DEVICE = 0o020000;
const WORDS = { phase: "child", stage: "security" } as const;

/** What hides a file or a directory. */
interface Covers {
  /** Where the host's files can be named. */
  readonly prepare: PlanStep[];
  /** Before the root is attached. */
  readonly make: PlanStep[];
  /** Once /dev is there. */
  readonly open: PlanStep[];
  readonly emptyDirectory: number;
  readonly nullDevice: number;
}

export interface GuardPlan {
  readonly prepare: PlanStep[];
  readonly make: PlanStep[];
  /** Below the root, when all is mounted. */
  readonly guard: PlanStep[];
}

export interface GuardPlaces {
  readonly rootSlot: number;
  /** The /dev that was made here, with our own null in it; undefined where it is an image's or the host's. */
  readonly ownDev: number | undefined;
  /** False where nothing of the container is attached anywhere. */
  readonly attached: boolean;
  readonly preparing: "host" | "child";
  /** Who makes the empty directory: on the host's side it is not counted against the container's memory limit. */
  readonly coverMaker: "host" | "child";
  /** Where the covers are attached until they are shown (stagingOf). */
  readonly staging: string;
  readonly slots: Slots;
}

/** The steps that hide linux.maskedPaths and protect linux.readonlyPaths. */
export function guardSteps(
  { maskedPaths = [], readonlyPaths = [] }: Pick<OciLinux, "maskedPaths" | "readonlyPaths">,
  places: GuardPlaces,
): GuardPlan {
  const { rootSlot: root } = places;
  const readonlySteps = readonlyPaths.map(
    (path): PlanStep => ({
      ...WORDS,
      why: `Read-only: ${whyGuarded(path, DEFAULT_READONLY_PATHS)}`,
      op: "readonlyPath",
      root,
      path,
    }),
  );
  if (maskedPaths.length === 0) return { prepare: [], make: [], guard: readonlySteps };
  const { prepare, make, open, emptyDirectory, nullDevice } = covers(places);
  const maskSteps = maskedPaths.map(
    (path): PlanStep => ({
      ...WORDS,
      why: `Hidden: ${whyGuarded(path, DEFAULT_MASKED_PATHS)}`,
      op: "maskPath",
      root,
      path,
      nullDevice,
      emptyDirectory,
    }),
  );
  return { prepare, make, guard: [...open, ...maskSteps, ...readonlySteps] };
}

/** Made once, shown many times, since each superblock costs time to make and to remove. */
function covers(places: GuardPlaces): Covers {
  const { ownDev, attached, staging, slots } = places;
  const holder = slots.take();
  const nullDevice = slots.take();
  const attach: PlanStep = {
    ...WORDS,
    why: "It must be somewhere before it can be shown elsewhere too; the root will cover it here.",
    op: "attachRoot",
    slot: holder,
    path: staging,
  };
  const attaching = attached ? [attach] : [];
  if (ownDev === undefined) {
    return hostsNull(places, { make: [holderStep(holder, "child", false), ...attaching], holder, nullDevice });
  }
  const why = "The null device, held by descriptor, covers hidden files.";
  return {
    prepare: [holderStep(holder, places.coverMaker, true)],
    make: attaching,
    open: [{ ...WORDS, why, op: "openIn", slot: nullDevice, root: ownDev, path: "null", flags: O_PATH_NOFOLLOW }],
    emptyDirectory: holder,
    nullDevice,
  };
}

/** @param isAll it is the empty directory itself, with nothing to be made in it */
function holderStep(slot: number, phase: "host" | "child", isAll: boolean): PlanStep {
  const { ro, nosuid, nodev, noexec } = MOUNT_ATTRIBUTES;
  return {
    ...WORDS,
    phase,
    why: "One empty, read-only directory that will cover every hidden one.",
    op: "newFilesystem",
    slot,
    type: "tmpfs",
    options: ["source=masked", "nr_blocks=1", `nr_inodes=${isAll ? 1 : 3}`, "mode=755"],
    attributes: (isAll ? ro : 0) | nosuid | nodev | noexec,
  };
}

/**
 * Where /dev is not our own, its null may be something else. The host's is cloned instead, and mounted on a file that
 * nobody will see: only what is attached can be cloned again (open_tree(2)).
 */
function hostsNull(
  { preparing, slots }: GuardPlaces,
  { make, holder, nullDevice }: { make: PlanStep[]; holder: number; nullDevice: number },
): Covers {
  const emptyDirectory = slots.take();
  const device = { path: "/dev/null", mode: CHARACTER_DEVICE, major: 1, minor: 3 };
  const why = "The host's null device covers hidden files: the one in the image may be something else.";
  const file = { path: "null", isFile: MOUNT_TARGET.file, noSymlinks: 0 };
  const directory = { root: holder, path: "empty" };
  const flags = O_PATH_NOFOLLOW;
  const steps: PlanStep[] = [
    { ...WORDS, why: "It lies where nobody will see it.", op: "mountAt", slot: nullDevice, root: holder, ...file },
    { ...WORDS, why: "The empty directory, beside it.", op: "makeDirectoryIn", ...directory, mode: 0o755 },
    { ...WORDS, why: "Held by descriptor.", op: "openIn", slot: emptyDirectory, ...directory, flags },
    {
      ...WORDS,
      why: "Nothing more is made there.",
      op: "setMountAttributes",
      slot: holder,
      attributes: MOUNT_ATTRIBUTES.ro,
    },
  ];
  return {
    prepare: [{ phase: preparing, stage: "security", why, op: "cloneDevice", slot: nullDevice, ...device }],
    make: [...make, ...steps],
    open: [],
    emptyDirectory,
    nullDevice,
  };
}

function whyGuarded(path: string, known: readonly GuardedPath[]): string {
  const why = known.find((one) => one.path === path)?.why;
  if (why !== undefined) return why;
  return path.endsWith("/thermal_throttle") ? WHY_THROTTLING_HIDDEN : "as the configuration asks.";
}
