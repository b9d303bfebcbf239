/**
 * Conditions on a call's arguments as BPF. The machine has 32 bits and arguments have 64, so that each is compared by
 * halves. Offsets are those of struct seccomp_data on little-endian machines (seccomp(2)).
 */
import type { SeccompOperator } from "../../oci/seccomp.ts";
import type { Assembler, Label } from "./assembler.ts";
import type { CallRules, Condition } from "./rules.ts";
import { joinRuns, type Run, searchTree } from "./runs.ts";

const ARGUMENTS_OFFSET = 16;
const HALF = 0x1_0000_0000n;

/**
 * The code that decides one call, whose number is already known.
 *
 * @param wide whether arguments have 64 bits; otherwise only their lower halves count
 */
export function emitCall(assembler: Assembler, { conditional, otherwise }: CallRules, wide: boolean): Label {
  const last = assembler.return(otherwise);
  if (conditional.length === 0) return last;
  const ranges = rangesOf({ conditional, otherwise }, wide);
  if (ranges) return emitRanges(assembler, ranges, wide);
  return conditional.reduceRight((no, { conditions, verdict }) => {
    const yes = assembler.return(verdict);
    return conditions.reduceRight((next, condition) => emitCondition(assembler, condition, wide, next, no), yes);
  }, last);
}

function emitCondition(assembler: Assembler, condition: Condition, wide: boolean, yes: Label, no: Label): Label {
  const { op, index } = condition;
  if (op === "SCMP_CMP_NE") return emitCondition(assembler, { ...condition, op: "SCMP_CMP_EQ" }, wide, no, yes);
  if (op === "SCMP_CMP_LT") return emitCondition(assembler, { ...condition, op: "SCMP_CMP_GE" }, wide, no, yes);
  if (op === "SCMP_CMP_LE") return emitCondition(assembler, { ...condition, op: "SCMP_CMP_GT" }, wide, no, yes);
  const masked = op === "SCMP_CMP_MASKED_EQ";
  const value = halves(masked ? condition.expected : condition.value);
  const mask = masked ? halves(condition.value) : undefined;
  const low = emitHalf(assembler, lowOffset(index), mask?.low, () => {
    return assembler.branch(LOWER_HALF[op], value.low, yes, no);
  });
  if (!wide) return low;
  return emitHalf(assembler, lowOffset(index) + 4, mask?.high, () => {
    const equal = assembler.branch("equal", value.high, low, no);
    return masked || op === "SCMP_CMP_EQ" ? equal : assembler.branch("greater", value.high, yes, equal);
  });
}

/** How the lower halves are compared when the upper ones are equal. */
const LOWER_HALF = {
  SCMP_CMP_EQ: "equal",
  SCMP_CMP_MASKED_EQ: "equal",
  SCMP_CMP_GT: "greater",
  SCMP_CMP_GE: "greaterOrEqual",
} as const satisfies Partial<Record<SeccompOperator, string>>;

function emitHalf(assembler: Assembler, offset: number, mask: number | undefined, compare: () => Label): Label {
  const comparison = compare();
  return assembler.load(offset, mask === undefined ? comparison : assembler.mask(mask, comparison));
}

/** Many values of one argument, such as the socket families: ranges that a tree can search. */
interface Ranges {
  readonly index: number;
  readonly runs: readonly Run<number>[];
  /** The verdict for values above 32 bits. */
  readonly above: number;
}

/** Comparing one by one is as short, up to this many. */
const FEW = 3;

function rangesOf({ conditional, otherwise }: CallRules, wide: boolean): Ranges | undefined {
  const single = conditional.flatMap(({ conditions, verdict }) => {
    const [condition] = conditions;
    return condition && conditions.length === 1 ? [{ ...condition, verdict }] : [];
  });
  const [first] = single;
  const searchable = single.every(({ index, op, value }) => {
    return index === first?.index && op !== "SCMP_CMP_MASKED_EQ" && value < HALF;
  });
  if (!first || single.length !== conditional.length || single.length <= FEW || !searchable) return undefined;
  const verdictAt = (argument: bigint) => single.find((rule) => holds(rule, argument, wide))?.verdict ?? otherwise;
  const starts = new Set([0n, ...single.flatMap(({ value }) => [value, value + 1n])]);
  const runs = [...starts]
    .filter((start) => start < HALF)
    .sort((left, right) => Number(left - right))
    .map((start) => ({ start: Number(start), target: verdictAt(start) }));
  return { index: first.index, runs: joinRuns(runs), above: verdictAt(HALF) };
}

function emitRanges(assembler: Assembler, { index, runs, above }: Ranges, wide: boolean): Label {
  const targets = runs.map(({ start, target }) => ({ start, target: assembler.return(target) }));
  const low = assembler.load(lowOffset(index), searchTree(assembler, targets));
  if (!wide) return low;
  return assembler.load(lowOffset(index) + 4, assembler.branch("equal", 0, low, assembler.return(above)));
}

/**
 * Whether a condition holds for an argument: the meaning of each operator, in one place.
 *
 * @param wide otherwise only lower halves are compared
 */
export function holds({ op, value, expected }: Condition, argument: bigint, wide: boolean): boolean {
  const [left, right, then] = wide ? [argument, value, expected] : [argument % HALF, value % HALF, expected % HALF];
  switch (op) {
    case "SCMP_CMP_NE":
      return left !== right;
    case "SCMP_CMP_LT":
      return left < right;
    case "SCMP_CMP_LE":
      return left <= right;
    case "SCMP_CMP_EQ":
      return left === right;
    case "SCMP_CMP_GE":
      return left >= right;
    case "SCMP_CMP_GT":
      return left > right;
    case "SCMP_CMP_MASKED_EQ":
      return (left & right) === then;
  }
}

function halves(value: bigint): { low: number; high: number } {
  return { low: Number(value % HALF), high: Number(value / HALF) };
}

function lowOffset(index: number): number {
  return ARGUMENTS_OFFSET + 8 * index;
}
