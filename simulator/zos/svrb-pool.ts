/**
 * The pool of supervisor request blocks of one address space (ASCBSUPC; IEAVESVC of MVS 3.8): taken one by one with
 * compare double and swap, refilled with nine from subpool 255. Every SVRB is in the pool or on a task's chain.
 */
import { PROBLEM_PSW } from "./psw.ts";
import type { Rb } from "./request-block.ts";

/** How many one GETMAIN brings (IEAVESVC). */
export const SVRBS_A_GETMAIN = 9;

export interface Taken {
  readonly svrb: Rb;
  /** How many SVRBs had to be got before. */
  readonly got: number;
}

export class SvrbPool {
  readonly #free: Rb[] = [];
  #storageLeft: number;
  #made = 0;
  /** ASCBSUPC's second word: counts every change, so that compare double and swap notices one in between. */
  #changes = 0;

  /** @param storageLeft how many SVRBs subpool 255 has room for */
  constructor(storageLeft: number) {
    this.#storageLeft = storageLeft;
  }

  get free(): number {
    return this.#free.length;
  }

  /** How many SVRBs have ever been got: what the free ones and the chained ones have to come to. */
  get made(): number {
    return this.#made;
  }

  get synchronizationCount(): number {
    return this.#changes;
  }

  /**
   * Takes an SVRB, zeroed; where there is none, gets nine, or during an ABEND just one.
   * @returns undefined where the storage is used up
   */
  take(duringAbend: boolean): Taken | undefined {
    const got = this.#free.length > 0 ? 0 : this.#refill(duringAbend ? 1 : SVRBS_A_GETMAIN);
    const svrb = this.#free.pop();
    if (svrb === undefined) return undefined;
    this.#changes++;
    return { svrb, got };
  }

  /** Gives an SVRB back. @throws RangeError where it is in the pool already, or is none */
  giveBack(svrb: Rb): void {
    if (svrb.kind !== "SVRB") throw new RangeError(`give a ${svrb.kind} back to the SVRB pool`);
    if (this.#free.includes(svrb)) throw new RangeError("give an SVRB back twice");
    this.#free.push(svrb);
    this.#changes++;
  }

  #refill(count: number): number {
    if (this.#storageLeft < count) return 0;
    this.#storageLeft -= count;
    this.#made += count;
    for (let index = 0; index < count; index++) this.#free.push(blankSvrb());
    return count;
  }
}

function blankSvrb(): Rb {
  return {
    kind: "SVRB",
    routine: "",
    link: undefined,
    oldPsw: PROBLEM_PSW,
    registers: undefined,
    interruptLength: 0,
    interruptCode: undefined,
    waitCount: 0,
  };
}
