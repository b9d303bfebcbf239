/** The last step: this process becomes the program. execve(2); the search follows execvp(3). */
import type { PlanStep } from "../../native/plan/plan.ts";
import { DEFAULT_PATH } from "../oci/defaults.ts";

/** Where `program` may be: itself when it names a path, else below each directory of PATH. */
export function candidates(program: string, env: readonly string[]): string[] {
  if (program.includes("/")) return [program];
  const path = env.findLast((entry) => entry.startsWith("PATH="))?.slice("PATH=".length) ?? DEFAULT_PATH;
  return path.split(":").map((directory) => `${directory === "" ? "." : directory}/${program}`);
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
    env,
  };
}
