/**
 * What a plan has beside the container itself when it is to live without the command that started it: its launcher stays
 * as its monitor (native/launcher/monitor.h), keeps the log, serves viewers, and writes down how it ended.
 */
import { join } from "node:path";
import { NO_SLOT } from "../../native/plan/operations.ts";
import type { Plan, PlanStep } from "../../native/plan/plan.ts";
import type { Places } from "./directories.ts";
import { type EventSubject, eventBeginning } from "./events.ts";

/** The log's bounds: as many files as said, each of about so many bytes. */
export interface LogBounds {
  readonly fileBytes: number;
  readonly files: number;
}

export const DEFAULT_LOG_BOUNDS: LogBounds = { fileBytes: 8 * 1024 * 1024, files: 3 };
export const EXIT_FILE = "exit.json";
const SOCKET_FILE = "attach";

/** The slots that every plan takes its standard streams from (runtime/plan/terminal.ts). */
export const STREAMS = { stdin: 0, stdout: 1, stderr: 2 } as const;

export interface MonitorFacts extends EventSubject {
  readonly places: Places;
  readonly layer: string;
  /** It has a terminal: that is its input and output. */
  readonly terminal: boolean;
  /** Its standard input stays open for a viewer (-i); else it reads nothing. */
  readonly input: boolean;
  readonly remove: boolean;
  readonly bounds: LogBounds;
}

/** Where the output of what is monitored goes to, and from where it is looked at. */
export interface MonitoredStreams {
  /** The directory of the log's files. */
  readonly log: string;
  /** The directory of the viewers' socket. */
  readonly state: string;
  readonly bounds: LogBounds;
  /** Slots that get a pipe of the monitor's, or NO_SLOT. */
  readonly stdin: number;
  readonly stdout: number;
  readonly stderr: number;
}

/** The steps before the clone: whatever is monitored, a container or a virtual machine's monitor, begins with them. */
export function monitoringSteps({ log, state, bounds, stdin, stdout, stderr }: MonitoredStreams): PlanStep[] {
  const words = { phase: "host", stage: "monitor" } as const;
  return [
    {
      ...words,
      why: "Pipes instead of our own output: what the program prints is kept, also when nobody looks.",
      op: "keepLog",
      directory: log,
      firstFile: 0,
      fileBytes: bounds.fileBytes,
      files: bounds.files,
      stdout,
      stderr,
    },
    {
      ...words,
      why: "A socket for those who want to look at it, or to type, later on.",
      op: "serveViewers",
      directory: state,
      stdin,
    },
  ];
}

/** The step after the end that writes down how it was. @param events the file and the beginning of the line about it */
export function recordExitStep(
  state: string,
  { events, event }: { readonly events: string; readonly event: string },
  remove: boolean,
): PlanStep {
  return {
    phase: "cleanup",
    stage: "monitor",
    why: "How it ended is written down for whoever asks later.",
    op: "recordExit",
    path: join(state, EXIT_FILE),
    socket: join(state, SOCKET_FILE),
    events,
    event,
    remove: remove ? 1 : 0,
  };
}

/** The step that removes a directory, where nobody is left to do it. */
export function abandonTreeStep(path: string, why: string): PlanStep {
  return { phase: "abandon", stage: "cleanup", why, op: "removeTree", path };
}

/** The same for a file. */
export function abandonFileStep(path: string, why: string): PlanStep {
  return { phase: "abandon", stage: "cleanup", why, op: "removeFile", path };
}

function hostSteps({ places, id, terminal, input, bounds }: MonitorFacts): PlanStep[] {
  return monitoringSteps({
    log: join(places.logs, id),
    state: join(places.states, id),
    bounds,
    stdin: input && !terminal ? STREAMS.stdin : NO_SLOT,
    stdout: terminal ? NO_SLOT : STREAMS.stdout,
    stderr: terminal ? NO_SLOT : STREAMS.stderr,
  });
}

function lateSteps({ places, layer, remove, ...subject }: MonitorFacts): PlanStep[] {
  const state = join(places.states, subject.id);
  return [
    recordExitStep(state, { events: places.events, event: eventBeginning("die", subject) }, remove),
    abandonTreeStep(layer, "What it wrote goes with it."),
    abandonTreeStep(join(places.logs, subject.id), "So does what it printed."),
    abandonTreeStep(state, "Nothing is known of it any more."),
    abandonFileStep(join(places.names, subject.name), "Its name is free again."),
    {
      phase: "abandon",
      stage: "cleanup",
      why: "That it has gone is the last that is known of it.",
      op: "recordEvent",
      events: places.events,
      event: eventBeginning("destroy", subject),
    },
  ];
}

/**
 * The plan of a container that is to live on with its launcher as monitor.
 * @param plan the container's own
 */
export function monitoredPlan(plan: Plan, facts: MonitorFacts): Plan {
  // What the launcher does when nobody is left to do it is more here than a layer.
  return [...hostSteps(facts), ...plan.filter(({ phase }) => phase !== "abandon"), ...lateSteps(facts)];
}
