/**
 * An OCI configuration becomes a plan: the whole of what a container is, as a list. Each concern is a file of its own;
 * their order is here, and only here.
 */
import type { Plan, PlanStep } from "../../native/plan/plan.ts";
import type { CgroupLayout } from "../cgroup/layout.ts";
import { limitsOf } from "../cgroup/limits.ts";
import { cgroupMountSteps } from "../cgroup/mounts.ts";
import { cgroupSteps } from "../cgroup/steps.ts";
import type { NamespaceType, OciConfig, OciProcess } from "../oci/config.ts";
import { deviceSteps } from "./devices.ts";
import { executeStep } from "./execute.ts";
import { coverSteps, guardSteps } from "./guarded-paths.ts";
import { identitySteps } from "./identity.ts";
import { mountSteps } from "./mounts.ts";
import { cgroupNamespaceStep, cloneStep } from "./namespaces.ts";
import { ownFileSteps } from "./own-files.ts";
import { type RootDirectories, rootSteps } from "./root.ts";
import { Slots } from "./slots.ts";
import { openTerminalSteps, RECEIVED_SLOTS, sessionSteps } from "./terminal.ts";

/** What a plan needs to know beside the configuration. */
export interface PlanContext {
  readonly id: string;
  readonly directories: RootDirectories;
  readonly layout: CgroupLayout;
  /** Compiled from the configuration's profile. */
  readonly filter: Uint8Array;
  /** The container goes with its end (--rm). */
  readonly ephemeral: boolean;
}

export interface ContainerPlan {
  readonly plan: Plan;
  /** The groups that it makes, for the state and for exec. */
  readonly cgroups: readonly string[];
  readonly notes: readonly string[];
}

function required(slots: ReadonlyMap<string, number>, destination: string): number {
  const slot = slots.get(destination);
  if (slot === undefined) throw new TypeError(`the configuration has no mount at ${destination}`);
  return slot;
}

function networkSteps(namespaces: readonly NamespaceType[]): PlanStep[] {
  if (!namespaces.includes("network")) return [];
  return [
    {
      phase: "child",
      stage: "network",
      why: "A new network namespace has only a loopback interface, and it is down: up with it.",
      op: "loopbackUp",
    },
  ];
}

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

function hostnameStep(name: string): PlanStep {
  return {
    phase: "child",
    stage: "identity",
    why: "Its own hostname, in its own UTS namespace.",
    op: "setHostname",
    name,
  };
}

/**
 * Compiles `config` into a plan.
 * @throws RingsideError when a limit cannot be enforced on this machine
 */
export function containerPlan(
  config: OciConfig & { readonly process: OciProcess },
  context: PlanContext,
): ContainerPlan {
  const slots = new Slots(RECEIVED_SLOTS);
  const { directories, layout, id, filter, ephemeral } = context;
  const { linux = {}, process, mounts: wanted = [], hostname = id } = config;
  const namespaces = (linux.namespaces ?? []).map(({ type }) => type);
  const groups = cgroupSteps(layout, id, limitsOf(linux.resources), slots);
  const root = rootSteps(
    directories,
    { readonly: config.root.readonly === true, ephemeral, nodev: !groups.devicesGuarded },
    slots,
  );
  const cover = coverSteps(directories.mountPoint, slots);
  const mounts = mountSteps(
    wanted.filter(({ type }) => type !== "cgroup"),
    root.slot,
    slots,
  );
  const ownGroups = wanted.some(({ type }) => type === "cgroup")
    ? cgroupMountSteps(layout, groups.directories, root.slot, slots)
    : [];
  const files = ownFileSteps(hostname, directories.mountPoint, root.slot, slots);
  const dev = required(mounts.slotOf, "/dev");
  const pts = required(mounts.slotOf, "/dev/pts");
  const joinsLater = groups.join.length > 0;
  const [propagation, ...attachRoot] = root.attach;
  const steps: PlanStep[] = [
    ...groups.host,
    ...root.host,
    cloneStep(namespaces, groups.cloneInto, joinsLater),
    ...groups.join,
    ...(joinsLater ? [cgroupNamespaceStep()] : []),
    ...(propagation === undefined ? [] : [propagation]),
    ...files.make,
    ...cover.steps,
    ...attachRoot,
    ...mounts.steps,
    ...ownGroups,
    ...deviceSteps(dev),
    ...files.show,
    directoryStep(process.cwd, root.slot),
    ...openTerminalSteps(process, pts, dev),
    ...guardSteps(linux, root.slot, dev, cover.slot, slots),
    ...root.enter,
    hostnameStep(hostname),
    ...networkSteps(namespaces),
    ...sessionSteps(process),
    ...identitySteps(process, filter),
    executeStep(process.args, process.env ?? []),
    ...groups.cleanup,
    ...(ephemeral ? root.abandon : []),
  ];
  return { plan: steps, cgroups: groups.directories, notes: groups.notes };
}
