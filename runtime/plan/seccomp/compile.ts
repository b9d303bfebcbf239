/**
 * The compiler from an OCI seccomp profile to a BPF filter (seccomp(2)).
 *
 * The filter asks for the architecture, then finds the call's number in a balanced tree of ranges. Calls that are
 * allowed whatever their arguments are decided by these two alone: the kernel notices that when the filter is loaded
 * and never runs it for them again (its bitmap of constant actions, since Linux 5.11).
 */
import { RingsideError } from "../../error.ts";
import type { SeccompProfile } from "../../oci/seccomp.ts";
import { FOREIGN_VERDICT, NEWER_VERDICT, verdictOf } from "./actions.ts";
import { type Architecture, isMachineArchitecture, SERVED } from "./architectures.ts";
import { Assembler, type Label } from "./assembler.ts";
import { emitCall } from "./conditions.ts";
import { type CallRules, rulesFor } from "./rules.ts";
import { joinRuns, type Run, searchTree } from "./runs.ts";
import { X32_BIT } from "./tables/x86-64.ts";

const NUMBER_OFFSET = 0;
const ARCHITECTURE_OFFSET = 4;
const NO_CALL = 0xffff_ffff;

export interface CompileOptions {
  /** Whose kernel it is for: a value of `process.arch`. */
  readonly arch?: string;
}

/**
 * Compiles a profile.
 *
 * @param profile as the OCI specification writes it; names unknown here are skipped
 * @returns an array of struct sock_filter, ready for seccomp(2)
 * @throws RingsideError for a machine whose calls are not in the tables, a wrong value, or a filter that is too long
 */
export function compileSeccomp(profile: SeccompProfile, { arch = process.arch }: CompileOptions = {}): Uint8Array {
  if (!isMachineArchitecture(arch)) {
    throw new RingsideError(`cannot compile a seccomp filter for ${arch}: its system call numbers are not known here`, {
      fix: `use a machine of one of: ${Object.keys(SERVED).join(", ")}`,
    });
  }
  const assembler = new Assembler();
  const blocks = auditGroups(includedArchitectures(profile, SERVED[arch])).map(([audit, group]) => {
    return { audit, start: emitNumbers(assembler, numberRuns(assembler, profile, group)) };
  });
  const foreign = assembler.return(FOREIGN_VERDICT);
  const tests = blocks.reduceRight((next, { audit, start }) => assembler.branch("equal", audit, start, next), foreign);
  return assembler.finish(assembler.load(ARCHITECTURE_OFFSET, tests));
}

/** The machine's own architecture always, the others where the profile names them. */
function includedArchitectures(profile: SeccompProfile, served: readonly Architecture[]): Architecture[] {
  return served.filter(({ name }, index) => index === 0 || profile.architectures?.includes(name));
}

/** x86-64 and x32 come to the filter as one architecture and differ by a bit of the number. */
function auditGroups(architectures: readonly Architecture[]): [number, Architecture[]][] {
  const groups = new Map<number, Architecture[]>();
  for (const architecture of architectures) {
    groups.set(architecture.audit, [...(groups.get(architecture.audit) ?? []), architecture]);
  }
  return [...groups];
}

function emitNumbers(assembler: Assembler, runs: readonly Run<Label>[]): Label {
  return assembler.load(NUMBER_OFFSET, searchTree(assembler, runs));
}

/** All numbers of one audit architecture, from 0 to 2^32, as runs. */
function numberRuns(assembler: Assembler, profile: SeccompProfile, group: readonly Architecture[]): Run<Label>[] {
  const [own] = group;
  const hasX32 = group.some(({ base }) => base === X32_BIT);
  const runs = group.flatMap((architecture) => architectureRuns(assembler, profile, architecture));
  // x32 calls to a filter without x32: foreign, like any other architecture that is not named. Not so -1, which is what
  // a tracer writes for "no call": it gets the default verdict.
  if (own?.name === "SCMP_ARCH_X86_64" && !hasX32) {
    runs.push({ start: X32_BIT, target: assembler.return(FOREIGN_VERDICT) });
    runs.push({ start: NO_CALL, target: assembler.return(verdictOf(profile.defaultAction, profile.defaultErrnoRet)) });
  }
  return joinRuns(runs);
}

function architectureRuns(assembler: Assembler, profile: SeccompProfile, architecture: Architecture): Run<Label>[] {
  const { defaultVerdict, calls, newestNumber } = rulesFor(profile, architecture);
  const fallback = assembler.return(defaultVerdict);
  const newer = newestNumber === undefined ? fallback : assembler.return(NEWER_VERDICT);
  const targetOf = sharedTargets(assembler, architecture.wide);
  const runs: Run<Label>[] = [];
  let next = architecture.base;
  for (const number of [...calls.keys()].sort((left, right) => left - right)) {
    const rules = calls.get(number);
    if (!rules) continue;
    if (number > next) runs.push(...gap(next, number, { fallback, newer, newestNumber }));
    runs.push({ start: number, target: targetOf(rules) });
    next = number + 1;
  }
  runs.push(...gap(next, Number.POSITIVE_INFINITY, { fallback, newer, newestNumber }));
  return joinRuns(runs);
}

/** Numbers that no rule is about: those up to the newest named get the default verdict, newer ones ENOSYS. */
function gap(
  start: number,
  end: number,
  { fallback, newer, newestNumber }: { fallback: Label; newer: Label; newestNumber: number | undefined },
): Run<Label>[] {
  const newerFrom = newestNumber === undefined ? end : newestNumber + 1;
  return [
    ...(start < newerFrom ? [{ start, target: fallback }] : []),
    ...(newerFrom < end ? [{ start: Math.max(start, newerFrom), target: newer }] : []),
  ];
}

/** Code for a call's rules; calls with equal rules share it. */
function sharedTargets(assembler: Assembler, wide: boolean): (rules: CallRules) => Label {
  const targets = new Map<string, Label>();
  return (rules) => {
    if (rules.conditional.length === 0) return assembler.return(rules.otherwise);
    const key = keyOf(rules);
    const target = targets.get(key) ?? emitCall(assembler, rules, wide);
    targets.set(key, target);
    return target;
  };
}

/** Equal for equal rules. */
function keyOf({ conditional, otherwise }: CallRules): string {
  const rules = conditional.map(({ conditions, verdict }) => {
    return [verdict, ...conditions.map(({ index, op, value, expected }) => `${index} ${op} ${value} ${expected}`)];
  });
  return JSON.stringify([otherwise, rules]);
}
