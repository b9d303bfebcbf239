/**
 * Who the process is and what it may ask of the kernel, in the order that the kernel forces: seccomp last, since it
 * may forbid everything before it. credentials(7), capabilities(7), seccomp(2).
 */
import { constants } from "node:os";
import type { PlanStep } from "../../native/plan/plan.ts";
import type { OciProcess } from "../oci/config.ts";
import { capabilityMask } from "./capabilities.ts";

const DEFAULT_UMASK = 0o022;
const FIRST_DESCRIPTOR_ABOVE_STDIO = 3;

/** @param filter compiled BPF */
export function identitySteps(process: OciProcess, filter: Uint8Array): PlanStep[] {
  const { user } = process;
  const { bounding = [], effective = [], permitted = [], inheritable = [], ambient = [] } = process.capabilities ?? {};
  return [
    {
      phase: "child",
      stage: "identity",
      why: "Signals mean what they mean by default, and none is blocked.",
      op: "resetSignals",
    },
    {
      phase: "child",
      stage: "identity",
      why: "A key ring of its own, since key rings are in no namespace.",
      op: "joinKeyring",
      name: "ringside",
    },
    {
      phase: "child",
      stage: "identity",
      why: "New files are writable by their owner alone.",
      op: "setUmask",
      mask: DEFAULT_UMASK,
    },
    {
      phase: "child",
      stage: "security",
      why: "No program that it starts can gain rights that it has not, set-user-ID or not.",
      op: "setNoNewPrivileges",
    },
    {
      phase: "child",
      stage: "security",
      why: `Root is split into capabilities; all but ${bounding.length} are given up for good.`,
      op: "dropBounding",
      keep: capabilityMask(bounding),
    },
    {
      phase: "child",
      stage: "identity",
      why: `From here on it is user ${user.uid}, group ${user.gid}.`,
      op: "setUser",
      uid: user.uid,
      gid: user.gid,
      groups: user.additionalGids ?? [],
    },
    {
      phase: "child",
      stage: "security",
      why: "Of what is left, exactly this much is in force.",
      op: "setCapabilities",
      permitted: capabilityMask(permitted),
      effective: capabilityMask(effective),
      inheritable: capabilityMask(inheritable),
      ambient: capabilityMask(ambient),
    },
    {
      phase: "child",
      stage: "identity",
      why: "The working directory, checked to lie below the root.",
      op: "setDirectory",
      path: process.cwd,
    },
    dieWithParentStep(),
    closeDescriptorsStep(),
    {
      phase: "child",
      stage: "security",
      why: "Every system call is now checked against a list; what is not on it fails.",
      op: "setSeccomp",
      filter,
    },
  ];
}

/** Set late, since a change of user clears it (PR_SET_PDEATHSIG(2const)). */
export function dieWithParentStep(): PlanStep {
  return {
    phase: "child",
    stage: "identity",
    why: "When the launcher goes, however it goes, so does this process.",
    op: "dieWithParent",
    signal: constants.signals.SIGKILL,
  };
}

/** Closed and not only marked, as CVE-2024-21626 taught. */
export function closeDescriptorsStep(): PlanStep {
  return {
    phase: "child",
    stage: "security",
    why: "Nothing but standard input, output and error is taken along.",
    op: "closeDescriptors",
    from: FIRST_DESCRIPTOR_ABOVE_STDIO,
  };
}
