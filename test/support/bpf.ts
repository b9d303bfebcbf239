/**
 * An interpreter of classic BPF as seccomp uses it (kernel: networking/filter.rst, kernel/seccomp.c). It checks what
 * the kernel checks when a filter is loaded: known instructions, jumps inside the program, a return at every end.
 */

/** What the kernel hands to a filter: struct seccomp_data of linux/seccomp.h. */
export interface SeccompData {
  readonly number: number;
  readonly audit: number;
  readonly args: readonly bigint[];
}

interface Instruction {
  readonly code: number;
  readonly whenTrue: number;
  readonly whenFalse: number;
  readonly value: number;
}

export interface Run {
  readonly verdict: number;
  readonly steps: number;
  readonly loaded: readonly number[];
}

const LOAD_WORD = 0x20;
const AND = 0x54;
const RETURN = 0x06;
const JUMP = 0x05;
const COMPARE: Readonly<Record<number, (left: number, right: number) => boolean>> = {
  21: (left, right) => left === right,
  37: (left, right) => left > right,
  53: (left, right) => left >= right,
  69: (left, right) => (left & right) !== 0,
};
const KNOWN = new Set([LOAD_WORD, AND, RETURN, JUMP, ...Object.keys(COMPARE).map(Number)]);

/** struct seccomp_data: number, architecture, instruction pointer, six arguments. */
const DATA_BYTES = 64;

/**
 * Reads a filter and refuses what the kernel would refuse.
 *
 * @returns a function from a system call to the 32 bits of the verdict, the number of instructions run for it, and the
 *   offsets of what they loaded
 */
export function loadFilter(bytes: Uint8Array): (data: SeccompData) => Run {
  const program = decode(bytes);
  return (data) => run(program, encodeData(data));
}

function decode(bytes: Uint8Array): Instruction[] {
  if (bytes.length === 0 || bytes.length % 8 !== 0) throw new Error(`a filter of ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const program = Array.from({ length: bytes.length / 8 }, (_, index) => ({
    code: view.getUint16(index * 8, true),
    whenTrue: view.getUint8(index * 8 + 2),
    whenFalse: view.getUint8(index * 8 + 3),
    value: view.getUint32(index * 8 + 4, true),
  }));
  if (program.length > 4096) throw new Error(`${program.length} instructions`);
  for (const [index, { code, whenTrue, whenFalse, value }] of program.entries()) {
    const furthest = code === JUMP ? value : Math.max(whenTrue, whenFalse);
    if (!KNOWN.has(code)) throw new Error(`instruction ${index} is unknown: ${code}`);
    if (code !== RETURN && index + 1 + furthest >= program.length)
      throw new Error(`instruction ${index} leaves the program`);
    if (code === LOAD_WORD && (value % 4 !== 0 || value >= DATA_BYTES))
      throw new Error(`instruction ${index} loads ${value}`);
  }
  return program;
}

function encodeData({ number, audit, args }: SeccompData): DataView {
  const data = new DataView(new ArrayBuffer(DATA_BYTES));
  data.setUint32(0, number, true);
  data.setUint32(4, audit, true);
  for (const [index, argument] of args.entries()) data.setBigUint64(16 + 8 * index, argument, true);
  return data;
}

function run(program: readonly Instruction[], data: DataView): Run {
  const loaded: number[] = [];
  let accumulator = 0;
  let at = 0;
  for (let steps = 1; steps <= program.length; steps++) {
    const instruction = program[at];
    if (!instruction) break;
    const { code, whenTrue, whenFalse, value } = instruction;
    if (code === RETURN) return { verdict: value, steps, loaded };
    if (code === LOAD_WORD) {
      accumulator = data.getUint32(value, true);
      loaded.push(value);
    }
    if (code === AND) accumulator = (accumulator & value) >>> 0;
    at += 1 + (code === JUMP ? value : COMPARE[code]?.(accumulator, value) ? whenTrue : whenFalse);
  }
  throw new Error("the filter does not end");
}
