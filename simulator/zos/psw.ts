/**
 * The program status word: where the next instruction is, and in which state it runs (z/Architecture Principles of
 * Operation, SA22-7832; ESA/390's differs in length and in bit 12). Bits are numbered as IBM does, 0 the leftmost.
 */
import type { Era } from "./era.ts";

export interface Psw {
  /** 0 is the supervisor's key, 8 the usual one of a program. */
  readonly key: number;
  /** Bit 15: problem state. What is left is supervisor state. */
  readonly problem: boolean;
  /** Bits 6 and 7: whether I/O and external interruptions may come. */
  readonly enabled: boolean;
  /** Bit 5: dynamic address translation. */
  readonly translation: boolean;
  /** Bit 14: the processor waits. */
  readonly wait: boolean;
  readonly addressSpace: "primary" | "secondary" | "access-register" | "home";
  readonly addressingMode: 24 | 31 | 64;
  readonly instructionAddress: number;
}

const ADDRESS_SPACE_BITS = { primary: 0b00, "access-register": 0b01, secondary: 0b10, home: 0b11 } as const;

/** The PSW of an ordinary program: problem state, key 8, enabled. */
export const PROBLEM_PSW: Psw = {
  key: 8,
  problem: true,
  enabled: true,
  translation: true,
  wait: false,
  addressSpace: "primary",
  addressingMode: 31,
  instructionAddress: 0x1000,
};

/** What every new PSW of z/OS says: supervisor state, key 0, disabled. Nothing else makes an interruption privileged. */
export const INTERRUPTION_PSW: Psw = { ...PROBLEM_PSW, key: 0, problem: false, enabled: false };

/** @returns the PSW that no instruction follows: disabled, waiting, its address the code of the wait state. */
export function disabledWait(code: number): Psw {
  return { ...INTERRUPTION_PSW, translation: false, wait: true, instructionAddress: code };
}

/**
 * @param psw what to encode
 * @param era whose format
 * @returns the PSW in hexadecimal, words apart: two of them, or four for z/Architecture
 * @throws RangeError where the era has no such addressing mode, or the address does not fit it
 */
export function encodePsw(psw: Psw, era: Pick<Era, "pswFormat" | "addressingModes" | "name">): string {
  if (!era.addressingModes.includes(psw.addressingMode)) {
    throw new RangeError(`encode a PSW: ${era.name} has no ${psw.addressingMode}-bit mode`);
  }
  if (psw.instructionAddress >= 2 ** psw.addressingMode) {
    throw new RangeError(`encode a PSW: ${psw.instructionAddress} is no ${psw.addressingMode}-bit address`);
  }
  const short = era.pswFormat === "ESA/390";
  const address = BigInt(psw.instructionAddress);
  if (short) {
    const mode = psw.addressingMode === 31 ? 1n << 31n : 0n;
    return words([leftWord(psw) | (1n << bit(12)), mode | address]);
  }
  const extended = psw.addressingMode === 64 ? 1n : 0n;
  const basic = psw.addressingMode === 24 ? 0n : 1n << 31n;
  return words([leftWord(psw) | extended, basic, address >> 32n, address & 0xffffffffn]);
}

/** The first word: what both formats share. */
function leftWord(psw: Psw): bigint {
  const flag = (on: boolean, at: number): bigint => (on ? 1n << bit(at) : 0n);
  return (
    flag(psw.translation, 5) |
    flag(psw.enabled, 6) |
    flag(psw.enabled, 7) |
    (BigInt(psw.key) << 20n) |
    flag(!psw.wait || psw.enabled, 13) |
    flag(psw.wait, 14) |
    flag(psw.problem, 15) |
    (BigInt(ADDRESS_SPACE_BITS[psw.addressSpace]) << 14n)
  );
}

/** Where IBM's bit lies in a word of 32. */
function bit(number: number): bigint {
  return BigInt(31 - number);
}

function words(values: readonly bigint[]): string {
  return values.map((value) => value.toString(16).toUpperCase().padStart(8, "0")).join(" ");
}
