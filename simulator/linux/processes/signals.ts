/**
 * The standard signals and what becomes of a process that has said nothing about them (signal(7), "Standard signals";
 * numbers as on x86-64).
 */

export type DefaultAction = "terminate" | "dump core" | "ignore" | "stop" | "continue";

export interface SignalRow {
  readonly number: number;
  readonly action: DefaultAction;
}

export const SIGNALS = {
  SIGHUP: { number: 1, action: "terminate" },
  SIGINT: { number: 2, action: "terminate" },
  SIGQUIT: { number: 3, action: "dump core" },
  SIGILL: { number: 4, action: "dump core" },
  SIGTRAP: { number: 5, action: "dump core" },
  SIGABRT: { number: 6, action: "dump core" },
  SIGBUS: { number: 7, action: "dump core" },
  SIGFPE: { number: 8, action: "dump core" },
  SIGKILL: { number: 9, action: "terminate" },
  SIGUSR1: { number: 10, action: "terminate" },
  SIGSEGV: { number: 11, action: "dump core" },
  SIGUSR2: { number: 12, action: "terminate" },
  SIGPIPE: { number: 13, action: "terminate" },
  SIGALRM: { number: 14, action: "terminate" },
  SIGTERM: { number: 15, action: "terminate" },
  SIGSTKFLT: { number: 16, action: "terminate" },
  SIGCHLD: { number: 17, action: "ignore" },
  SIGCONT: { number: 18, action: "continue" },
  SIGSTOP: { number: 19, action: "stop" },
  SIGTSTP: { number: 20, action: "stop" },
  SIGTTIN: { number: 21, action: "stop" },
  SIGTTOU: { number: 22, action: "stop" },
  SIGURG: { number: 23, action: "ignore" },
  SIGXCPU: { number: 24, action: "dump core" },
  SIGXFSZ: { number: 25, action: "dump core" },
  SIGVTALRM: { number: 26, action: "terminate" },
  SIGPROF: { number: 27, action: "terminate" },
  SIGWINCH: { number: 28, action: "ignore" },
  SIGIO: { number: 29, action: "terminate" },
  SIGPWR: { number: 30, action: "terminate" },
  SIGSYS: { number: 31, action: "dump core" },
} as const satisfies Record<string, SignalRow>;

export type Signal = keyof typeof SIGNALS;

/** These two can neither be caught nor ignored. */
export function isUncatchable(signal: Signal): boolean {
  return signal === "SIGKILL" || signal === "SIGSTOP";
}
