/**
 * Everything of a container that is files, in the order that safety forces: prepared while the host's files can be
 * named, put together below a root that is held by descriptor, guarded last, entered. No path of the host is resolved
 * once the root is attached. runtime-spec, config.md, Root and Mounts; config-linux.md.
 */
import type { PlanStep } from "../../native/plan/plan.ts";
import { RingsideError } from "../error.ts";
import type { NamespaceType, OciConfig, OciLinux, OciMount, OciProcess } from "../oci/config.ts";
import { O_PATH_DIRECTORY } from "../open-flags.ts";
import { deviceSteps } from "./devices.ts";
import { guardSteps } from "./guarded-paths.ts";
import { securityModules } from "./labels.ts";
import { cleanPath } from "./mount-context.ts";
import { type MountPlan, mountSteps } from "./mounts.ts";
import { type OwnFileSteps, type OwnNames, ownFileSteps } from "./own-files.ts";
import { type RootEntry, type RootPlan, type RootSource, rootSteps, stagingOf } from "./root.ts";
import type { Slots } from "./slots.ts";
import { consoleSocketStep, openTerminalSteps } from "./terminal.ts";

/**
 * What we are, ourselves. `root`: of the machine. `namespaced`: root of a user namespace, which can mount but make no
 * device node. `user`: an ordinary one, who can mount only where the container's own user namespace allows it.
 */
export type Privilege = "root" | "namespaced" | "user";

export interface TreeContext {
  readonly root: RootSource;
  readonly slots: Slots;
  /** The container goes with its end (--rm). */
  readonly ephemeral: boolean;
  /** Control groups refuse the host's devices. */
  readonly devicesGuarded: boolean;
  /** The steps of a mount of control groups. */
  readonly cgroupMount: (mount: OciMount, rootSlot: number) => PlanStep[];
  /** Named in files that are made for the container; none are made without it. */
  readonly ownNames?: OwnNames | undefined;
  /** What relative paths are relative to. */
  readonly bundle?: string | undefined;
  /** A socket on the host to which the terminal's master is sent. */
  readonly consoleSocket?: string | undefined;
  readonly noPivot?: boolean | undefined;
  readonly privilege?: Privilege | undefined;
}

export interface TreePlan {
  /** Before the clone. */
  readonly prepare: PlanStep[];
  /** In the container's namespaces, up to where the root is complete. */
  readonly build: PlanStep[];
  /** The root becomes the process's own. */
  readonly enter: PlanStep[];
  readonly abandon: PlanStep[];
  readonly rootSlot: number;
  readonly notes: readonly string[];
}

interface Parts {
  readonly config: OciConfig & { readonly process: OciProcess };
  readonly linux: OciLinux;
  readonly context: TreeContext;
  readonly preparing: "host" | "child";
  readonly root: RootPlan;
  readonly mounts: MountPlan;
}

/** Steps for the place where the host's files can be named, and steps below the root. */
interface TwoPlaces {
  readonly prepare: PlanStep[];
  readonly steps: PlanStep[];
}

interface TerminalPlan extends TwoPlaces {
  /** Before the root is attached. */
  readonly before: PlanStep[];
}

/** What /dev is, and whether it is only the container's. */
interface OwnDev extends TwoPlaces {
  readonly slot: number;
  readonly isHosts: boolean;
  readonly isMade: boolean;
}

/** File systems whose nodes are the host's, wherever they are mounted. */
const HOSTS_DEVICES = "devtmpfs";

/** @throws RingsideError for what cannot be mounted or made */
export function treePlan(config: OciConfig & { readonly process: OciProcess }, context: TreeContext): TreePlan {
  const { linux = {} } = config;
  const { slots } = context;
  const preparing = context.privilege === "user" ? "child" : "host";
  const entry = rootEntry(linux, context);
  const staging = stagingOf(context.root, config);
  const root = rootSteps(
    context.root,
    {
      readonly: config.root.readonly === true,
      ephemeral: context.ephemeral,
      nodev: !context.devicesGuarded,
      preparing,
      entry,
      staging,
      propagation: linux.rootfsPropagation,
    },
    slots,
  );
  const mounts = mountSteps(config.mounts ?? [], {
    rootSlot: root.slot,
    slots,
    bundle: context.bundle ?? "/",
    preparing,
    linux,
    selinux: () => securityModules().selinux,
    cgroup: (mount) => context.cgroupMount(mount, root.slot),
  });
  const parts: Parts = { config, linux, context, preparing, root, mounts };
  const dev = ownDev(parts);
  const devices = dev.isHosts ? { prepare: [], steps: [] } : nodes(parts, dev.slot);
  const files = ownFiles(parts);
  const terminal = terminalSteps(parts, dev);
  const guards = guardSteps(linux, {
    rootSlot: root.slot,
    ownDev: dev.isMade ? dev.slot : undefined,
    attached: entry !== "detached",
    preparing,
    coverMaker: makerOf(parts),
    staging,
    slots,
  });
  const [propagation, ...attach] = root.attach;
  const prepare = [root, mounts, devices, files, terminal, guards].flatMap((part) => part.prepare);
  return {
    prepare: [
      ...prepare.filter(({ phase }) => phase === "host"),
      ...(has(linux, "user") ? lockSteps(prepare, root.layerSlots) : []),
    ],
    build: [
      ...prepare.filter(({ phase }) => phase === "child"),
      ...(propagation === undefined ? [] : [propagation]),
      ...terminal.before,
      ...files.make,
      ...guards.make,
      ...attach,
      ...mounts.steps,
      ...dev.steps,
      ...devices.steps,
      ...files.show,
      directoryStep(config.process.cwd, root.slot),
      ...terminal.steps,
      ...mounts.finish,
      ...guards.guard,
    ],
    enter: root.enter,
    abandon: root.abandon,
    rootSlot: root.slot,
    notes:
      dev.isHosts && (linux.devices ?? []).length > 0
        ? ["/dev is the host's own, so no node of linux.devices is made in it"]
        : [],
  };
}

