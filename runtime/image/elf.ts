/**
 * Reads from an ELF file what the dynamic loader would: the interpreter, the libraries it needs, and where it asks for
 * them to be looked for. Follows elf(5) and the System V gABI, chapters 4 and 5.
 *
 * The file is not trusted. Every offset is checked against the file's size before it is used, every count has a limit,
 * and every string must end inside its table; a file that breaks a rule is refused with the rule's name.
 */

export interface Elf {
  readonly bits: 32 | 64;
  /** e_machine: 62 is x86-64, 183 is AArch64. A library for another machine does not satisfy a need. */
  readonly machine: number;
  /** PT_INTERP: the loader. Absent in a static program and in most libraries. */
  readonly interpreter: string | undefined;
  /** DT_NEEDED, in the loader's order. */
  readonly needed: readonly string[];
  readonly soname: string | undefined;
  /** DT_RPATH, split at colons; the loader ignores it where DT_RUNPATH is given (ld.so(8)). */
  readonly rpath: readonly string[];
  /** DT_RUNPATH, split at colons. */
  readonly runpath: readonly string[];
}

/** A file that is not an ELF file, or that breaks a rule of the format. */
export class ElfError extends Error {
  constructor(rule: string) {
    super(`read ELF: ${rule}`);
    this.name = "ElfError";
  }
}

const MAGIC = [0x7f, 0x45, 0x4c, 0x46];
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT = { null: 0n, needed: 1n, strtab: 5n, strsz: 10n, soname: 14n, rpath: 15n, runpath: 29n } as const;
const EM_X86_64 = 62;

/** Real files have about a dozen segments and some tens of dynamic entries. */
const MOST_SEGMENTS = 1024;
const MOST_DYNAMIC_ENTRIES = 4096;
const LONGEST_STRING_BYTES = 4096;

interface Layout {
  readonly header: number;
  readonly segmentOffsetAt: number;
  readonly segmentSizeAt: number;
  readonly segmentSize: number;
  /** Places inside one program header. */
  readonly segment: { offset: number; address: number; fileSize: number };
}

const LAYOUTS: Readonly<Record<32 | 64, Layout>> = {
  32: {
    header: 52,
    segmentOffsetAt: 28,
    segmentSizeAt: 42,
    segmentSize: 32,
    segment: { offset: 4, address: 8, fileSize: 16 },
  },
  64: {
    header: 64,
    segmentOffsetAt: 32,
    segmentSizeAt: 54,
    segmentSize: 56,
    segment: { offset: 8, address: 16, fileSize: 32 },
  },
};

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: bigint;
  readonly size: number;
}

/** Numbers of one file, by its byte order and word size, never outside of it. */
class Reader {
  readonly #view: DataView;
  readonly #little: boolean;
  readonly bits: 32 | 64;

  constructor(bytes: Uint8Array, bits: 32 | 64, little: boolean) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.bits = bits;
    this.#little = little;
  }

  get size(): number {
    return this.#view.byteLength;
  }

  half(at: number): number {
    this.#check(at, 2);
    return this.#view.getUint16(at, this.#little);
  }

  word(at: number): number {
    this.#check(at, 4);
    return this.#view.getUint32(at, this.#little);
  }

  /** An address-sized number: 4 or 8 bytes. */
  address(at: number): bigint {
    if (this.bits === 32) return BigInt(this.word(at));
    this.#check(at, 8);
    return this.#view.getBigUint64(at, this.#little);
  }

  /** An address-sized number that has to lie within the file. */
  offset(at: number, what: string): number {
    const value = this.address(at);
    if (value > BigInt(this.size)) throw new ElfError(`${what} lies outside of the file`);
    return Number(value);
  }

  string(at: number, end: number, what: string): string {
    const limit = Math.min(end, this.size, at + LONGEST_STRING_BYTES);
    let stop = at;
    while (stop < limit && this.#view.getUint8(stop) !== 0) stop++;
    if (at < 0 || stop >= limit) throw new ElfError(`${what} does not end inside its table`);
    return new TextDecoder().decode(new Uint8Array(this.#view.buffer, this.#view.byteOffset + at, stop - at));
  }

  #check(at: number, bytes: number): void {
    if (!(at >= 0 && at + bytes <= this.size)) throw new ElfError("the file ends too early");
  }
}

/**
 * Reads an ELF file.
 *
 * @throws ElfError where the bytes are not an ELF file or break a rule of the format
 */
export function readElf(bytes: Uint8Array): Elf {
  const reader = openReader(bytes);
  const segments = readSegments(reader);
  const interpreter = segments.find((segment) => segment.type === PT_INTERP);
  const dynamic = segments.find((segment) => segment.type === PT_DYNAMIC);
  return {
    bits: reader.bits,
    machine: reader.half(18),
    interpreter:
      interpreter && reader.string(interpreter.offset, interpreter.offset + interpreter.size, "the interpreter's path"),
    ...(dynamic === undefined ? NO_DYNAMIC : readDynamic(reader, segments, dynamic)),
  };
}

/** Whether a file says of itself that it is an ELF file. */
export function isElf(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, index) => bytes[index] === byte);
}

