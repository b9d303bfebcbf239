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

/** Opens a terminal of the devpts at `ptsSlot`; must run before pivot_root, while /dev can still be mounted on. */
export function openTerminalSteps(process: OciProcess, ptsSlot: number, devSlot: number | undefined): PlanStep[] {
  if (!process.terminal) return [];
  return [
    {
      phase: "child",
      stage: "terminal",
      why: "A terminal of the container's own devpts; its master is handed out by descriptor, never by a path.",
      op: "openTerminal",
      root: ptsSlot,
      devices: devSlot ?? NO_SLOT,
      columns: process.consoleSize?.width ?? DEFAULT_COLUMNS,
      rows: process.consoleSize?.height ?? DEFAULT_ROWS,
      uid: process.user.uid,
    },
  ];
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
