/**
 * Why a program ended as it did: the signal, the kernel's want of memory, the filter, a limit, or the conventions of exit
 * codes (signal(7), exit(3), bash(1) "EXIT STATUS").
 */
import { constants } from "node:os";
import type { ExitStatus } from "../../../native/kernel.ts";
import type { Finding } from "./finding.ts";
import { examineEnvScript, examineLibraries } from "./libraries.ts";
import type { ProgramFacts } from "./program.ts";
import type { RootView } from "./root-view.ts";

/** What is known of an end. */
export interface ExitFacts {
  readonly status: ExitStatus;
  /** Of the reports that were read before the control groups went. */
  readonly oomKilled: boolean;
  readonly pidsRefused?: number;
  readonly memoryLimitBytes?: number;
  readonly pidsLimit?: number;
  /** The hard RLIMIT_CPU, at which the kernel kills without a word (getrlimit(2)). */
  readonly cpuLimitSeconds?: number;
  readonly program: ProgramFacts;
  /** Its root, while that can still be looked at. */
  readonly view?: RootView;
}

/** What a signal says about the one whom it ended. */
const SIGNALS: Readonly<Record<string, { readonly why: string; readonly fix?: string }>> = {
  SIGSEGV: { why: "it used memory that is not its own", fix: "ringside trace -f IMAGE COMMAND shows what it did last" },
  SIGBUS: {
    why: "it used memory behind which there is nothing: a mapped file that has become shorter, or a broken one",
  },
  SIGILL: {
    why: "its processor met an instruction that it does not know: a build for a newer processor, or damage",
    fix: "use a build for this machine's processor",
  },
  SIGFPE: { why: "it divided by zero, or a result had no room" },
  SIGABRT: { why: "it gave up by itself (abort): its last words, on standard error, tell why" },
  SIGTRAP: { why: "it met a breakpoint and nobody was there to debug it" },
  SIGKILL: {
    why: "somebody killed it from outside, and no program can refuse that: ringside kill, stop or rm -f, or a second Ctrl-C",
  },
  SIGTERM: { why: "somebody asked it to end, as ringside stop does" },
  SIGINT: { why: "somebody interrupted it, as Ctrl-C does" },
  SIGHUP: { why: "its terminal was closed" },
  SIGQUIT: { why: "somebody interrupted it and asked for its memory, as Ctrl-\\ does" },
  SIGPIPE: { why: "it wrote to a pipe or connection whose other end was closed" },
  SIGALRM: { why: "a timer that it had set ran out" },
  SIGXCPU: { why: "its limit of processor time was reached", fix: "raise --ulimit cpu" },
  SIGXFSZ: { why: "a file grew beyond its limit", fix: "raise --ulimit fsize" },
};

const SHELL_SIGNAL_BASE = 128;
const LAST_SIGNAL = 64;

function kibibytes(bytes: number): string {
  return `${Math.floor(bytes / 1024)} KiB`;
}

function outOfMemory({ memoryLimitBytes }: ExitFacts, who: string): Finding {
  const limit = memoryLimitBytes === undefined ? "the machine's memory" : `the limit of ${kibibytes(memoryLimitBytes)}`;
  return {
    kind: "out-of-memory",
    sentence: `the kernel killed ${who} for want of memory: ${limit} was reached`,
    fix: memoryLimitBytes === undefined ? "free memory, or limit what others take" : "give it more with --memory",
  };
}

function bySignal(facts: ExitFacts, signal: string, program: string): Finding {
  if (signal === "SIGKILL" && facts.oomKilled) return outOfMemory(facts, program);
  if (signal === "SIGSYS") {
    return {
      kind: "filter",
      sentence: `${program} was killed by its system call filter (seccomp, SIGSYS): it made a call that the filter forbids`,
      fix: "ringside trace -f IMAGE COMMAND shows the call: it is the last one",
    };
  }
  if (signal === "SIGKILL" && facts.cpuLimitSeconds !== undefined) {
    return {
      kind: "signal",
      sentence: `${program} was ended by the signal SIGKILL: its limit of ${facts.cpuLimitSeconds} s of processor time was reached, or somebody killed it from outside`,
      fix: "raise --ulimit cpu",
    };
  }
  const known = SIGNALS[signal];
  const core = facts.status.kind === "signaled" && facts.status.core === true ? "; its memory was dumped (core)" : "";
  const sentence = `${program} was ended by the signal ${signal}: ${known?.why ?? "it had no handler for it"}${core}`;
  return { kind: "signal", sentence, ...(known?.fix !== undefined && { fix: known.fix }) };
}

/** A shell gives the exit code 128 + n for a command that signal n has ended. */
function bySignalCode(code: number, program: string): Finding | undefined {
  const number = code - SHELL_SIGNAL_BASE;
  if (number < 1 || number > LAST_SIGNAL) return undefined;
  const signal = Object.entries(constants.signals).find(([, known]) => known === number)?.[0] ?? `signal ${number}`;
  const why = SIGNALS[signal]?.why;
  const meaning = why === undefined ? "" : `: ${why}`;
  const sentence = `${program} ended with exit code ${code}, by convention 128 + ${number}: a command of it was ended by ${signal}${meaning}`;
  return { kind: "exit-code", sentence };
}

function byCode(facts: ExitFacts, code: number, program: string): Finding | undefined {
  const { view } = facts;
  if (code === 127) {
    const found =
      view === undefined ? undefined : (examineEnvScript(view, facts.program) ?? examineLibraries(view, facts.program));
    if (found !== undefined) return found;
    const sentence = `${program} ended with exit code 127, by convention: a command that it was to run was not found`;
    return { kind: "exit-code", sentence, fix: "check the spelling of the command, and the container's PATH" };
  }
  if (code === 126) {
    const sentence = `${program} ended with exit code 126, by convention: a command that it was to run is not executable`;
    return { kind: "exit-code", sentence, fix: "check the command's mode (chmod +x) and its first line" };
  }
  return bySignalCode(code, program);
}

/**
 * Explains an end.
 * @returns what is found, the cause first; empty for a program that ended as it wanted
 */
export function explainExit(facts: ExitFacts): Finding[] {
  const program = facts.program.args[0] ?? "the program";
  const { status, oomKilled, pidsRefused = 0, pidsLimit } = facts;
  const found: Finding[] = [];
  if (status.kind === "signaled") found.push(bySignal(facts, status.signal, program));
  // The first process lived on, or a shell told of it.
  const isToldAlready = found.some(({ kind }) => kind === "out-of-memory");
  if (oomKilled && !isToldAlready) found.push(outOfMemory(facts, "a process of the container"));
  if (status.kind === "exited" && !oomKilled) found.push(...[byCode(facts, status.code, program) ?? []].flat());
  if (pidsRefused > 0) {
    const limit = pidsLimit === undefined ? "the limit" : `the limit of ${pidsLimit}`;
    const times = pidsRefused === 1 ? "once" : `${pidsRefused} times`;
    found.push({
      kind: "processes-limit",
      sentence: `${times} no process could be made: ${limit} was reached`,
      fix: "raise --pids-limit",
    });
  }
  return found;
}
