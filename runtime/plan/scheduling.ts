/**
 * When and where a process runs: scheduler, I/O priority, memory nodes, and who dies first when memory runs out.
 * sched_setattr(2), ioprio_set(2), set_mempolicy(2), proc_pid_oom_score_adj(5), personality(2), cpuset(7).
 */
import type { PlanStep } from "../../native/plan/plan.ts";
import { RingsideError } from "../error.ts";
import type { OciLinux, OciProcess } from "../oci/config.ts";
import {
  IO_PRIORITY_CLASSES,
  MEMORY_POLICY_FLAGS,
  MEMORY_POLICY_MODES,
  PERSONALITIES,
  SCHEDULER_FLAGS,
  SCHEDULER_POLICIES,
} from "../oci/kernel-names.ts";

type Phase = "host" | "child";

/** The kernel's number for a name. @throws RingsideError listing the names that there are */
function numberOf(table: Readonly<Record<string, number>>, name: string, what: string): number {
  const number = Object.hasOwn(table, name) ? table[name] : undefined;
  if (number !== undefined) return number;
  throw new RingsideError(`${what}: the kernel has no ${JSON.stringify(name)}`, {
    fix: `use one of ${Object.keys(table).join(", ")}`,
  });
}

function flagsOf(table: Readonly<Record<string, number>>, names: readonly string[], what: string): number {
  return names.reduce((flags, name) => flags | numberOf(table, name, what), 0);
}

/** Longest list of CPUs or nodes that is believed: eight times what the largest kernels are built for. */
const MOST_MEMBERS = 65_536;

/**
 * A list such as `0-3,8` as a mask, in whole 64-bit words (cpuset(7), Formats).
 * @throws RingsideError naming `what` when it is not such a list, or empty
 */
export function listMask(list: string, what: string): Uint8Array {
  const members = list.split(",").flatMap((range) => {
    const match = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(range);
    const first = Number(match?.[1]);
    const last = match?.[2] === undefined ? first : Number(match[2]);
    if (match === null || last < first || last >= MOST_MEMBERS) {
      throw new RingsideError(`${what}: ${JSON.stringify(list)} is not a list`, { fix: "write it as 0-3,8" });
    }
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
  const mask = new Uint8Array((Math.floor(Math.max(...members) / 64) + 1) * 8);
  for (const member of members) mask[member >> 3] = (mask[member >> 3] ?? 0) | (1 << (member & 7));
  return mask;
}

/** Set at once, while /proc is the host's. */
export function oomSteps({ oomScoreAdj }: OciProcess, phase: Phase): PlanStep[] {
  if (oomScoreAdj === undefined) return [];
  return [
    {
      phase,
      stage: "identity",
      why: "Who is ended first when memory runs out: the higher, the sooner.",
      op: "setOomScore",
      value: String(oomScoreAdj),
    },
  ];
}

/** @param phase see limitSteps */
export function schedulingSteps(process: OciProcess, phase: Phase): PlanStep[] {
  const { scheduler, ioPriority } = process;
  const steps: PlanStep[] = [];
  if (scheduler !== undefined) {
    const { policy, nice = 0, priority = 0, flags = [], runtime = 0, deadline = 0, period = 0 } = scheduler;
    steps.push({
      phase,
      stage: "identity",
      why: `Who gives it the processor, and when: ${policy}.`,
      op: "setScheduler",
      policy: numberOf(SCHEDULER_POLICIES, policy, "process.scheduler.policy"),
      flags: flagsOf(SCHEDULER_FLAGS, flags, "process.scheduler.flags"),
      nice,
      priority,
      runtime,
      deadline,
      period,
    });
  }
  if (ioPriority !== undefined) {
    steps.push({
      phase,
      stage: "identity",
      why: "Whose reads and writes come first.",
      op: "setIoPriority",
      class: numberOf(IO_PRIORITY_CLASSES, ioPriority.class, "process.ioPriority.class"),
      priority: ioPriority.priority ?? 0,
    });
  }
  return steps;
}

/** @param list as cpuset(7) writes it */
export function affinityStep(list: string, what: string): PlanStep {
  return {
    phase: "child",
    stage: "identity",
    why: "The processors that it may run on.",
    op: "setAffinity",
    mask: listMask(list, what),
  };
}

/** Memory nodes and the kind of machine that uname(2) names. */
export function memoryPolicySteps({ memoryPolicy, personality }: OciLinux): PlanStep[] {
  const steps: PlanStep[] = [];
  if (personality !== undefined) {
    steps.push({
      phase: "child",
      stage: "identity",
      why: "The kind of machine that it believes to run on.",
      op: "setPersonality",
      persona: numberOf(PERSONALITIES, personality.domain, "linux.personality.domain"),
    });
  }
  if (memoryPolicy !== undefined) {
    const { mode, nodes, flags = [] } = memoryPolicy;
    steps.push({
      phase: "child",
      stage: "identity",
      why: "From which memory nodes its pages come.",
      op: "setMemoryPolicy",
      mode:
        numberOf(MEMORY_POLICY_MODES, mode, "linux.memoryPolicy.mode") |
        flagsOf(MEMORY_POLICY_FLAGS, flags, "linux.memoryPolicy.flags"),
      nodes: nodes === undefined || nodes === "" ? new Uint8Array() : listMask(nodes, "linux.memoryPolicy.nodes"),
    });
  }
  return steps;
}
