/** What a failed start means to the person who asked for it: which step, why, and what to do. errno(3), execve(2). */

import type { PlanStep } from "../../native/plan/plan.ts";
import { StepError } from "../../native/step-error.ts";
import { parseReports } from "../cgroup/reports.ts";
import { controlFileFix, deviceFilterFix } from "../cgroup/write-failure.ts";
import { EXIT_CODES, RingsideError } from "../error.ts";
import { attributeFix } from "./attribute-fix.ts";
import { fileFix, subjectOf } from "./file-failure.ts";
import type { Finding } from "./post-mortem/finding.ts";

interface ExecFailure {
  readonly exitCode: number;
  readonly why: string;
  readonly fix: string;
}

const EXEC_FAILURES: Readonly<Record<string, ExecFailure>> = {
  ENOENT: {
    exitCode: EXIT_CODES.notFound,
    why: "not found in $PATH",
    fix: "check the spelling, or give the program's whole path",
  },
  ENOTDIR: {
    exitCode: EXIT_CODES.notFound,
    why: "not found: a part of its path is a file",
    fix: "check the path",
  },
  ELIBACC: {
    exitCode: EXIT_CODES.notFound,
    why: "there, but the interpreter that it names (after #!, or its dynamic loader) is not in the image",
    fix: "use a static program, or an image with its interpreter; a script must not end its lines with CR LF",
  },
  EACCES: {
    exitCode: EXIT_CODES.notExecutable,
    why: "not executable: it is a directory, or this user may not execute it",
    fix: "chmod +x it in the image, or run another program",
  },
  ENOEXEC: {
    exitCode: EXIT_CODES.notExecutable,
    why: "not executable: neither a program of this processor nor a script with #! in its first line",
    fix: "run it with its interpreter, such as sh FILE",
  },
};

/** Steps whose failure has one usual reason that the errno alone does not tell. */
const HINTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  clone: {
    EPERM: "an ordinary user may make no user namespace here: ringside doctor names the setting, or run it as root",
    ENOSPC: "a limit of /proc/sys/user/max_*_namespaces is reached: raise it, or remove containers",
    EAGAIN: "a limit on processes is reached: see ulimit -u",
    EINVAL: "this kernel lacks one of the namespaces: see ringside doctor",
  },
  makeDirectory: { EACCES: "the directory above it is not yours: give XDG_DATA_HOME or RINGSIDE_ROOT one that is" },
  setDirectory: {
    ENOENT: "the working directory is not there: give another -w",
    ENOTDIR: "give another -w",
    EACCES: "this user may not enter the working directory: give another -w or -u",
  },
};

/** What helps to explain a failure, beside the failure. */
export interface FailureFacts {
  /** What was to be run. */
  readonly program: string;
  /** The beginning of the sentence about a step that failed; that the container could not be started, unless given. */
  readonly what?: string;
  /** The memory limit, if there was one. */
  readonly limitBytes?: number | undefined;
  /** Looks at the program, when it could not be executed; undefined: nothing is found. */
  readonly examine?: () => Finding | undefined;
}

/** Steps that run a program: what is said of their failure is not the kernel's. */
const PROGRAM_STEPS = new Set(["runHook", "runIdMapper"]);

/** Turns the failure of a plan into words. */
export function explainFailure(
  error: unknown,
  { program, what = "the container could not be started", limitBytes, examine }: FailureFacts,
): unknown {
  if (!(error instanceof StepError)) return error;
  const { failed, code } = error;
  if (failed === undefined) return killedBeforeExec(error, limitBytes);
  if (failed.op === "execute" || failed.op === "resolveExecutable") {
    const finding = examine?.();
    if (finding !== undefined && finding.kind !== "unknown") {
      return new RingsideError(`cannot run ${JSON.stringify(program)}: ${finding.sentence}`, {
        cause: error,
        exitCode: EXEC_FAILURES[code]?.exitCode ?? EXIT_CODES.notExecutable,
        ...(finding.fix !== undefined && { fix: finding.fix }),
      });
    }
    const known = EXEC_FAILURES[code];
    if (known !== undefined) {
      return new RingsideError(`cannot run ${JSON.stringify(program)}: ${known.why}`, { cause: error, ...known });
    }
    return new RingsideError(`cannot run ${JSON.stringify(program)}: ${code}`, {
      cause: error,
      exitCode: EXIT_CODES.notExecutable,
    });
  }
  const speaker = PROGRAM_STEPS.has(failed.op) ? "" : "the kernel says: ";
  const words = error.reports.kernel === undefined ? "" : ` (${speaker}${error.reports.kernel.trim()})`;
  const fix =
    HINTS[failed.op]?.[code] ??
    ownersFix(failed, code) ??
    groupFix(failed, code) ??
    fileFix(failed, code) ??
    attributeFix(failed, code);
  return new RingsideError(
    `${what}: step ${error.step + 1}, ${failed.op}${subjectOf(failed)}, failed with ${code}${words}. The step: ${failed.why}`,
    { cause: error, fix: fix ?? "ringside doctor shows what this machine lacks" },
  );
}

/** Only an overlay whose owners are mapped is made of slots. */
function ownersFix(step: PlanStep, code: string): string | undefined {
  const isMapped = step.op === "newOverlay" && step.lower.some((layer) => layer.startsWith("slot:"));
  if (code !== "EINVAL" || !(isMapped || step.op === "makeUserNamespace" || step.op === "changeMount"))
    return undefined;
  return "this kernel or this file system cannot show files as other users' (Linux 6.15, ext4, xfs, btrfs or tmpfs can): leave out --userns auto, or the id mappings";
}

function groupFix(step: PlanStep, code: string): string | undefined {
  if (step.op === "writeFile") return controlFileFix(step.path, code);
  return step.op === "attachDeviceFilter" ? deviceFilterFix(code) : undefined;
}

function killedBeforeExec(error: StepError, limitBytes: number | undefined): RingsideError {
  if (error.code === "EBADMSG") {
    return new RingsideError("the launcher refuses the plan: the two were not made from the same sources", {
      cause: error,
      fix: "npm run build",
    });
  }
  if (parseReports(error.reports).oomKilled && limitBytes !== undefined) {
    return new RingsideError(
      `the memory limit of ${Math.floor(limitBytes / 1024)} KiB is too small: the kernel killed the container before its program ran`,
      { cause: error, fix: "give it more, such as --memory 16m" },
    );
  }
  return new RingsideError("the container was killed before its program ran", {
    cause: error,
    fix: "try again; if it stays so, ringside doctor and the kernel's log (dmesg) tell more",
  });
}