/** Operations that make a tree of mounts, in their slot. */
const MAKES_TREE: ReadonlySet<string> = new Set(["cloneTree", "cloneDevice", "newOverlay", "newFilesystem"]);

/** What is mounted for a user namespace by somebody with more rights must not be its own to change. */
function lockSteps(prepare: readonly PlanStep[], unseen: readonly number[]): PlanStep[] {
  const trees = prepare.flatMap((step) =>
    step.phase === "host" && MAKES_TREE.has(step.op) && "slot" in step && !unseen.includes(step.slot)
      ? [step.slot]
      : [],
  );
  if (trees.length === 0) return [];
  const why =
    "Root in a user namespace may not undo what is read-only there, nor look below it: the mounts are locked.";
  return [{ phase: "host", stage: "mounts", why, op: "lockTrees", trees }];
}

function has(linux: OciLinux, wanted: NamespaceType): boolean {
  return (linux.namespaces ?? []).some(({ type }) => type === wanted);
}

function rootEntry(linux: OciLinux, { noPivot, privilege }: TreeContext): RootEntry {
  if (has(linux, "mount")) return noPivot ? "move" : "pivot";
  if (privilege !== "user") return "detached";
  throw new RingsideError("cannot make the container's root: an ordinary user needs a mount namespace for it", {
    fix: 'add {"type": "mount"} to linux.namespaces',
  });
}

function nodes({ linux, context, preparing, root }: Parts, devSlot: number): TwoPlaces {
  const { privilege = "root" } = context;
  const bind = privilege !== "root" || has(linux, "user");
  return deviceSteps(linux.devices ?? [], { devSlot, rootSlot: root.slot, slots: context.slots, preparing, bind });
}

/** The mount at /dev; without one the root's own directory, resolved once (CVE-2026-41579). */
function ownDev({ config, context, root, mounts }: Parts): OwnDev {
  const slot = mounts.slotOf.get("/dev");
  if (slot !== undefined) {
    const { type } = (config.mounts ?? []).findLast(({ destination }) => cleanPath(destination) === "/dev") ?? {};
    const isHosts = mounts.bound.has("/dev") || type === HOSTS_DEVICES;
    return { slot, isHosts, isMade: !isHosts, prepare: [], steps: [] };
  }
  const opened = context.slots.take();
  const words = { phase: "child", stage: "devices", root: root.slot, path: "/dev" } as const;
  return {
    slot: opened,
    isHosts: false,
    isMade: false,
    prepare: [],
    steps: [
      { ...words, why: "A place for devices, if the root has it not.", op: "makeDirectoryIn", mode: 0o755 },
      {
        ...words,
        why: "Held by descriptor, so that all devices come to lie in the same place.",
        op: "openIn",
        slot: opened,
        flags: O_PATH_DIRECTORY,
      },
    ],
  };
}

/** Who makes small file systems in memory: root in a user namespace has its own, which are its to change. */
function makerOf({ linux, preparing }: Parts): "host" | "child" {
  return has(linux, "user") ? "child" : preparing;
}

/** An engine brings the files of its containers itself. */
function ownFiles(parts: Parts): OwnFileSteps {
  const { config, context, root } = parts;
  if (context.ownNames === undefined) return { prepare: [], make: [], show: [] };
  const taken = new Set((config.mounts ?? []).map(({ destination }) => cleanPath(destination)));
  const staging = stagingOf(context.root, config);
  return ownFileSteps(context.ownNames, taken, root.slot, staging, makerOf(parts), context.slots);
}

/** In the container's own devpts; where it has none, in the one that it sees, or at last in the host's. */
function terminalSteps({ config, context, preparing, root, mounts }: Parts, dev: OwnDev): TerminalPlan {
  const { process } = config;
  if (!process.terminal) return { prepare: [], before: [], steps: [] };
  const { slots, consoleSocket } = context;
  const console = consoleSocket === undefined ? undefined : slots.take();
  const own = mounts.slotOf.get("/dev/pts");
  const pts = own ?? slots.take();
  const words = { phase: "child", stage: "terminal", slot: pts, path: "/dev/pts", flags: O_PATH_DIRECTORY } as const;
  const why = "Terminals are made here.";
  // The host's in the container's copy of the host's mounts: only there can one be shown as /dev/console too.
  const before: PlanStep[] = own === undefined && !dev.isHosts ? [{ ...words, why, op: "openPath" }] : [];
  const seen: PlanStep[] = own === undefined && dev.isHosts ? [{ ...words, why, op: "openIn", root: root.slot }] : [];
  return {
    prepare: console === undefined ? [] : [consoleSocketStep(consoleSocket ?? "", console, preparing)],
    before,
    steps: [...seen, ...openTerminalSteps(process, { pts, devices: dev.slot, console })],
  };
}

/** Made inside the root, by handle (CVE-2026-55686). */
function directoryStep(path: string, rootSlot: number): PlanStep {
  return {
    phase: "child",
    stage: "files",
    why: "The working directory, if the image has it not.",
    op: "makeDirectoryIn",
    root: rootSlot,
    path,
    mode: 0o755,
  };
}
