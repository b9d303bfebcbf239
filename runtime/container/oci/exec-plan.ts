/**
 * The plan of a further process in an engine's container: every namespace that the container has of its own joined in
 * one call, its control groups, then the same steps to the program as the first process took. setns(2).
 */
import type { Plan, PlanStep } from "../../../native/plan/plan.ts";
import type { CgroupLayout } from "../../cgroup/layout.ts";
import { joinCgroupSteps } from "../../cgroup/steps.ts";
import type { OciConfig, OciProcess } from "../../oci/config.ts";
import { closeDescriptorsStep, passSteps } from "../../plan/descriptors.ts";
import { candidates, executeStep } from "../../plan/execute.ts";
import { beginningSteps, identitySteps, noNewPrivilegesSteps } from "../../plan/identity.ts";
import { labelWrites } from "../../plan/labels.ts";
import { limitSteps } from "../../plan/limits.ts";
import { forkStep, isApart, namespaceFlags } from "../../plan/namespaces.ts";
import { procWriteSteps } from "../../plan/private-proc.ts";
import { affinityStep, memoryPolicySteps, oomSteps, schedulingSteps } from "../../plan/scheduling.ts";
import { seccompSteps } from "../../plan/seccomp-steps.ts";
import { Slots } from "../../plan/slots.ts";
import { consoleSocketStep, openTerminalSteps, RECEIVED_SLOTS, sessionSteps } from "../../plan/terminal.ts";
import { becomeRootStep } from "../../plan/user-namespace.ts";
import type { EngineRecord } from "./record.ts";

const O_PATH_DIRECTORY = 0o10000000 | 0o200000;

export interface ExecContext {
  readonly record: EngineRecord;
  readonly init: NonNullable<EngineRecord["init"]>;
  /** The container's own configuration. */
  readonly config: OciConfig;
  readonly layout: CgroupLayout;
  readonly filter: Uint8Array | undefined;
  readonly preserveFds: number;
  readonly consoleSocket?: string;
}

/** Into the container: its groups, and all its namespaces at once. */
function enterSteps({ record, init, config, layout }: ExecContext, process: OciProcess, slots: Slots): PlanStep[] {
  const pidfd = slots.take();
  const groups = joinCgroupSteps(layout, record.cgroups, slots);
  const linux = config.linux ?? {};
  const types = (linux.namespaces ?? []).map(({ type }) => type);
  const { initial, final } = process.execCPUAffinity ?? {};
  const affinity = (list: string | undefined, what: string) => (list === undefined ? [] : [affinityStep(list, what)]);
  const forks = types.includes("pid") || types.includes("time");
  return [
    {
      phase: "host",
      stage: "join",
      why: "The container's first process, held so that its number cannot come to mean another.",
      op: "openPidfd",
      slot: pidfd,
      pid: init.pid,
      startTicks: init.startTicks,
    },
    ...groups.host,
    {
      phase: "host",
      stage: "clone",
      why: "A copy of the launcher, which will walk into the container.",
      op: "clone",
      flags: 0,
      cgroup: groups.cloneInto,
    },
    ...affinity(initial, "process.execCPUAffinity.initial"),
    ...groups.join,
    ...affinity(final, "process.execCPUAffinity.final"),
    {
      phase: "child",
      stage: "join",
      why: "Every namespace that the container has of its own, at once.",
      op: "joinNamespaces",
      slot: pidfd,
      flags: namespaceFlags(types),
    },
    ...(forks ? [forkStep()] : []),
    ...(types.includes("user") ? [becomeRootStep(linux)] : []),
  ];
}

/** The devpts of a running container is found by its path inside; what is found there is checked to be one. */
function terminalSteps(process: OciProcess, consoleSlot: number | undefined, slots: Slots): PlanStep[] {
  if (process.terminal !== true) return [];
  const pts = slots.take();
  const why = "The container's own terminals.";
  return [
    { phase: "child", stage: "terminal", why, op: "openPath", slot: pts, path: "/dev/pts", flags: O_PATH_DIRECTORY },
    ...openTerminalSteps(process, { pts, console: consoleSlot }),
  ];
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
  const limitPhase = isApart(linux.namespaces, "user") ? "host" : "child";
  const env = process.env ?? [];
  const early = process.noNewPrivileges !== true;
  const descriptors = [...passSteps(preserveFds), closeDescriptorsStep(preserveFds)];
  return [
    ...(consoleSocket === undefined || consoleSlot === undefined
      ? []
      : [consoleSocketStep(consoleSocket, consoleSlot, "host")]),
    ...seccomp.host,
    ...enterSteps(context, process, slots),
    ...oomSteps(process, limitPhase),
    ...procWriteSteps([...labelWrites(process)], slots),
    ...terminalSteps(process, consoleSlot, slots),
    ...sessionSteps(process),
    ...beginningSteps(process, undefined),
    ...noNewPrivilegesSteps(process),
    ...schedulingSteps(process, limitPhase),
    ...memoryPolicySteps(linux),
    ...limitSteps(process, limitPhase),
    ...(early ? [...descriptors, ...seccomp.set] : []),
    ...identitySteps(process).steps,
    {
      phase: "child",
      stage: "exec",
      why: "A program that is not there is better known before anything is promised.",
      op: "resolveExecutable",
      candidates: candidates(process.args[0] ?? "", env),
    },
    ...(early ? [] : [...descriptors, ...seccomp.set]),
    executeStep(process.args, env),
  ];
}
