/**
 * A plain process, through the same launcher as a container: fork and exec and nothing else, so that the difference to
 * a container is the plan, and only the plan.
 */
import { closeSync, openSync } from "node:fs";
import type { Launcher } from "../../native/kernel.ts";
import { monotonicNs } from "../../native/kernel.ts";
import { NO_SLOT } from "../../native/plan/operations.ts";
import type { Plan } from "../../native/plan/plan.ts";
import type { RunningWorld } from "../container/running.ts";
import { runningWorld } from "../container/world.ts";
import { closeDescriptorsStep, passSteps } from "../plan/descriptors.ts";
import { executeStep } from "../plan/execute.ts";
import { dieWithParentStep } from "../plan/identity.ts";
import { sessionSteps } from "../plan/terminal.ts";

export interface ProcessOptions {
  readonly argv: readonly string[];
  /** `NAME=value`; empty unless given. */
  readonly env?: readonly string[];
  readonly cwd?: string;
  /** Descriptors; /dev/null unless given. The caller keeps owning them. */
  readonly stdin?: number;
  readonly stdout?: number;
  readonly stderr?: number;
  /** Further descriptors, which the process finds as 3, 4, 5 … */
  readonly extra?: readonly number[];
  readonly title?: string;
  /** What is to be around the plain plan, such as a monitor (runtime/vm/monitored.ts). */
  readonly wrap?: (plan: Plan) => Plan;
}

/** What a plain process is, as a plan. */
export function processPlan(options: Pick<ProcessOptions, "argv" | "env" | "cwd" | "extra">): Plan {
  const directory: Plan =
    options.cwd === undefined
      ? []
      : [{ phase: "child", stage: "identity", why: "The working directory.", op: "setDirectory", path: options.cwd }];
  return [
    {
      phase: "host",
      stage: "clone",
      why: "A copy of the launcher, which becomes the program.",
      op: "clone",
      flags: 0,
      cgroup: NO_SLOT,
    },
    ...sessionSteps({ terminal: false }),
    ...directory,
    dieWithParentStep(),
    ...passSteps(options.extra?.length),
    closeDescriptorsStep(options.extra?.length),
    { phase: "child", stage: "identity", why: "Signals mean what they mean by default.", op: "resetSignals" },
    executeStep(options.argv, options.env ?? []),
  ];
}

/**
 * Starts a process. Its end is known by `exited`; it dies with the launcher.
 * @throws StepError when it cannot be started
 */
export async function startProcess(launcher: Launcher, options: ProcessOptions): Promise<RunningWorld> {
  const requestedNs = monotonicNs();
  const plain = processPlan(options);
  const plan = options.wrap?.(plain) ?? plain;
  const nothing = openSync("/dev/null", "r+");
  try {
    const { stdin = nothing, stdout = nothing, stderr = nothing, extra = [] } = options;
    const started = await launcher.start(plan, [stdin, stdout, stderr, ...extra]);
    const title = options.title ?? `process ${options.argv[0] ?? ""}`;
    const facts = { title, world: "process" as const, plan, requestedNs, date: new Date().toISOString() };
    return runningWorld(String(started.pid), title, started, facts);
  } finally {
    closeSync(nothing);
  }
}