const NO_DYNAMIC = { needed: [], soname: undefined, rpath: [], runpath: [] } as const;

function openReader(bytes: Uint8Array): Reader {
  if (bytes.length < 20 || !isElf(bytes)) throw new ElfError("no ELF magic");
  const bits = bytes[4] === 1 ? 32 : bytes[4] === 2 ? 64 : undefined;
  if (bits === undefined) throw new ElfError("the class is neither 32 nor 64 bits");
  if (bytes[5] !== 1 && bytes[5] !== 2) throw new ElfError("the byte order is neither little nor big");
  const reader = new Reader(bytes, bits, bytes[5] === 1);
  if (reader.size < LAYOUTS[bits].header) throw new ElfError("the file ends too early");
  // x32 (32-bit files for x86-64) needs a loader of its own, which no image here has.
  if (bits === 32 && reader.half(18) === EM_X86_64) throw new ElfError("x32 files are not supported");
  return reader;
}

function readSegments(reader: Reader): Segment[] {
  const layout = LAYOUTS[reader.bits];
  const count = reader.half(layout.segmentSizeAt + 2);
  if (count === 0) return [];
  if (count > MOST_SEGMENTS) throw new ElfError(`more than ${MOST_SEGMENTS} program headers`);
  if (reader.half(layout.segmentSizeAt) !== layout.segmentSize) throw new ElfError("program headers of a foreign size");
  const table = reader.offset(layout.segmentOffsetAt, "the program header table");
  return Array.from({ length: count }, (_, index) => {
    const at = table + index * layout.segmentSize;
    const offset = reader.offset(at + layout.segment.offset, "a segment");
    const size = reader.offset(at + layout.segment.fileSize, "a segment");
    if (offset + size > reader.size) throw new ElfError("a segment lies outside of the file");
    return { type: reader.word(at), offset, address: reader.address(at + layout.segment.address), size };
  });
}

function readDynamic(reader: Reader, segments: readonly Segment[], dynamic: Segment) {
  const entries = dynamicEntries(reader, dynamic);
  const value = (tag: bigint) => entries.find((entry) => entry.tag === tag)?.value;
  const address = value(DT.strtab);
  if (address === undefined) return NO_DYNAMIC;
  const start = fileOffset(segments, address);
  const end = start + Number(value(DT.strsz) ?? BigInt(reader.size - start));
  const text = (offset: bigint) => {
    if (offset > BigInt(reader.size)) throw new ElfError("a dynamic string lies outside of the file");
    return reader.string(start + Number(offset), end, "a dynamic string");
  };
  const path = (tag: bigint) => {
    const offset = value(tag);
    return offset === undefined ? [] : text(offset).split(":");
  };
  const soname = value(DT.soname);
  return {
    needed: entries.filter((entry) => entry.tag === DT.needed).map((entry) => text(entry.value)),
    soname: soname === undefined ? undefined : text(soname),
    rpath: path(DT.rpath),
    runpath: path(DT.runpath),
  };
}

function dynamicEntries(reader: Reader, dynamic: Segment): { tag: bigint; value: bigint }[] {
  const bytes = reader.bits / 8;
  const count = Math.min(Math.floor(dynamic.size / (2 * bytes)), MOST_DYNAMIC_ENTRIES);
  const entries = Array.from({ length: count }, (_, index) => {
    const at = dynamic.offset + index * 2 * bytes;
    return { tag: reader.address(at), value: reader.address(at + bytes) };
  });
  const end = entries.findIndex((entry) => entry.tag === DT.null);
  return end === -1 ? entries : entries.slice(0, end);
}

/** Dynamic entries speak of addresses in memory; PT_LOAD segments say where in the file those lie. */
function fileOffset(segments: readonly Segment[], address: bigint): number {
  const segment = segments.find(
    (each) => each.type === PT_LOAD && address >= each.address && address < each.address + BigInt(each.size),
  );
  if (segment === undefined) throw new ElfError("the string table lies in no loaded segment");
  return segment.offset + Number(address - segment.address);
}
