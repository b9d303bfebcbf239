/**
 * The list of allowed devices as a program of the kernel's: cgroup v2 has no file for it, but asks a BPF program of the
 * type CGROUP_DEVICE whenever somebody in the group opens or makes a device node. bpf(2);
 * admin-guide/cgroup-v2.rst, "Device controller"; instructions: bpf/standardization/instruction-set.rst.
 */
import type { DeviceRule } from "./device-rules.ts";

/** Registers. r0 is the verdict, r1 points to what is asked about (struct bpf_cgroup_dev_ctx). */
const R = { verdict: 0, context: 1, type: 2, access: 3, major: 4, minor: 5 } as const;

/** Opcodes: class, operation and source of the operand in one byte. */
const LOAD_WORD = 0x61;
const AND = 0x54;
const SHIFT_RIGHT = 0x74;
const MOVE = 0xb7;
const JUMP = 0x05;
const JUMP_IF_NOT_EQUAL = 0x55;
const JUMP_IF_ANY_BIT = 0x45;
const EXIT = 0x95;

/** linux/bpf.h: BPF_DEVCG_DEV_*, BPF_DEVCG_ACC_*. */
const TYPES = { b: 1, c: 2 } as const;
const ACCESS: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 };
const EVERY_ACCESS = 7;

/** Where struct bpf_cgroup_dev_ctx has its fields; the first holds access in its upper half and type in its lower. */
const FIELDS = { accessAndType: 0, major: 4, minor: 8 } as const;

interface Instruction {
  readonly code: number;
  readonly register: number;
  readonly source?: number;
  readonly offset?: number;
  readonly value?: number;
}

/**
 * The program: the rules from the last to the first. A rule that denies something of what is asked for ends with no; one
 * that allows takes away what it allows, and ends with yes when nothing is left. What no rule allows is denied.
 *
 * @returns instructions of 8 bytes each, for BPF_PROG_LOAD
 */
export function deviceFilter(rules: readonly DeviceRule[]): Uint8Array {
  const instructions: Instruction[] = [
    { code: LOAD_WORD, register: R.type, source: R.context, offset: FIELDS.accessAndType },
    { code: AND, register: R.type, value: 0xffff },
    { code: LOAD_WORD, register: R.access, source: R.context, offset: FIELDS.accessAndType },
    { code: SHIFT_RIGHT, register: R.access, value: 16 },
    { code: LOAD_WORD, register: R.major, source: R.context, offset: FIELDS.major },
    { code: LOAD_WORD, register: R.minor, source: R.context, offset: FIELDS.minor },
    ...rules.toReversed().flatMap(ruleInstructions),
    ...verdict(0),
  ];
  return assemble(instructions);
}

function verdict(value: 0 | 1): Instruction[] {
  return [
    { code: MOVE, register: R.verdict, value },
    { code: EXIT, register: 0 },
  ];
}

function ruleInstructions(rule: DeviceRule): Instruction[] {
  const mask = [...rule.access].reduce((bits, letter) => bits | (ACCESS[letter] ?? 0), 0);
  const body = rule.allow ? allowing(mask) : denying(mask);
  const conditions = [
    { register: R.type, value: TYPES[rule.type] },
    ...(rule.major === undefined ? [] : [{ register: R.major, value: rule.major }]),
    ...(rule.minor === undefined ? [] : [{ register: R.minor, value: rule.minor }]),
  ];
  // Each condition that does not hold jumps behind the rule.
  return [
    ...conditions.map(({ register, value }, index) => {
      return { code: JUMP_IF_NOT_EQUAL, register, value, offset: conditions.length - 1 - index + body.length };
    }),
    ...body,
  ];
}

function denying(mask: number): Instruction[] {
  const no = verdict(0);
  if (mask === EVERY_ACCESS) return no;
  return [
    { code: JUMP_IF_ANY_BIT, register: R.access, value: mask, offset: 1 },
    { code: JUMP, register: 0, offset: no.length },
    ...no,
  ];
}

function allowing(mask: number): Instruction[] {
  const yes = verdict(1);
  if (mask === EVERY_ACCESS) return yes;
  return [
    { code: AND, register: R.access, value: EVERY_ACCESS & ~mask },
    { code: JUMP_IF_NOT_EQUAL, register: R.access, value: 0, offset: yes.length },
    ...yes,
  ];
}

function assemble(instructions: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(instructions.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, { code, register, source = 0, offset = 0, value = 0 }] of instructions.entries()) {
    view.setUint8(index * 8, code);
    view.setUint8(index * 8 + 1, register | (source << 4));
    view.setInt16(index * 8 + 2, offset, true);
    view.setInt32(index * 8 + 4, value, true);
  }
  return bytes;
}
