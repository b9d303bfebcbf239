/** A process that this command stays with to its end: `run` and `exec` without --detach. */
import { constants } from "node:os";
import type { ExitStatus, StartedProcess } from "../../../native/kernel.ts";
import { openTerminal } from "../../container/world.ts";
import { joinTerminal } from "../attach.ts";
import { type HeldSignals, holdSignals } from "../held-signals.ts";

/** Those that no process can catch, and those that the kernel sends about ourselves. */
const OWN = new Set(["SIGKILL", "SIGSTOP", "SIGCHLD", "SIGPIPE", "SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGTRAP"]);
/** What Node itself handles, or the terminal sends to whoever is in the foreground of it. */
const LEFT_ALONE = new Set([
  "SIGPROF",
  "SIGTTIN",
  "SIGTTOU",
  "SIGTSTP",
  "SIGWINCH",
  "SIGURG",
  "SIGIOT",
  "SIGPOLL",
  "SIGUNUSED",
]);

const SIGNALED = 128;

function isSignal(name: string): name is NodeJS.Signals {
  return Object.hasOwn(constants.signals, name);
}

/**
 * Takes over every signal that can be passed on: before the start, so that none ends this command instead.
 * @returns to be given to stayWith
 */
export function holdAllSignals(): HeldSignals {
  const names = Object.keys(constants.signals).filter(isSignal);
  return holdSignals(names.filter((name) => !OWN.has(name) && !LEFT_ALONE.has(name)));
}

/** A shell's way of putting both into one number. */
export function exitCodeOf(status: ExitStatus): number {
  if (status.kind === "exited") return status.code;
  return SIGNALED + (isSignal(status.signal) ? constants.signals[status.signal] : 0);
}

/**
 * Stays with a process to its end: our terminal is its terminal, if it has one of its own, and our signals are its.
 * @returns its exit code
 */
export async function stayWith(started: StartedProcess, signals: HeldSignals): Promise<number> {
  signals.handTo((signal) => started.kill(signal));
  const { terminalFd } = started;
  const terminal = joinTerminal({ terminal: terminalFd === undefined ? undefined : openTerminal(terminalFd) }, true);
  try {
    const { status } = await started.exited;
    await terminal.drained;
    return exitCodeOf(status);
  } finally {
    terminal.undo();
    signals.release();
  }
}
