/** Seccomp profiles at random, and system calls that are worth asking them about. */
import fc from "fast-check";
import type { SeccompAction, SeccompArgument, SeccompOperator, SeccompProfile } from "../../runtime/oci/seccomp.ts";
import { SERVED } from "../../runtime/plan/seccomp/architectures.ts";
import type { SeccompData } from "./bpf.ts";

export const MACHINES = ["x64", "arm64"] as const;
export const ARCHITECTURES = MACHINES.flatMap((machine) => SERVED[machine]);
const FOREIGN_AUDIT = 0x8000_0016;

const someName = fc.constantFrom(
  ...new Set(ARCHITECTURES.flatMap(({ numbers }) => [...numbers().keys()])),
  "not_a_system_call",
);
const someAction = fc.constantFrom<SeccompAction>(
  "SCMP_ACT_KILL",
  "SCMP_ACT_KILL_THREAD",
  "SCMP_ACT_KILL_PROCESS",
  "SCMP_ACT_TRAP",
  "SCMP_ACT_ERRNO",
  "SCMP_ACT_TRACE",
  "SCMP_ACT_ALLOW",
  "SCMP_ACT_LOG",
  "SCMP_ACT_NOTIFY",
);
const someOperator = fc.constantFrom<SeccompOperator>(
  "SCMP_CMP_NE",
  "SCMP_CMP_LT",
  "SCMP_CMP_LE",
  "SCMP_CMP_EQ",
  "SCMP_CMP_GE",
  "SCMP_CMP_GT",
  "SCMP_CMP_MASKED_EQ",
);
/** Mostly values where a comparison by halves could go wrong. */
const someValue = fc.oneof(
  fc.constantFrom(0n, 1n, 2n, 0xffff_ffffn, 0x1_0000_0000n, 0x1_0000_0001n, 0xffff_ffff_0000_0000n),
  fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
  fc.bigInt({ min: 0n, max: 50n }),
);
const someArgument: fc.Arbitrary<SeccompArgument> = fc.record({
  index: fc.integer({ min: 0, max: 5 }),
  op: someOperator,
  value: someValue,
  valueTwo: someValue,
});
const someRule = fc.record({
  names: fc.array(someName, { minLength: 1, maxLength: 6 }),
  action: someAction,
  errnoRet: fc.constantFrom(1, 2, 38),
  args: fc.oneof(fc.constant([]), fc.array(someArgument, { maxLength: 3 })),
});
export const someProfile: fc.Arbitrary<SeccompProfile> = fc.record({
  defaultAction: someAction,
  defaultErrnoRet: fc.constantFrom(1, 13),
  architectures: fc.subarray(ARCHITECTURES.map(({ name }): string => name)),
  syscalls: fc.array(someRule, { maxLength: 25 }),
});

/** Calls worth asking about: near the numbers and the values that the profile names. */
export function someCall(profile: SeccompProfile): fc.Arbitrary<SeccompData> {
  const names = (profile.syscalls ?? []).flatMap((rule) => rule.names);
  const numbers = ARCHITECTURES.flatMap((architecture) => {
    const table = architecture.numbers();
    return names.flatMap((name) => table.get(name) ?? []).flatMap((number) => [number, number + 1]);
  });
  const values = (profile.syscalls ?? [])
    .flatMap(({ args = [] }) => args)
    .flatMap(({ value, valueTwo = 0 }) => [BigInt(value), BigInt(valueTwo)])
    .flatMap((value) => [value, value + 1n, value - 1n, value ^ 0x1_0000_0000n])
    .map((value) => BigInt.asUintN(64, value));
  return fc.record({
    number: fc.oneof(
      fc.constantFrom(0, 511, 0x3fff_ffff, 0x4000_0000, 0xffff_ffff, ...numbers),
      fc.nat({ max: 0xffff_ffff }),
    ),
    audit: fc.constantFrom(...ARCHITECTURES.map(({ audit }) => audit), FOREIGN_AUDIT),
    args: fc.array(fc.oneof(fc.constantFrom(0n, ...values), someValue), { minLength: 6, maxLength: 6 }),
  });
}
