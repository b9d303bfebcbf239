/**
 * An OCI configuration becomes a plan: the whole of what a container is, as a list. Each concern is a file of its own;
 * their order is here, and only here.
 */
import type { Plan, PlanStep } from "../../native/plan/plan.ts";
import { groupOwner } from "../cgroup/delegation.ts";
import type { CgroupLayout } from "../cgroup/layout.ts";
import { cgroupMountSteps } from "../cgroup/mounts.ts";
import { cgroupSteps } from "../cgroup/steps.ts";
import type { NamespaceType, OciConfig, OciProcess } from "../oci/config.ts";
import { executeStep } from "./execute.ts";
import { identitySteps } from "./identity.ts";
import { cgroupNamespaceStep, cloneStep } from "./namespaces.ts";
import { procWriteSteps, sysctlWrites } from "./private-proc.ts";
import type { RootSource } from "./root.ts";
import { Slots } from "./slots.ts";
import { RECEIVED_SLOTS, sessionSteps } from "./terminal.ts";
import { treePlan } from "./tree.ts";

/** What a plan needs to know beside the configuration. */
export interface PlanContext {
  readonly id: string;
  readonly root: RootSource;
  readonly layout: CgroupLayout;
  /** Compiled from the configuration's profile. */
  readonly filter: Uint8Array;
  /** The container goes with its end (--rm). */
  readonly ephemeral: boolean;
  /** The directory of config.json: relative paths in it begin here. */
  readonly bundle?: string;
  /** Where the terminal's master is sent, instead of to the caller. */
  readonly consoleSocket?: string;
  /** The root is entered without pivot_root(2), as on an initramfs. */
  readonly noPivot?: boolean;
}

export interface ContainerPlan {
  readonly plan: Plan;
  /** The groups that it makes, for the state and for exec. */
  readonly cgroups: readonly string[];
  /** The groups on the way to them that it makes: to be removed after them, where nobody else is in them by then. */
  readonly cgroupParents: readonly string[];
  readonly notes: readonly string[];
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
  const { layout, id, filter, ephemeral } = context;
  const { linux = {}, process, hostname = id } = config;
  const namespaces = (linux.namespaces ?? []).map(({ type }) => type);
  const owner = groupOwner(config);
  const groups = cgroupSteps(
    layout,
    {
      ...(linux.cgroupsPath ? { path: linux.cgroupsPath } : { name: id }),
      resources: linux.resources ?? {},
      ...(owner !== undefined && { owner }),
    },
    slots,
  );
  const tree = treePlan(config, {
    ...context,
    slots,
    devicesGuarded: groups.devicesGuarded,
    cgroupMount: (mount, rootSlot) =>
      cgroupMountSteps(
        layout,
        { mount, directories: groups.directories, hasNamespace: namespaces.includes("cgroup") },
        rootSlot,
        slots,
      ),
    hostname: context.root.kind === "overlay" ? hostname : undefined,
  });
  const joinsLater = groups.join.length > 0;
  const steps: PlanStep[] = [
    ...groups.host,
    ...tree.prepare,
    cloneStep(namespaces, groups.cloneInto, joinsLater),
    ...groups.join,
    ...(joinsLater ? [cgroupNamespaceStep()] : []),
    ...tree.build,
    ...tree.enter,
    hostnameStep(hostname),
    ...networkSteps(namespaces),
    ...procWriteSteps(sysctlWrites(linux.sysctl), slots),
    ...sessionSteps(process),
    ...identitySteps(process, filter),
    executeStep(process.args, process.env ?? []),
    ...groups.cleanup,
    ...(ephemeral ? tree.abandon : []),
  ];
  return {
    plan: steps,
    cgroups: groups.directories,
    cgroupParents: groups.parents,
    notes: [...groups.notes, ...tree.notes],
  };
}
