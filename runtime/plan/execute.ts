/** The last step: this process becomes the program. execve(2); the search follows execvp(3). */
import type { PlanStep } from "../../native/plan/plan.ts";
import { DEFAULT_PATH } from "../oci/defaults.ts";

/** Where `program` may be: itself when it names a path, else below each directory of PATH. */
export function candidates(program: string, env: readonly string[]): string[] {
  if (program.includes("/")) return [program];
  const path = env.findLast((entry) => entry.startsWith("PATH="))?.slice("PATH=".length) ?? DEFAULT_PATH;
  return path.split(":").map((directory) => `${directory === "" ? "." : directory}/${program}`);
}

/**
 * Each variable once, as it was said last: of two, getenv(3) would find the first, and a shell the last.
 * @param env entries of the form NAME=VALUE; what is of another form is kept
 */
function lastOfEach(env: readonly string[]): string[] {
  const nameOf = (entry: string) => /^([^=]+)=/.exec(entry)?.[1];
  const said = new Map(env.map((entry, at) => [nameOf(entry), at]));
  return env.filter((entry, at) => nameOf(entry) === undefined || said.get(nameOf(entry)) === at);
}

/** @param args the program and its arguments, at least one */
export function executeStep(args: readonly string[], env: readonly string[]): PlanStep {
  return {
    phase: "child",
    stage: "exec",
    why: "The process becomes the program; everything before was only for this.",
    op: "execute",
    candidates: candidates(args[0] ?? "", env),
    argv: args,
    env: lastOfEach(env),
  };
}
