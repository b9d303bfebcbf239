/**
 * Who the process is and what it may ask of the kernel, in the order that the kernel forces. credentials(7),
 * capabilities(7).
 */
import { constants } from "node:os";
import type { PlanStep } from "../../native/plan/plan.ts";
import type { OciProcess } from "../oci/config.ts";
import { capabilityMask } from "./capabilities.ts";
import { capabilitySets } from "./capability-sets.ts";

const DEFAULT_UMASK = 0o022;

/** Before anything else: signals, keys, umask. @param keyring the name of a key ring of its own; undefined: none */
export function beginningSteps({ user }: OciProcess, keyring: string | undefined): PlanStep[] {
  const words = { phase: "child", stage: "identity" } as const;
  const ring: PlanStep[] =
    keyring === undefined
      ? []
      : [
          {
            ...words,
            why: "A key ring of its own, since key rings are in no namespace.",
            op: "joinKeyring",
            name: keyring,
          },
        ];
  return [
    { ...words, why: "Signals mean what they mean by default, and none is blocked.", op: "resetSignals" },
    ...ring,
    {
      ...words,
      why:
        user.umask === undefined
          ? "New files are writable by their owner alone."
          : "Who may use the files that it makes.",
      op: "setUmask",
      mask: user.umask ?? DEFAULT_UMASK,
    },
  ];
}

/** Where asked for; the filter can then be set by a process without rights. */
export function noNewPrivilegesSteps({ noNewPrivileges }: OciProcess): PlanStep[] {
  if (noNewPrivileges !== true) return [];
  return [
    {
      phase: "child",
      stage: "security",
      why: "No program that it starts can gain rights that it has not, set-user-ID or not.",
      op: "setNoNewPrivileges",
    },
  ];
}

export interface IdentityPlan {
  readonly steps: PlanStep[];
  /** Capabilities that the configuration names and that it cannot have. */
  readonly notes: string[];
}

/** @param grantable the capabilities that this machine can give; undefined: all */
export function identitySteps(process: OciProcess, grantable?: bigint): IdentityPlan {
  const { user } = process;
  const { bounding, permitted, effective, inheritable, ambient, kept, notes } = capabilitySets(
    process.capabilities,
    grantable,
  );
  return {
    notes,
    steps: [
      ...entrySteps(process, effective),
      {
        phase: "child",
        stage: "security",
        why: `Root is split into capabilities; all but ${kept} are given up for good.`,
        op: "dropBounding",
        keep: bounding,
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
        permitted,
        effective,
        inheritable,
        ambient,
      },
      {
        phase: "child",
        stage: "identity",
        why: "The working directory, checked to lie below the root.",
        op: "setDirectory",
        path: withoutSlash(process.cwd),
      },
    ],
  };
}

/** With these, no directory is closed to a process. */
const ENTERS_ALL = capabilityMask(["CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH"]);

/** A working directory may be closed to the user who works in it, as `docker run -u 1000 -w /root` has it. */
function entrySteps({ cwd, user }: OciProcess, effective: bigint): PlanStep[] {
  if (cwd === "/" || (user.uid === 0 && (effective & ENTERS_ALL) !== 0n)) return [];
  const why = "While it may still enter what is closed to its user.";
  return [{ phase: "child", stage: "identity", why, op: "tryDirectory", path: withoutSlash(cwd) }];
}

/** As getcwd(2) would write it. */
function withoutSlash(path: string): string {
  return path.replace(/(?<=.)\/+$/, "");
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
