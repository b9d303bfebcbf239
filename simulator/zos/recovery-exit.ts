/** What a program says should happen when it fails: FRR, ESTAE and ESTAI exits, and what they are shown (the SDWA). */
import type { Psw } from "./psw.ts";
import type { Rb, Registers } from "./request-block.ts";

/** How a task or a system ended: 0 for well. */
export interface Completion {
  /** A system code such as 0C4; empty for a normal end. */
  readonly code: string;
  readonly reason?: number;
}

/** System diagnostic work area: what a recovery routine is shown. */
export interface Sdwa {
  readonly completion: Completion;
  /** SDWACLUP: only to clean up, no retry. */
  readonly cleanupOnly: boolean;
  /** How many exits have percolated before this one. */
  readonly percolations: number;
}

export type Decision = "retry" | "percolate";

export interface RecoveryExit {
  readonly kind: "FRR" | "ESTAE" | "ESTAI";
  readonly name: string;
  readonly decide: (sdwa: Sdwa) => Decision;
  /** Where a retry goes on: the request block, the state and the registers at the time it was established. */
  readonly at: {
    readonly rb: Rb | undefined;
    readonly psw: Psw;
    readonly registers: Registers;
    readonly locks: number;
  };
}

/** Thrown through a program that a recovery exit lets go on: caught where the exit was established. */
export class Retry extends Error {
  readonly exit: RecoveryExit;

  constructor(exit: RecoveryExit) {
    super(`retry at ${exit.name}`);
    this.name = "Retry";
    this.exit = exit;
  }
}

/** Thrown through a program that is over, well or not; caught where the work unit began. */
export class UnitEnd extends Error {
  readonly completion: Completion;

  constructor(completion: Completion) {
    super(completion.code === "" ? "the work unit has ended" : `abend ${completionText(completion)}`);
    this.name = "UnitEnd";
    this.completion = completion;
  }
}

/** @returns S0C4-04, S047, or "ended normally". */
export function completionText({ code, reason }: Completion): string {
  if (code === "") return "ended normally";
  return reason === undefined ? `S${code}` : `S${code}-${reason.toString(16).toUpperCase().padStart(2, "0")}`;
}
