/**
 * What a seccomp profile means, said as plainly as possible: the oracle for the compiler's tests. It shares only the
 * tables of numbers with the compiler.
 */
import type { SeccompArgument, SeccompProfile, SeccompRule } from "../../runtime/oci/seccomp.ts";
import { SERVED } from "../../runtime/plan/seccomp/architectures.ts";
import type { SeccompData } from "./bpf.ts";

const ACTIONS: Readonly<Record<string, number>> = {
  SCMP_ACT_KILL: 0,
  SCMP_ACT_KILL_THREAD: 0,
  SCMP_ACT_KILL_PROCESS: 0x80000000,
  SCMP_ACT_TRAP: 0x00030000,
  SCMP_ACT_ERRNO: 0x00050000,
  SCMP_ACT_NOTIFY: 0x7fc00000,
  SCMP_ACT_TRACE: 0x7ff00000,
  SCMP_ACT_LOG: 0x7ffc0000,
  SCMP_ACT_ALLOW: 0x7fff0000,
};
export const ALLOW = 0x7fff0000;
export const KILL_THREAD = 0;
/** SECCOMP_RET_ERRNO with an errno in it. */
export const errno = (number: number) => 0x00050000 + number;
export const ENOSYS = 38;
export const EPERM = 1;

const X32 = 0x40000000;
const NO_CALL = 0xffffffff;

/** 32-bit x86: socketcall(2) and ipc(2), and which calls they carry by the number in their first argument. */
const CARRIED: Readonly<Record<number, string>> = {
  102: `socket bind connect listen accept getsockname getpeername socketpair send recv sendto recvfrom shutdown
    setsockopt getsockopt sendmsg recvmsg accept4 recvmmsg sendmmsg`,
  117: "semop semget semctl semtimedop - - - - - - msgsnd msgrcv msgget msgctl - - - - - - shmat shmdt shmget shmctl",
};

function carried(number: number, first: bigint): string | undefined {
  const name = CARRIED[number]?.trim().split(/\s+/)[Number(BigInt.asUintN(32, first)) - 1];
  return name === "-" ? undefined : name;
}

/** The verdict of a profile for one call on a machine. */
export function meaning(profile: SeccompProfile, machine: keyof typeof SERVED, data: SeccompData): number {
  const [own, ...others] = SERVED[machine];
  const included = [own, ...others.filter(({ name }) => profile.architectures?.includes(name))];
  const isX32 = machine === "x64" && data.audit === own.audit && data.number >= X32;
  const fallback = action(profile.defaultAction, profile.defaultErrnoRet);
  const hasX32 = included.some(({ base }) => base === X32);
  if (machine === "x64" && data.audit === own.audit && data.number === NO_CALL && !hasX32) return fallback;
  const architecture = included.find(({ audit, base }) => audit === data.audit && base === (isX32 ? X32 : 0));
  if (!architecture) return KILL_THREAD;
  const numbers = architecture.numbers();
  const numberOf = (name: string) => numbers.get(name) ?? -1;
  const rules = profile.syscalls ?? [];
  const lenient = ["SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"].includes(profile.defaultAction);
  const inside = architecture.name === "SCMP_ARCH_X86" ? carried(data.number, data.args[0] ?? 0n) : undefined;
  const saying = rules.filter((rule) => action(rule.action, rule.errnoRet) !== fallback);
  const mine = saying.filter(({ names }) => names.some((name) => numberOf(name) === data.number));
  const unconditional = mine.find(({ args }) => !args?.length);
  const matching =
    unconditional ??
    saying.find(
      (rule) =>
        (rule.names.some((name) => numberOf(name) === data.number) && applies(rule, data.args, architecture.wide)) ||
        (inside !== undefined && rule.names.includes(inside) && appliesInside(rule, data.args)),
    );
  if (matching) return action(matching.action, matching.errnoRet);
  const named = rules.flatMap(({ names }) => names.map(numberOf)).filter((number) => number >= 0);
  const ordinary = named.filter((number) => number < architecture.privateFrom);
  const isNewer = ordinary.length > 0 && data.number > Math.max(...ordinary) && !named.includes(data.number);
  return isNewer && !lenient ? errno(ENOSYS) : fallback;
}

/** The call's own first argument is in memory, out of a filter's sight: what is said of it is taken to hold. */
function appliesInside(rule: SeccompRule, values: readonly bigint[]): boolean {
  const { args = [] } = rule;
  const indices = args.map(({ index }) => index);
  const results = args.map(
    (argument) => argument.index === 0 || compares(argument, values[argument.index] ?? 0n, false),
  );
  return new Set(indices).size === indices.length ? results.every(Boolean) : results.some(Boolean);
}

function applies({ args = [] }: SeccompRule, values: readonly bigint[], wide: boolean): boolean {
  const indices = args.map(({ index }) => index);
  const results = args.map((argument) => compares(argument, values[argument.index] ?? 0n, wide));
  return new Set(indices).size === indices.length ? results.every(Boolean) : results.some(Boolean);
}

function compares({ op, value, valueTwo = 0 }: SeccompArgument, argument: bigint, wide: boolean): boolean {
  const bits = wide ? 64 : 32;
  const [left, right, then] = [argument, BigInt(value), BigInt(valueTwo)].map((n) => BigInt.asUintN(bits, n));
  if (left === undefined || right === undefined || then === undefined) throw new Error("unreachable");
  if (op === "SCMP_CMP_MASKED_EQ") return (left & right) === (then & right);
  if (op === "SCMP_CMP_EQ") return left === right;
  if (op === "SCMP_CMP_NE") return left !== right;
  if (op === "SCMP_CMP_LT") return left < right;
  if (op === "SCMP_CMP_LE") return left <= right;
  if (op === "SCMP_CMP_GT") return left > right;
  return left >= right;
}

function action(name: string, errnoRet = EPERM): number {
  const bits = ACTIONS[name] ?? Number.NaN;
  return name === "SCMP_ACT_ERRNO" || name === "SCMP_ACT_TRACE" ? bits + errnoRet : bits;
}
