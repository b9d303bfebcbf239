/**
 * A failed start in the words that engines look for: podman and docker tell "not found" (127) from "not executable"
 * (126) by the text, not by an exit code.
 */
import { StepError } from "../../../native/step-error.ts";
import { EXIT_CODES, RingsideError } from "../../error.ts";
import { explainFailure } from "../failure.ts";
import type { Finding } from "../post-mortem/finding.ts";

/** What execve(2) says, in the small letters that docker looks for. */
const EXEC_WORDS: Readonly<Record<string, { readonly words: string; readonly exitCode: number }>> = {
  ENOENT: { words: "no such file or directory", exitCode: EXIT_CODES.notFound },
  ENOTDIR: { words: "no such file or directory", exitCode: EXIT_CODES.notFound },
  ELIBACC: { words: "no such file or directory (its interpreter or loader)", exitCode: EXIT_CODES.notFound },
  EACCES: { words: "permission denied", exitCode: EXIT_CODES.notExecutable },
  EISDIR: { words: "permission denied (it is a directory)", exitCode: EXIT_CODES.notExecutable },
  EPERM: { words: "operation not permitted", exitCode: EXIT_CODES.notExecutable },
  ENOEXEC: {
    words: "exec format error (permission denied: it is no program of this machine)",
    exitCode: EXIT_CODES.notExecutable,
  },
};

/** The steps that look for the program. */
const EXECUTING = new Set(["execute", "resolveExecutable"]);

interface Asked {
  readonly args: readonly string[];
  readonly cwd: string;
}

/** What a post-mortem adds, behind the words that engines look for and on the same line. */
function addition(finding: Finding | undefined): { readonly text: string; readonly fix?: string } {
  if (finding === undefined || finding.kind === "unknown") return { text: "" };
  const { sentence, fix } = finding;
  return { text: `: ${sentence.replaceAll("\n", " ")}`, ...(fix !== undefined && { fix }) };
}

/**
 * @param code the errno(3) of execve(2); ELIBACC where it is the interpreter or the loader that is not there
 * @returns that `program` cannot be executed, in the words of engines first
 */
export function executionFailure(
  program: string,
  code: string,
  finding: Finding | undefined,
  cause?: unknown,
): RingsideError {
  const known = EXEC_WORDS[code];
  const where = program.includes("/") || known?.exitCode !== EXIT_CODES.notFound ? "" : " in $PATH";
  const what =
    known?.exitCode === EXIT_CODES.notFound
      ? `executable file \`${program}\` not found${where}`
      : `open executable \`${program}\``;
  const { text, fix } = addition(finding);
  return new RingsideError(`${what}: ${known?.words ?? code}${text}`, {
    cause,
    ...(fix !== undefined && { fix }),
    exitCode: known?.exitCode ?? EXIT_CODES.notExecutable,
  });
}

/**
 * @param process what was to be run
 * @param examine looks at the program, when it could not be executed
 */
export function explainOciFailure(
  error: unknown,
  process: Asked,
  examine: () => Finding | undefined = () => undefined,
): unknown {
  if (!(error instanceof StepError) || error.failed === undefined)
    return explainFailure(error, { program: process.args[0] ?? "" });
  const program = process.args[0] ?? "";
  if (EXECUTING.has(error.failed.op)) {
    return executionFailure(program, error.code, examine(), error);
  }
  if (error.failed.op === "setDirectory" && error.code === "ENOENT") {
    return new RingsideError(`cannot chdir to ${process.cwd}: no such file or directory`, { cause: error });
  }
  return explainFailure(error, { program });
}

/**
 * The same for a container's own program, which is looked at in its root.
 * @param rootfs the root's directory on the host
 */
export async function explainOciStart(
  error: unknown,
  config: { readonly process: Asked },
  rootfs: string,
): Promise<unknown> {
  if (!(error instanceof StepError)) return explainOciFailure(error, config.process);
  const { programExaminer } = await import("../post-mortem/facts.ts");
  return explainOciFailure(error, config.process, programExaminer([rootfs], config));
}

/**
 * The same for a further process of a container that runs.
 * @param pid the container's first process
 */
export async function explainOciExec(error: unknown, process: Asked, pid: number): Promise<unknown> {
  if (!(error instanceof StepError)) return explainOciFailure(error, process);
  const { liveProgramExaminer } = await import("../post-mortem/facts.ts");
  return explainOciFailure(error, process, liveProgramExaminer(pid, { process }));
}
