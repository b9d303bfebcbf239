/** The process's standard input and output: a terminal of the container's own, or descriptors from outside. pty(7). */
import { NO_SLOT } from "../../native/plan/operations.ts";
import type { PlanStep } from "../../native/plan/plan.ts";
import type { OciProcess } from "../oci/config.ts";

/** Slots 0, 1 and 2 are what the caller sends beside the plan. */
const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
export const RECEIVED_SLOTS = 3;
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

/** Where a terminal comes from and goes to. */
export interface TerminalPlaces {
  /** The devpts that it is made of. */
  readonly pts: number;
  /** The container's /dev, where it is shown as /dev/console; none for a further process of a container. */
  readonly devices?: number | undefined;
  /** The socket to which its master is sent; without one the caller gets it. */
  readonly console?: number | undefined;
}

/** Opens a terminal; must run before pivot_root, while /dev can still be mounted on. */
export function openTerminalSteps(process: OciProcess, { pts, devices, console }: TerminalPlaces): PlanStep[] {
  if (!process.terminal) return [];
  return [
    {
      phase: "child",
      stage: "terminal",
      why: "A terminal of the container's own devpts; its master is handed out by descriptor, never by a path.",
      op: "openTerminal",
      root: pts,
      devices: devices ?? NO_SLOT,
      columns: process.consoleSize?.width ?? DEFAULT_COLUMNS,
      rows: process.consoleSize?.height ?? DEFAULT_ROWS,
      uid: process.user.uid,
      console: console ?? NO_SLOT,
    },
  ];
}

/**
 * The socket that an engine listens on for the terminal (`--console-socket`), connected while the host's files can be
 * named. unix(7), SCM_RIGHTS.
 */
export function consoleSocketStep(path: string, slot: number, phase: "host" | "child"): PlanStep {
  return {
    phase,
    stage: "terminal",
    why: "Whoever is to hold the terminal's other end waits at this socket.",
    op: "connectSocket",
    slot,
    path,
  };
}

/** A session of its own, and its standard input and output. setsid(2), ioctl_tty(2). */
export function sessionSteps(process: { readonly terminal?: boolean }): PlanStep[] {
  const session: PlanStep = {
    phase: "child",
    stage: "terminal",
    why: "A session of its own: no signal of the caller's terminal reaches it.",
    op: "newSession",
  };
  if (!process.terminal) {
    return [
      session,
      {
        phase: "child",
        stage: "terminal",
        why: "Standard input, output and error are what the caller handed over.",
        op: "setStdio",
        stdin: STDIN,
        stdout: STDOUT,
        stderr: STDERR,
      },
    ];
  }
  return [
    session,
    {
      phase: "child",
      stage: "terminal",
      why: "The terminal becomes the session's own, so that Ctrl-C means the container's programs.",
      op: "takeTerminal",
    },
  ];
}
