/**
 * From a profile to what it says of each system call of one architecture. The meaning is libseccomp's, as runc uses it:
 *
 * - a rule with the default action says nothing;
 * - a rule without conditions wins over those with conditions, the first of several wins;
 * - of rules with conditions the first that holds wins, else the default action does;
 * - conditions on one argument in one rule are alternatives;
 * - names that an architecture does not have are skipped;
 * - a call that 32-bit x86 also makes through socketcall(2) or ipc(2) is ruled there too, by its code in the first
 *   argument; a condition on the call's own first argument is then lost, since it lies in memory;
 * - calls newer than the newest named are answered with ENOSYS, so that programs fall back to older ones.
 */
import { RingsideError } from "../../error.ts";
import type { SeccompArgument, SeccompOperator, SeccompProfile, SeccompRule } from "../../oci/seccomp.ts";
import { SECCOMP_OPERATORS } from "../../oci/seccomp-fields.ts";
import { PERMISSIVE, verdictOf } from "./actions.ts";
import type { Architecture } from "./architectures.ts";

/** A comparison of one argument, the values checked and widened. */
export interface Condition {
  readonly index: number;
  readonly op: SeccompOperator;
  readonly value: bigint;
  /** For SCMP_CMP_MASKED_EQ: what must be left under the mask `value`. */
  readonly expected: bigint;
}

export interface ConditionalVerdict {
  readonly conditions: readonly Condition[];
  readonly verdict: number;
}

/** What happens to one call: a verdict, or the first that holds of several and a verdict otherwise. */
export interface CallRules {
  readonly conditional: readonly ConditionalVerdict[];
  readonly otherwise: number;
}

export interface ArchitectureRules {
  readonly defaultVerdict: number;
  readonly calls: ReadonlyMap<number, CallRules>;
  /** Calls above this number are newer than the profile; undefined where that makes no difference. */
  readonly newestNumber: number | undefined;
}

/**
 * Resolves a profile for one architecture.
 *
 * @throws RingsideError for an action, operator, argument number or value that does not exist
 */
export function rulesFor(profile: SeccompProfile, architecture: Architecture): ArchitectureRules {
  const defaultVerdict = verdictOf(profile.defaultAction, profile.defaultErrnoRet);
  const calls = new Map<number, GrowingRules>();
  const numbers = architecture.numbers();
  const multiplexed = architecture.multiplexed?.();
  let newestNumber: number | undefined;
  for (const rule of profile.syscalls ?? []) {
    const verdict = verdictOf(rule.action, rule.errnoRet);
    const alternatives = alternativesOf(rule);
    const callOf = (number: number) => {
      const call = calls.get(number) ?? { conditional: [], otherwise: defaultVerdict, settled: false };
      calls.set(number, call);
      return call;
    };
    for (const name of rule.names) {
      const through = multiplexed?.get(name);
      if (through !== undefined && verdict !== defaultVerdict) {
        addRule(
          callOf(through.number),
          verdict,
          alternatives.map((conditions) => asMultiplexed(conditions, through.first)),
        );
      }
      const number = numbers.get(name);
      if (number === undefined) continue;
      if (number < architecture.privateFrom) newestNumber = Math.max(newestNumber ?? 0, number);
      // Also for a rule that says nothing: a call that is named is not newer than the profile.
      const call = callOf(number);
      if (verdict !== defaultVerdict) addRule(call, verdict, alternatives);
    }
  }
  return { defaultVerdict, calls, newestNumber: PERMISSIVE.has(profile.defaultAction) ? undefined : newestNumber };
}

interface GrowingRules {
  conditional: ConditionalVerdict[];
  otherwise: number;
  /** By a rule without conditions: no later one is asked. */
  settled: boolean;
}

function addRule(call: GrowingRules, verdict: number, alternatives: readonly (readonly Condition[])[]): void {
  if (call.settled) return;
  if (alternatives.some((conditions) => conditions.length === 0)) {
    Object.assign(call, { conditional: [], otherwise: verdict, settled: true });
  } else {
    call.conditional.push(...alternatives.map((conditions) => ({ conditions, verdict })));
  }
}

/** The first argument is the call's code, whatever the rule wanted of it. */
function asMultiplexed(conditions: readonly Condition[], first: number): Condition[] {
  const code: Condition = { index: 0, op: "SCMP_CMP_EQ", value: BigInt(first), expected: 0n };
  return [code, ...conditions.filter(({ index }) => index !== 0)];
}

/** One list of conditions that must all hold; several where one argument is named twice. */
function alternativesOf({ args = [] }: SeccompRule): Condition[][] {
  const conditions = args.map(parseCondition);
  const distinct = new Set(conditions.map(({ index }) => index)).size === conditions.length;
  return distinct ? [conditions] : conditions.map((condition) => [condition]);
}

function parseCondition({ index, op, value, valueTwo = 0 }: SeccompArgument): Condition {
  if (!(Number.isInteger(index) && index >= 0 && index <= 5)) {
    throw new RingsideError(`a seccomp rule looks at argument ${index}; system calls have arguments 0 to 5`);
  }
  if (!Object.hasOwn(SECCOMP_OPERATORS, op)) {
    throw new RingsideError(`unknown seccomp operator ${JSON.stringify(op)}`, {
      fix: `use one of ${Object.keys(SECCOMP_OPERATORS).join(", ")}`,
    });
  }
  const mask = parse64(value);
  // Bits outside of the mask cannot be in the result: they are not asked for either, as in libseccomp.
  return { index, op, value: mask, expected: parse64(valueTwo) & mask };
}

function parse64(value: number | bigint): bigint {
  const wide = typeof value === "bigint" ? value : Number.isInteger(value) ? BigInt(value) : -1n;
  if (wide < 0n || wide > 0xffff_ffff_ffff_ffffn) {
    throw new RingsideError(`a seccomp rule compares with ${value}, which is not a whole number of 64 bits`);
  }
  return wide;
}
