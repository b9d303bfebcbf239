/**
 * An OCI configuration becomes a plan: the whole of what a container is, as a list. Each concern is a file of its own;
 * their order is here, and only here.
 */
import type { Plan, PlanStep } from "../../native/plan/plan.ts";
import { groupOwner } from "../cgroup/delegation.ts";
import type { CgroupLayout } from "../cgroup/layout.ts";
import { cgroupMountSteps } from "../cgroup/mounts.ts";
import { type CgroupPlan, cgroupSteps } from "../cgroup/steps.ts";
import type { OciConfig, OciProcess } from "../oci/config.ts";
import { createRuntimePause, insideHookSteps, type StateFacts } from "./hooks.ts";
import { hostnameSteps } from "./hostname.ts";
import { type IntelRdtPlan, intelRdtSteps } from "./intel-rdt.ts";
import { labelWrites } from "./labels.ts";
import { isApart, type NamespacePlan, namespaceSteps } from "./namespaces.ts";
import { networkSteps } from "./network.ts";
import type { OwnNames } from "./own-files.ts";
import { procWriteSteps, sysctlWrites } from "./private-proc.ts";
import { type ProcessPlan, processSteps } from "./process.ts";
import type { RootSource } from "./root.ts";
import { oomSteps } from "./scheduling.ts";
import { type SeccompPlan, seccompSteps } from "./seccomp-steps.ts";
import { Slots } from "./slots.ts";
import { type StartGate, startGate } from "./start-gate.ts";
import { RECEIVED_SLOTS } from "./terminal.ts";
import { type Privilege, type TreePlan, treePlan } from "./tree.ts";

/**
 * To whom a container belongs. `lab`: to the process that asked for it, and it goes with it. `monitor`: to its launcher,
 * which lives on. `engine`: to whoever adopts orphans; the launcher ends.
 */
export type Ownership = "lab" | "monitor" | "engine";

/** What a plan needs to know beside the configuration. */
export interface PlanContext {
  readonly id: string;
  readonly root: RootSource;
  readonly layout: CgroupLayout;
  /** Compiled from the configuration's profile; undefined: no system call is forbidden. */
  readonly filter: Uint8Array | undefined;
  /** The container goes with its end (--rm). */
  readonly ephemeral: boolean;
  /** `lab` unless said otherwise. */
  readonly ownership?: Ownership;
  /** The directory of config.json: relative paths in it begin here. */
  readonly bundle?: string;
  /** A FIFO on the host that the process waits on before it becomes its program (`create`). */
  readonly startFifo?: string;
  /** How many descriptors the caller sends beside the standard streams, for the program to inherit. */
  readonly preserveFds?: number;
  /** How many of those are sockets to listen on, as it is told by LISTEN_FDS. */
  readonly listenFds?: number;
  /** Where the terminal's master is sent, instead of to the caller. */
  readonly consoleSocket?: string;
  /** The root is entered without pivot_root(2), as on an initramfs. */
  readonly noPivot?: boolean;
  /** The caller's session key ring stays. */
  readonly noNewKeyring?: boolean;
  /** The group has been made by systemd (startScope), and linux.cgroupsPath says where. */
  readonly systemdCgroup?: boolean;
  /** What the files of a container of ours tell beside its hostname. */
  readonly names?: Omit<OwnNames, "hostname">;
  /** What we are ourselves; root unless said otherwise. */
  readonly privilege?: Privilege;
  /** The capabilities that this machine can give; all unless said otherwise. */
  readonly grantable?: bigint;
}

export interface ContainerPlan {
  readonly plan: Plan;
  /** The groups that it makes, for the state and for exec. */
  readonly cgroups: readonly string[];
  /** The groups on the way to them that it makes: to be removed after them, where nobody else is in them by then. */
  readonly cgroupParents: readonly string[];
  readonly notes: readonly string[];
}

type RunnableConfig = OciConfig & { readonly process: OciProcess };

/** Everything that the order is made of. */
interface Parts {
  readonly config: RunnableConfig;
  readonly facts: StateFacts;
  readonly slots: Slots;
  readonly groups: CgroupPlan;
  readonly rdt: IntelRdtPlan;
  readonly tree: TreePlan;
  readonly namespaces: NamespacePlan;
  readonly seccomp: SeccompPlan;
  readonly gate: StartGate;
  readonly process: ProcessPlan;
  readonly limitPhase: "host" | "child";
}

