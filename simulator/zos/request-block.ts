/** Request blocks: what a task runs, the newest first (z/OS MVS Diagnosis: Reference; IHARB). */
import type { Psw } from "./psw.ts";

export const REGISTERS = 16;
/** General registers 0 to 15. */
export type Registers = readonly number[];

/** Request block: a program (PRB), a supervisor call (SVRB) or an exit (IRB) that a task runs. */
export interface Rb {
  readonly kind: "PRB" | "SVRB" | "IRB";
  routine: string;
  /** RBLINK: the request before it; the first one points back to its task, and one in the pool nowhere. */
  link: Rb | { readonly kind: "TCB" } | undefined;
  /** RBOPSW: where this one goes on. */
  oldPsw: Psw;
  /** RBGRSAVE. */
  registers: Registers | undefined;
  /** RBINLNTH and RBINTCOD: length and number of the last SVC, which is how a dump knows it. */
  interruptLength: number;
  interruptCode: number | undefined;
  /** RBWCF: how many events it waits for. */
  waitCount: number;
}

/** @returns a request block of a program or an exit. */
export function newRequest(kind: "PRB" | "IRB", routine: string, link: Rb["link"], psw: Psw): Rb {
  return {
    kind,
    routine,
    link,
    oldPsw: psw,
    registers: undefined,
    interruptLength: 0,
    interruptCode: undefined,
    waitCount: 0,
  };
}
