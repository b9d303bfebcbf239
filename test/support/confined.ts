/**
 * Runs a shell script through the launcher with some part of a container's plan and nothing else, to see what the
 * kernel makes of that part.
 */
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type ExitRecord, kernelProblem, Launcher } from "../../native/kernel.ts";
import { NO_SLOT } from "../../native/plan/operations.ts";
import type { PlanStep } from "../../native/plan/plan.ts";
import { closeDescriptorsStep } from "../../runtime/plan/descriptors.ts";
import { executeStep } from "../../runtime/plan/execute.ts";
import { sessionSteps } from "../../runtime/plan/terminal.ts";
import { temporaryDirectory } from "./temporary.ts";

export interface Confinement {
  readonly host?: readonly PlanStep[];
  readonly child?: readonly PlanStep[];
  /** Just before the program runs. */
  readonly last?: readonly PlanStep[];
  readonly cleanup?: readonly PlanStep[];
  readonly cloneInto?: number;
}

/** The first slot that a confinement may use. */
export const FREE_SLOT = 3;

/** Why such a script cannot be run here; undefined where it can. */
export function confinementProblem(): string | undefined {
  const problem = kernelProblem();
  if (problem) return problem.reason;
  return process.geteuid?.() === 0 ? undefined : "not root";
}

/** @returns what the script printed, both streams, and how it ended */
export async function runConfined(
  script: string,
  { host = [], child = [], last = [], cleanup = [], cloneInto = NO_SLOT }: Confinement,
): Promise<{ output: string; record: ExitRecord }> {
  const path = join(temporaryDirectory(), "output");
  const output = openSync(path, "w");
  const nothing = openSync("/dev/null", "r");
  await using launcher = await Launcher.open();
  try {
    const why = "for a test";
    const started = await launcher.start(
      [
        ...host,
        { phase: "host", stage: "clone", why, op: "clone", flags: 0, cgroup: cloneInto },
        ...child,
        ...sessionSteps({ terminal: false }),
        closeDescriptorsStep(),
        { phase: "child", stage: "identity", why, op: "resetSignals" },
        ...last,
        executeStep(["/bin/sh", "-c", script], ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"]),
        ...cleanup,
      ],
      [nothing, output, output],
    );
    const record = await started.exited;
    return { output: readFileSync(path, "utf8"), record };
  } finally {
    closeSync(nothing);
    closeSync(output);
  }
}
