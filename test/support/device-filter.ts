/**
 * What a device program answers: an interpreter of the few BPF instructions that such programs are made of. Whatever it
 * does not know is an error, so that no test passes by an instruction that was passed over.
 */

/** What the kernel asks about: struct bpf_cgroup_dev_ctx. */
export interface DeviceQuestion {
  readonly type: "c" | "b";
  readonly major: number;
  readonly minor: number;
  /** Some of r, w and m. */
  readonly access: string;
}

const ACCESS: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 };
const MOST_STEPS = 100_000;

/** @returns whether the kernel would let the question pass */
export function runDeviceFilter(program: Uint8Array, { type, major, minor, access }: DeviceQuestion): boolean {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const bits = [...access].reduce((sum, letter) => sum | (ACCESS[letter] ?? 0), 0);
  const context = [((bits << 16) | (type === "b" ? 1 : 2)) >>> 0, major, minor];
  const registers = new Array<number>(11).fill(0);
  for (let at = 0, steps = 0; steps < MOST_STEPS; at++, steps++) {
    if (at * 8 >= program.byteLength) throw new Error("the program runs over its end");
    const code = view.getUint8(at * 8);
    const to = view.getUint8(at * 8 + 1) & 0xf;
    const offset = view.getInt16(at * 8 + 2, true);
    const value = view.getInt32(at * 8 + 4, true);
    const current = registers[to] ?? 0;
    if (code === 0x95) return registers[0] === 1;
    if (code === 0x61) registers[to] = context[offset / 4] ?? Number.NaN;
    else if (code === 0x54) registers[to] = (current & value) >>> 0;
    else if (code === 0x74) registers[to] = current >>> value;
    else if (code === 0xb7) registers[to] = value;
    else if (code === 0x05) at += offset;
    else if (code === 0x55) at += current === value ? 0 : offset;
    else if (code === 0x45) at += (current & value) === 0 ? 0 : offset;
    else throw new Error(`an instruction that is not expected: ${code.toString(16)}`);
  }
  throw new Error("the program does not end");
}
