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
const STREAMS = { stdin: 0, stdout: 1, stderr: 2 } as const;

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

function hostSteps({ places, id, terminal, input, bounds }: MonitorFacts): PlanStep[] {
  const words = { phase: "host", stage: "monitor" } as const;
  return [
    {
      ...words,
      why: "Pipes instead of our own output: what the program prints is kept, also when nobody looks.",
      op: "keepLog",
      directory: join(places.logs, id),
      firstFile: 0,
      fileBytes: bounds.fileBytes,
      files: bounds.files,
      stdout: terminal ? NO_SLOT : STREAMS.stdout,
      stderr: terminal ? NO_SLOT : STREAMS.stderr,
    },
    {
      ...words,
      why: "A socket for those who want to look at it, or to type, later on.",
      op: "serveViewers",
      directory: join(places.states, id),
      stdin: input && !terminal ? STREAMS.stdin : NO_SLOT,
    },
  ];
}

function lateSteps({ places, layer, remove, ...subject }: MonitorFacts): PlanStep[] {
  const state = join(places.states, subject.id);
  const abandon = { phase: "abandon", stage: "cleanup" } as const;
  const tree = (path: string, why: string): PlanStep => ({ ...abandon, why, op: "removeTree", path });
  return [
    {
      phase: "cleanup",
      stage: "monitor",
      why: "How it ended is written down for whoever asks later.",
      op: "recordExit",
      path: join(state, EXIT_FILE),
      socket: join(state, SOCKET_FILE),
      events: places.events,
      event: eventBeginning("die", subject),
      remove: remove ? 1 : 0,
    },
    tree(layer, "What it wrote goes with it."),
    tree(join(places.logs, subject.id), "So does what it printed."),
    tree(state, "Nothing is known of it any more."),
    { ...abandon, why: "Its name is free again.", op: "removeFile", path: join(places.names, subject.name) },
    {
      ...abandon,
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
