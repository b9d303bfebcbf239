/**
 * From a process in its namespaces to the program: session, keys, limits, filter, user, capabilities, descriptors, in the
 * order that kernel and safety force. The first process of a container and every later one (exec) go through the same
 * list. runtime-spec, config.md, Process.
 */
import { NO_SLOT } from "../../native/plan/operations.ts";
import type { PlanStep } from "../../native/plan/plan.ts";
import type { OciLinux, OciProcess } from "../oci/config.ts";
import { closeDescriptorsStep, listenEnvironment, passSteps } from "./descriptors.ts";
import { executeStep } from "./execute.ts";
import { beginningSteps, dieWithParentStep, identitySteps, noNewPrivilegesSteps } from "./identity.ts";
import { limitSteps } from "./limits.ts";
import { memoryPolicySteps, schedulingSteps } from "./scheduling.ts";
import type { SeccompPlan } from "./seccomp-steps.ts";
import { sessionSteps } from "./terminal.ts";

export interface ProcessContext {
  readonly seccomp: SeccompPlan;
  /** Whether it goes when the launcher goes. */
  readonly diesWithLauncher: boolean;
  /** The name of a session key ring of its own; undefined: it keeps the caller's. */
  readonly keyring: string | undefined;
  /** Memory policy and personality. */
  readonly linux: Pick<OciLinux, "memoryPolicy" | "personality">;
  /** The launcher sets limits where the process has lost the right to (a user namespace). */
  readonly limitPhase: "host" | "child";
  /** How many descriptors beside the standard streams it inherits, and how many of them are to be listened on. */
  readonly preserveFds?: number | undefined;
  readonly listenFds?: number | undefined;
  /** The capabilities that this machine can give; all unless said otherwise. */
  readonly grantable?: bigint | undefined;
  /** What comes between the process being ready and its program: the wait for `start`, hooks. */
  readonly gate?: readonly PlanStep[];
  /** What runs in the container right before its program. */
  readonly hooks?: readonly PlanStep[];
  /** A slot that the gate still needs. */
  readonly gateSlot?: number;
}

export interface ProcessPlan {
  readonly steps: PlanStep[];
  /** What the configuration asks for and cannot be had, in words. */
  readonly notes: readonly string[];
}

/**
 * Without no_new_privs only a process with rights may set a filter, so it comes before they are given up; with it, last,
 * so that it need not allow what a start needs. A filter with a listener is set while the launcher is there to hand the
 * listener over.
 */
export function processSteps(process: OciProcess, context: ProcessContext): ProcessPlan {
  const {
    seccomp,
    keyring,
    limitPhase,
    preserveFds = 0,
    listenFds,
    gate = [],
    hooks = [],
    gateSlot = NO_SLOT,
  } = context;
  const early = process.noNewPrivileges !== true;
  const identity = identitySteps(process, context.grantable);
  const close = (keep: number): PlanStep[] => [...passSteps(preserveFds), closeDescriptorsStep(preserveFds, keep)];
  return {
    notes: identity.notes,
    steps: [
      ...sessionSteps(process),
      ...beginningSteps(process, keyring),
      ...noNewPrivilegesSteps(process),
      ...schedulingSteps(process, limitPhase),
      ...memoryPolicySteps(context.linux),
      ...limitSteps(process, limitPhase),
      ...(early ? [...close(gateSlot), ...seccomp.set] : []),
      ...identity.steps,
      ...(context.diesWithLauncher ? [dieWithParentStep()] : []),
      ...(!early && seccomp.listens ? seccomp.set : []),
      // Whoever waits for the end of our standard streams must not have to wait for `start`.
      ...(early || gate.length === 0 ? [] : close(gateSlot)),
      ...gate,
      ...(early ? [] : gate.length === 0 ? close(NO_SLOT) : [closeDescriptorsStep(preserveFds)]),
      ...(!early && !seccomp.listens ? seccomp.set : []),
      // Programs of the image, most often: nothing of theirs runs without the container's filter.
      ...hooks,
      executeStep(process.args, [...(process.env ?? []), ...listenEnvironment(listenFds)]),
    ],
  };
}
