/**
 * What the tiny guest runs: a few bytes of 16-bit code, each written beside its mnemonic (Intel SDM volume 2; AMD64
 * Architecture Programmer's Manual volume 3). It starts in real mode with CS 0 and ES above its memory, so that what it
 * reaches for by ES is a device that is not there.
 *
 * Every `loop` and `jnz` jumps over one instruction alone, so that one turn is one exit.
 */

/** Ports by what the guest means with an `out` to them. */
export const PORTS = {
  /** The first thing that the guest does, and its signs in between: the POST code port of a PC. */
  alive: 0x80,
  /** The kernel's counters are read. */
  mark: 0x84,
  /** The byte: the debug console's port, as QEMU and Bochs have it. */
  byte: 0xe9,
  /** The loops of `out` and `in`; nothing is there on a PC. */
  loop: 0x8f,
  /** The end: as QEMU's isa-debug-exit. */
  end: 0xf4,
} as const;

export const LOAD_ADDRESS = 0x1000;
/** Nothing was written there: a table of interrupts without an entry. */
const ZEROS_ADDRESS = 0x0500;
/** A PC's screen, which this machine has not got. */
export const DEVICE_SEGMENT = 0xa000;

export const TURNS_OF_COMPUTING = 10_000;
/** `dec` and `jnz`. */
export const INSTRUCTIONS_A_TURN = 2;
export const THE_BYTE = 0x52;

export type Part =
  | "first sign"
  | "the byte"
  | "out"
  | "in"
  | "MMIO write"
  | "MMIO read"
  | "HLT"
  | "computing"
  | "CPUID"
  | "the end";

export interface Instruction {
  readonly part: Part;
  readonly bytes: readonly number[];
  readonly mnemonic: string;
}

/** An instruction with the address that it lies at. */
export interface Placed extends Instruction {
  readonly address: number;
}

function row(part: Part, mnemonic: string, ...bytes: number[]): Instruction {
  return { part, mnemonic, bytes };
}

function word(value: number): [number, number] {
  return [value & 0xff, value >> 8];
}

function out(part: Part, port: number): Instruction {
  return row(part, `out ${hex(port)}, al`, 0xe6, port);
}

/** One instruction, `turns` times: a turn is one exit. */
function repeated(part: Part, turns: number, mnemonic: string, ...bytes: number[]): Instruction[] {
  return [
    row(part, `mov cx, ${turns}`, 0xb9, ...word(turns)),
    row(part, mnemonic, ...bytes),
    row(part, "loop, one instruction back", 0xe2, 0x100 - bytes.length - 2),
  ];
}

/** The least that is a machine: a sign, a byte, the end. */
const LEAST: readonly Instruction[] = [
  out("first sign", PORTS.alive),
  row("the byte", `mov al, ${hex(THE_BYTE)}`, 0xb0, THE_BYTE),
  out("the byte", PORTS.byte),
];

function exitLoops(turns: number): Instruction[] {
  return [
    ...repeated("out", turns, `out ${hex(PORTS.loop)}, al`, 0xe6, PORTS.loop),
    ...repeated("in", turns, `in al, ${hex(PORTS.loop)}`, 0xe4, PORTS.loop),
    ...repeated("MMIO write", turns, "mov es:[0], al", 0x26, 0xa2, 0x00, 0x00),
    ...repeated("MMIO read", turns, "mov al, es:[0]", 0x26, 0xa0, 0x00, 0x00),
    ...repeated("HLT", turns, "hlt", 0xf4),
  ];
}

/** Between two marks: nothing but arithmetic, so that the kernel's counters tell who did it. */
const COMPUTING: readonly Instruction[] = [
  out("computing", PORTS.mark),
  row("computing", `mov cx, ${TURNS_OF_COMPUTING}`, 0xb9, ...word(TURNS_OF_COMPUTING)),
  row("computing", "dec cx", 0x49),
  row("computing", "jnz, one instruction back", 0x75, 0xfd),
  out("computing", PORTS.mark),
];

/** CPUID leaves the guest on every hypervisor, and its kernel answers: the monitor never sees it. */
function identifying(turns: number): Instruction[] {
  return [
    row("CPUID", `mov si, ${turns}`, 0xbe, ...word(turns)),
    row("CPUID", "xor eax, eax", 0x66, 0x31, 0xc0),
    row("CPUID", "cpuid", 0x0f, 0xa2),
    row("CPUID", "dec si", 0x4e),
    row("CPUID", "jnz, three instructions back", 0x75, 0xf8),
    out("CPUID", PORTS.mark),
  ];
}

/** An exception in protected mode, and no table that says who takes it: the processor shuts down. */
const SHUTTING_DOWN: readonly Instruction[] = [
  row("the end", `lidt [${hex(ZEROS_ADDRESS)}]`, 0x0f, 0x01, 0x1e, ...word(ZEROS_ADDRESS)),
  row("the end", "mov eax, cr0", 0x0f, 0x20, 0xc0),
  row("the end", "or al, 1", 0x0c, 0x01),
  row("the end", "mov cr0, eax", 0x0f, 0x22, 0xc0),
  row("the end", "ud2", 0x0f, 0x0b),
];

/** @returns the least program: what a start is timed with. */
export function leastProgram(): Placed[] {
  return placed([...LEAST, out("the end", PORTS.end)]);
}

/**
 * @param turns how often the guest leaves for each reason, 1 to 65,535
 * @returns the program that leaves for every reason that it can, computes, and shuts down
 */
export function exitProgram(turns: number): Placed[] {
  return placed([...LEAST, ...exitLoops(turns), ...COMPUTING, ...identifying(turns), ...SHUTTING_DOWN]);
}

function placed(program: readonly Instruction[]): Placed[] {
  let address = LOAD_ADDRESS;
  return program.map((instruction) => {
    const here = { ...instruction, address };
    address += instruction.bytes.length;
    return here;
  });
}

/** @returns the bytes as they lie in the guest's memory. */
export function codeOf(program: readonly Instruction[]): Uint8Array {
  return Uint8Array.from(program.flatMap(({ bytes }) => bytes));
}

/** @returns `0x80` */
export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
