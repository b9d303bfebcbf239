/**
 * Writes ELF files for tests: as small as they can be and still say what a loader reads. Follows elf(5).
 */

export interface ElfPlan {
  readonly bits?: 32 | 64;
  readonly littleEndian?: boolean;
  readonly machine?: number;
  readonly interpreter?: string;
  readonly needed?: readonly string[];
  readonly soname?: string;
  readonly rpath?: string;
  readonly runpath?: string;
}

const DT = { needed: 1, strtab: 5, strsz: 10, soname: 14, rpath: 15, runpath: 29 };
const PT = { load: 1, dynamic: 2, interp: 3 };

/** Addresses in memory differ from offsets in the file, as they do in real files. */
const BASE_ADDRESS = 0x40_0000;

/** @returns the bytes of an ELF file that says what the plan says */
export function makeElf(plan: ElfPlan = {}): Uint8Array {
  const { bits = 64, littleEndian = true, machine = bits === 64 ? 62 : 3 } = plan;
  const word = bits / 8;
  const headerBytes = bits === 64 ? 64 : 52;
  const segmentBytes = bits === 64 ? 56 : 32;

  const strings = stringTable();
  const dynamic: [number, number][] = (plan.needed ?? []).map((name) => [DT.needed, strings.add(name)]);
  for (const key of ["soname", "rpath", "runpath"] as const) {
    const value = plan[key];
    if (value !== undefined) dynamic.push([DT[key], strings.add(value)]);
  }
  const isDynamic = dynamic.length > 0;
  const interpreter = plan.interpreter === undefined ? undefined : Buffer.from(`${plan.interpreter}\0`);
  const segmentCount = 1 + (isDynamic ? 1 : 0) + (interpreter ? 1 : 0);

  const interpreterAt = headerBytes + segmentCount * segmentBytes;
  const stringsAt = interpreterAt + (interpreter?.length ?? 0);
  const dynamicAt = Math.ceil((stringsAt + strings.bytes().length) / 8) * 8;
  const rows: [number, number][] = [
    ...dynamic,
    [DT.strtab, BASE_ADDRESS + stringsAt],
    [DT.strsz, strings.bytes().length],
    [0, 0],
  ];
  const size = dynamicAt + (isDynamic ? rows.length * 2 * word : 0);

  const bytes = Buffer.alloc(size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, size);
  const half = (at: number, value: number) => view.setUint16(at, value, littleEndian);
  const int = (at: number, value: number) => view.setUint32(at, value, littleEndian);
  const address = (at: number, value: number) =>
    bits === 64 ? view.setBigUint64(at, BigInt(value), littleEndian) : int(at, value);

  bytes.set([0x7f, 0x45, 0x4c, 0x46, bits === 64 ? 2 : 1, littleEndian ? 1 : 2, 1]);
  half(16, 3);
  half(18, machine);
  address(bits === 64 ? 32 : 28, headerBytes);
  half(bits === 64 ? 54 : 42, segmentBytes);
  half(bits === 64 ? 56 : 44, segmentCount);

  let at = headerBytes;
  const segment = (type: number, offset: number, length: number) => {
    int(at, type);
    address(at + (bits === 64 ? 8 : 4), offset);
    address(at + (bits === 64 ? 16 : 8), BASE_ADDRESS + offset);
    address(at + (bits === 64 ? 32 : 16), length);
    at += segmentBytes;
  };
  segment(PT.load, 0, size);
  if (interpreter) {
    segment(PT.interp, interpreterAt, interpreter.length);
    bytes.set(interpreter, interpreterAt);
  }
  if (isDynamic) {
    segment(PT.dynamic, dynamicAt, rows.length * 2 * word);
    bytes.set(strings.bytes(), stringsAt);
    rows.forEach(([tag, value], index) => {
      address(dynamicAt + index * 2 * word, tag);
      address(dynamicAt + index * 2 * word + word, value);
    });
  }
  return bytes;
}

function stringTable() {
  let text = "\0";
  return {
    add(value: string): number {
      const at = Buffer.byteLength(text);
      text += `${value}\0`;
      return at;
    },
    bytes: () => Buffer.from(text),
  };
}
