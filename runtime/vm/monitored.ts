/**
 * A virtual machine that outlives its command: the launcher stays as parent of QEMU and as its monitor
 * (native/launcher/monitor.h), as with `ringside run -d`. It keeps what the console prints in a bounded log with times,
 * serves viewers, one of whom may type, and writes down how QEMU ended. What it says of the program itself QEMU cannot
 * know: that stands in the milestones, which are a file then.
 */
import { join } from "node:path";
import { NO_SLOT } from "../../native/plan/operations.ts";
import type { Plan } from "../../native/plan/plan.ts";
import { places } from "../container/directories.ts";
import {
  abandonFileStep,
  abandonTreeStep,
  type LogBounds,
  monitoringSteps,
  recordExitStep,
  STREAMS,
} from "../container/monitor-steps.ts";
import { limitSteps } from "../plan/limits.ts";
import type { VmDirectory } from "./directory.ts";

/** Who writes down that QEMU ended has nothing to say of the program, so it adds nothing to what `ringside events` tells. */
const NO_EVENTS = { events: "/dev/null", event: "{" } as const;

export interface MonitoredFacts {
  readonly name: string;
  /** Whoever attaches may type: the console is a terminal, or the program reads (-i). */
  readonly input: boolean;
  /** All of it goes with its end. */
  readonly remove: boolean;
  readonly bounds: LogBounds;
}

/**
 * A guest's root may write to the debug console, and make QEMU complain, without end: each becomes a file here, below /run,
 * which is memory. QEMU writes no other file; one that is longer ends it (setrlimit(2), RLIMIT_FSIZE).
 */
const MOST_FILE_BYTES = 4 * 1024 ** 2;
const FILE_LIMIT = { type: "RLIMIT_FSIZE", soft: MOST_FILE_BYTES, hard: MOST_FILE_BYTES } as const;

/** Where the monitor keeps what the console prints. */
export function vmLogDirectory(id: string): string {
  return join(places().vmLogs, id);
}

/** Where names are taken: each is a symbolic link to an id. */
export function vmNames(): string {
  return join(places().run, "vm-names");
}

/**
 * @param plan of the virtual machine monitor's process; slots 0 and 1 are its console
 * @returns the same with its launcher as monitor
 */
export function monitoredVmmPlan(plan: Plan, directory: VmDirectory, facts: MonitoredFacts): Plan {
  const { name, input, remove, bounds } = facts;
  return [
    ...monitoringSteps({
      log: vmLogDirectory(directory.id),
      state: directory.path,
      bounds,
      stdin: input ? STREAMS.stdin : NO_SLOT,
      stdout: STREAMS.stdout,
      stderr: NO_SLOT,
    }),
    ...plan.toSpliced(plan.length - 1, 0, ...limitSteps({ rlimits: [FILE_LIMIT] }, "child")),
    recordExitStep(directory.path, NO_EVENTS, remove),
    abandonTreeStep(vmLogDirectory(directory.id), "What it printed goes with it."),
    abandonTreeStep(directory.path, "Nothing is known of it any more."),
    abandonFileStep(join(vmNames(), name), "Its name is free again."),
  ];
}