function groupSteps(config: RunnableConfig, context: PlanContext, slots: Slots): CgroupPlan {
  const { layout, id, ownership, systemdCgroup = false } = context;
  const { linux = {} } = config;
  const owner = groupOwner(config);
  return cgroupSteps(
    layout,
    {
      ...(linux.cgroupsPath ? { path: linux.cgroupsPath } : { name: id }),
      resources: linux.resources ?? {},
      ...(owner !== undefined && { owner }),
      isScope: systemdCgroup,
      // What lives on is to be paused, counted and limited later.
      ...(ownership === "monitor" && { join: "all" as const }),
    },
    slots,
  );
}

function tree(config: RunnableConfig, context: PlanContext, groups: CgroupPlan, slots: Slots): TreePlan {
  const { layout, id, names } = context;
  const { linux = {}, hostname = id } = config;
  return treePlan(config, {
    ...context,
    slots,
    devicesGuarded: groups.devicesGuarded,
    cgroupMount: (mount, rootSlot) =>
      cgroupMountSteps(
        layout,
        { mount, directories: groups.directories, hasNamespace: isApart(linux.namespaces, "cgroup") },
        rootSlot,
        slots,
      ),
    ownNames: context.root.kind === "overlay" ? { hostname, ...names } : undefined,
  });
}

function parts(config: RunnableConfig, context: PlanContext): Parts {
  const { id, filter, bundle = "/", preserveFds = 0, startFifo, ownership = "lab" } = context;
  const { linux = {}, process, annotations = {} } = config;
  const slots = new Slots(RECEIVED_SLOTS + preserveFds);
  const facts: StateFacts = { id, bundle, annotations };
  const groups = groupSteps(config, context, slots);
  const gateSlot = slots.take();
  const gate = startGate(startFifo, gateSlot, process.args, process.env ?? []);
  const seccomp = seccompSteps(filter, linux.seccomp && { profile: linux.seccomp, facts, slots });
  const limitPhase = isApart(linux.namespaces, "user") ? "host" : "child";
  return {
    config,
    facts,
    slots,
    groups,
    rdt: intelRdtSteps(linux.intelRdt, id, slots),
    tree: tree(config, context, groups, slots),
    namespaces: namespaceSteps(linux, groups, slots),
    seccomp,
    gate,
    limitPhase,
    process: processSteps(process, {
      seccomp,
      linux,
      limitPhase,
      preserveFds,
      gateSlot,
      diesWithLauncher: ownership !== "engine",
      keyring: context.noNewKeyring ? undefined : id,
      listenFds: context.listenFds,
      grantable: context.grantable,
      gate: gate.wait,
      hooks: insideHookSteps("startContainer", config, facts),
    }),
  };
}

/** From the clone until the process stands in its own root, with its own names and network. */
function insideSteps({ config, facts, slots, rdt, tree, namespaces, limitPhase }: Parts): PlanStep[] {
  const { linux = {}, process } = config;
  return [
    ...namespaces.enter,
    ...rdt.join,
    ...oomSteps(process, limitPhase),
    ...tree.build,
    ...createRuntimePause(config),
    ...insideHookSteps("createContainer", config, facts),
    ...tree.enter,
    ...hostnameSteps(config),
    ...networkSteps(linux),
    ...procWriteSteps([...labelWrites(process), ...sysctlWrites(linux)], slots),
  ];
}

/**
 * Compiles `config` into a plan.
 * @throws RingsideError when this machine cannot give what the configuration asks for
 */
export function containerPlan(config: RunnableConfig, context: PlanContext): ContainerPlan {
  const all = parts(config, context);
  const { groups, rdt, tree, namespaces, seccomp, process, gate } = all;
  const plan: PlanStep[] = [
    ...gate.host,
    ...groups.host,
    ...rdt.host,
    ...namespaces.host,
    ...seccomp.host,
    ...tree.prepare,
    ...insideSteps(all),
    ...process.steps,
    ...groups.cleanup,
    ...rdt.cleanup,
    ...(context.ephemeral ? tree.abandon : []),
  ];
  return {
    plan,
    cgroups: groups.directories,
    cgroupParents: [...groups.parents, ...rdt.made],
    notes: [...groups.notes, ...tree.notes, ...process.notes],
  };
}
