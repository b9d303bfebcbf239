/**
 * The plan of a further process in an engine's container: every namespace that the container has of its own joined in
 * one call, its control groups, then the same steps to the program as the first process took. setns(2).
 */
import type { Plan, PlanStep } from "../../../native/plan/plan.ts";
import type { CgroupLayout } from "../../cgroup/layout.ts";
import type { OciConfig, OciProcess } from "../../oci/config.ts";
import { grantableCapabilities } from "../../plan/capability-sets.ts";
import { type Entrance, enterSteps, insideTerminalSteps } from "../../plan/enter.ts";
import { candidates } from "../../plan/execute.ts";
import { joinIntelRdtSteps } from "../../plan/intel-rdt.ts";
import { labelWrites } from "../../plan/labels.ts";
import { isApart } from "../../plan/namespaces.ts";
import { procWriteSteps } from "../../plan/private-proc.ts";
import { processSteps } from "../../plan/process.ts";
import { affinityStep, oomSteps } from "../../plan/scheduling.ts";
import { seccompSteps } from "../../plan/seccomp-steps.ts";
import { Slots } from "../../plan/slots.ts";
import { consoleSocketStep, RECEIVED_SLOTS } from "../../plan/terminal.ts";
import { becomeRootStep } from "../../plan/user-namespace.ts";
import type { EngineRecord } from "./record.ts";

export interface ExecContext {
  readonly record: EngineRecord;
  readonly init: NonNullable<EngineRecord["init"]>;
  /** The container's own configuration. */
  readonly config: OciConfig;
  readonly layout: CgroupLayout;
  readonly filter: Uint8Array | undefined;
  /** The groups that it joins, below the container's own; the container's unless given. */
  readonly groups?: readonly string[];
  readonly preserveFds: number;
  readonly consoleSocket?: string;
}

/** Into the container, as whoever is root there. */
function joinSteps(
  { record, init, config, layout, groups = record.cgroups }: ExecContext,
  process: OciProcess,
  slots: Slots,
): PlanStep[] {
  const linux = config.linux ?? {};
  const namespaces = (linux.namespaces ?? []).map(({ type }) => type);
  const { initial, final } = process.execCPUAffinity ?? {};
  const affinity = (list: string | undefined, what: string) => (list === undefined ? [] : [affinityStep(list, what)]);
  const rdt = joinIntelRdtSteps(linux.intelRdt, record.id, slots);
  const entrance: Entrance = {
    init,
    cgroups: groups,
    layout,
    namespaces,
    beforeGroups: affinity(initial, "process.execCPUAffinity.initial"),
    afterGroups: [
      ...rdt.join,
      ...affinity(final, "process.execCPUAffinity.final"),
      // Here /proc is still the host's, which nobody hostile has touched.
      ...oomSteps(process, "child"),
    ],
  };
  return [...rdt.host, ...enterSteps(entrance, slots), ...(namespaces.includes("user") ? [becomeRootStep(linux)] : [])];
}

/**
 * Compiles `process` into a plan.
 * @throws RingsideError for what this machine cannot give
 */
export function engineExecPlan(process: OciProcess, context: ExecContext): Plan {
  const { config, record, filter, preserveFds, consoleSocket } = context;
  const { linux = {} } = config;
  const slots = new Slots(RECEIVED_SLOTS + preserveFds);
  const consoleSlot = consoleSocket === undefined ? undefined : slots.take();
  const facts = { id: record.id, bundle: record.bundle, annotations: record.annotations };
  const seccomp = seccompSteps(filter, linux.seccomp && { profile: linux.seccomp, facts, slots });
  const rest = processSteps(process, {
    seccomp,
    linux,
    preserveFds,
    limitPhase: isApart(linux.namespaces, "user") ? "host" : "child",
    diesWithLauncher: false,
    keyring: record.id,
    grantable: grantableCapabilities(),
    gate: [resolveStep(process)],
  });
  return [
    ...(consoleSocket === undefined || consoleSlot === undefined
      ? []
      : [consoleSocketStep(consoleSocket, consoleSlot, "host")]),
    ...seccomp.host,
    ...joinSteps(context, process, slots),
    ...procWriteSteps([...labelWrites(process)], slots),
    ...insideTerminalSteps(process, slots, consoleSlot),
    ...rest.steps,
  ];
}

function resolveStep({ args, env = [] }: OciProcess): PlanStep {
  return {
    phase: "child",
    stage: "exec",
    why: "A program that is not there is better known before anything is promised.",
    op: "resolveExecutable",
    candidates: candidates(args[0] ?? "", env),
  };
}
