/**
 * The plan of a further process in an engine's container: every namespace that the container has of its own joined in
 * one call, its control groups, then the same steps to the program as the first process took. setns(2).
 */
import type { Plan, PlanStep } from "../../../native/plan/plan.ts";
import type { CgroupLayout } from "../../cgroup/layout.ts";
import { joinCgroupSteps } from "../../cgroup/steps.ts";
import type { OciConfig, OciProcess } from "../../oci/config.ts";
import { grantableCapabilities } from "../../plan/capability-sets.ts";
import { candidates } from "../../plan/execute.ts";
import { labelWrites } from "../../plan/labels.ts";
import { forkStep, isApart, namespaceFlags } from "../../plan/namespaces.ts";
import { procWriteSteps } from "../../plan/private-proc.ts";
import { processSteps } from "../../plan/process.ts";
import { affinityStep, oomSteps } from "../../plan/scheduling.ts";
import { seccompSteps } from "../../plan/seccomp-steps.ts";
import { Slots } from "../../plan/slots.ts";
import { consoleSocketStep, openTerminalSteps, RECEIVED_SLOTS } from "../../plan/terminal.ts";
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
  const groups = joinCgroupSteps(layout, record.cgroups, slots, init.pid);
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
    // Here /proc is still the host's, which nobody hostile has touched.
    ...oomSteps(process, "child"),
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
    ...enterSteps(context, process, slots),
    ...procWriteSteps([...labelWrites(process)], slots),
    ...terminalSteps(process, consoleSlot, slots),
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
