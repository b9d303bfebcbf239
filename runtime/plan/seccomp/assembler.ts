/**
 * An assembler for classic BPF, the language of seccomp filters (seccomp(2); kernel: networking/filter.rst).
 *
 * Programs are written from their end to their beginning, since jumps go forward only: what a jump leads to is there
 * before the jump. A conditional jump reaches 255 instructions; where that is not enough the assembler puts a copy of
 * a `return`, or an unconditional jump, in between.
 */
import { RingsideError } from "../../error.ts";

/** Operation codes: class, mode and operand of linux/bpf_common.h joined. */
const LOAD_WORD = 0x20;
const JUMP = 0x05;
const AND = 0x54;
const RETURN = 0x06;
export const COMPARE = { equal: 0x15, greater: 0x25, greaterOrEqual: 0x35 } as const;

/** The kernel refuses longer filters (BPF_MAXINSNS). */
export const MAXIMUM_INSTRUCTIONS = 4096;
const INSTRUCTION_WORDS = 2;
/** A jump's reach, less the two instructions that may be put between. */
const REACH = 253;

/** A place in the program: how many instructions follow it. */
export type Label = number;

interface Instruction {
  readonly code: number;
  readonly whenTrue: number;
  readonly whenFalse: number;
  readonly value: number;
}

export class Assembler {
  /** The program so far, last instruction first. */
  readonly #reversed: Instruction[] = [];
  readonly #returns = new Map<number, Label>();

  /** End the filter with a verdict. Equal verdicts share one instruction. */
  return(verdict: number): Label {
    return this.#returns.get(verdict) ?? this.#emitReturn(verdict);
  }

  /** Compare the accumulator with a constant and go on at one of two places. */
  branch(comparison: keyof typeof COMPARE, value: number, yes: Label, no: Label): Label {
    if (yes === no) return yes;
    const reachableYes = this.#reachable(yes);
    const reachableNo = this.#reachable(no);
    return this.#emit({
      code: COMPARE[comparison],
      whenTrue: this.#distance(reachableYes),
      whenFalse: this.#distance(reachableNo),
      value,
    });
  }

  /** Load 32 bits of struct seccomp_data into the accumulator, then go on. */
  load(offset: number, next: Label): Label {
    this.#fallInto(next);
    return this.#emit({ code: LOAD_WORD, whenTrue: 0, whenFalse: 0, value: offset });
  }

  /** Keep only the accumulator's bits that are in the mask, then go on. */
  mask(bits: number, next: Label): Label {
    this.#fallInto(next);
    return this.#emit({ code: AND, whenTrue: 0, whenFalse: 0, value: bits });
  }

  /**
   * The program as an array of struct sock_filter, 8 bytes each, little-endian like all machines it is for.
   *
   * @param entry where it begins
   * @throws RingsideError when the kernel would refuse it for its length
   */
  finish(entry: Label): Uint8Array {
    this.#fallInto(entry);
    const count = this.#reversed.length;
    if (count > MAXIMUM_INSTRUCTIONS) {
      throw new RingsideError(
        `the seccomp filter has ${count} instructions, the kernel takes ${MAXIMUM_INSTRUCTIONS}`,
        {
          fix: "use a profile with fewer rules on arguments",
        },
      );
    }
    const words = new Uint32Array(count * INSTRUCTION_WORDS);
    for (const [index, { code, whenTrue, whenFalse, value }] of this.#reversed.entries()) {
      const at = (count - 1 - index) * INSTRUCTION_WORDS;
      words[at] = code | (whenTrue << 16) | (whenFalse << 24);
      words[at + 1] = value;
    }
    return new Uint8Array(words.buffer);
  }

  #emit(instruction: Instruction): Label {
    this.#reversed.push(instruction);
    return this.#reversed.length - 1;
  }

  #emitReturn(verdict: number): Label {
    const label = this.#emit({ code: RETURN, whenTrue: 0, whenFalse: 0, value: verdict });
    this.#returns.set(verdict, label);
    return label;
  }

  /** How many instructions the next one would have to jump over. */
  #distance(label: Label): number {
    return this.#reversed.length - 1 - label;
  }

  #fallInto(label: Label): void {
    if (this.#distance(label) !== 0) this.#emitWayTo(label);
  }

  #reachable(label: Label): Label {
    return this.#distance(label) <= REACH ? label : this.#emitWayTo(label);
  }

  /** A copy of a `return`, or a jump: either leads where the label leads. */
  #emitWayTo(label: Label): Label {
    const target = this.#reversed[label];
    return target?.code === RETURN
      ? this.#emitReturn(target.value)
      : this.#emit({ code: JUMP, whenTrue: 0, whenFalse: 0, value: this.#distance(label) });
  }
}
