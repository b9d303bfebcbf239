/** The compiled filter says what the profile says: random profiles, calls and arguments against a plain reading of it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RingsideError } from "../../runtime/error.ts";
import type { SeccompAction, SeccompArgument, SeccompProfile } from "../../runtime/oci/seccomp.ts";
import { CAPABILITIES, DEFAULT_CAPABILITIES } from "../../runtime/plan/capabilities.ts";
import { SERVED } from "../../runtime/plan/seccomp/architectures.ts";
import { compileSeccomp } from "../../runtime/plan/seccomp/compile.ts";
import { defaultSeccomp } from "../../runtime/plan/seccomp/default-profile.ts";
import { ARCHITECTURES, MACHINES, someCall, someProfile } from "../support/arbitrary-seccomp.ts";
import { loadFilter } from "../support/bpf.ts";
import { ALLOW, KILL_THREAD, meaning } from "../support/seccomp-meaning.ts";

describe("a compiled filter", () => {
  test.each(MACHINES)("says what the profile says, for random profiles and calls on %s", (machine) => {
    const questions = someProfile.chain((profile) =>
      fc.record({
        profile: fc.constant(profile),
        calls: fc.array(someCall(profile), { minLength: 20, maxLength: 20 }),
      }),
    );
    fc.assert(
      fc.property(questions, ({ profile, calls }) => {
        const filter = loadFilter(compileSeccomp(profile, { arch: machine }));
        for (const call of calls) expect(filter(call).verdict).toBe(meaning(profile, machine, call));
      }),
      { numRuns: 400 },
    );
  });

  test.each(MACHINES)(
    "says what the default profile says, for every number and every argument near a border on %s",
    (machine) => {
      const borders = [0n, 8n, 11n, 12n, 19n, 38n, 40n, 45n, 46n, 0x20000n, 0xffff_ffffn, 0x1_0000_0001n, 0x1000_0000n];
      for (const capabilities of [DEFAULT_CAPABILITIES, [], Object.keys(CAPABILITIES)]) {
        const profile = defaultSeccomp(capabilities, machine);
        const filter = loadFilter(compileSeccomp(profile, { arch: machine }));
        for (const { audit, base } of SERVED[machine]) {
          for (let number = base; number < base + 600; number++) {
            const firsts = SENSITIVE.has(number - base) ? borders : [0n];
            for (const first of firsts) {
              const call = { number, audit, args: [first, 0n, 0n, 0n, 0n, 0n] };
              expect([number, first, filter(call).verdict]).toEqual([number, first, meaning(profile, machine, call)]);
            }
          }
        }
      }
    },
  );

  test("decides a call without looking at arguments where the profile has no conditions on them", () => {
    const filter = compileSeccomp(defaultSeccomp(DEFAULT_CAPABILITIES, "x64"), { arch: "x64" });
    const { steps } = loadFilter(filter)({ number: 0, audit: SERVED.x64[0].audit, args: [] });
    expect(steps).toBeLessThan(16);
  });

  test("does not take arm's private calls, whose numbers are the highest, for newer than the profile", () => {
    const [, arm] = SERVED.arm64;
    const set_tls = { number: 0xf0005, audit: arm?.audit ?? 0, args: [0n, 0n, 0n, 0n, 0n, 0n] };
    const verdictOf = (action: SeccompAction, args: SeccompArgument[]) =>
      loadFilter(
        compileSeccomp(
          {
            defaultAction: "SCMP_ACT_KILL",
            architectures: ["SCMP_ARCH_ARM"],
            syscalls: [
              { names: ["read"], action: "SCMP_ACT_ALLOW" },
              { names: ["set_tls"], action, args },
            ],
          },
          { arch: "arm64" },
        ),
      )(set_tls).verdict;
    expect(verdictOf("SCMP_ACT_ALLOW", [])).toBe(ALLOW);
    expect(verdictOf("SCMP_ACT_ALLOW", [{ index: 0, op: "SCMP_CMP_EQ", value: 1 }])).toBe(KILL_THREAD);
    expect(verdictOf("SCMP_ACT_KILL", [])).toBe(KILL_THREAD);
  });

  test("reaches across more than 255 instructions", () => {
    const calls = [...SERVED.x64[0].numbers().keys()];
    const syscalls = calls.map((name, index) => ({
      names: [name],
      action: "SCMP_ACT_ERRNO" as const,
      errnoRet: index,
      args: [{ index: index % 6, value: index, op: "SCMP_CMP_EQ" as const }],
    }));
    const profile: SeccompProfile = { defaultAction: "SCMP_ACT_ALLOW", syscalls };
    const bytes = compileSeccomp(profile, { arch: "x64" });
    const filter = loadFilter(bytes);
    expect(bytes.length / 8).toBeGreaterThan(1500);
    for (const number of SERVED.x64[0].numbers().values()) {
      for (const value of [0n, 1n, BigInt(number)]) {
        const call = { number, audit: SERVED.x64[0].audit, args: [value, value, value, value, value, value] };
        expect(filter(call).verdict).toBe(meaning(profile, "x64", call));
      }
    }
  });

  test("refuses a profile whose filter the kernel would refuse for its length", () => {
    const args = Array.from({ length: 1500 }, (_, value) => ({
      index: 0,
      value,
      valueTwo: 1,
      op: "SCMP_CMP_MASKED_EQ" as const,
    }));
    const profile: SeccompProfile = {
      defaultAction: "SCMP_ACT_ERRNO",
      syscalls: [{ names: ["read"], action: "SCMP_ACT_ALLOW", args }],
    };
    expect(() => compileSeccomp(profile, { arch: "x64" })).toThrow(/instructions, the kernel takes 4096/);
  });

  test("kills calls of an architecture that the profile does not name, x32 among them", () => {
    const profile: SeccompProfile = { defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64"] };
    const filter = loadFilter(compileSeccomp(profile, { arch: "x64" }));
    const [own] = SERVED.x64;
    const I386_AUDIT = 0x4000_0003;
    expect(filter({ number: 0, audit: own.audit, args: [] }).verdict).toBe(ALLOW);
    expect(filter({ number: 0, audit: I386_AUDIT, args: [] }).verdict).toBe(KILL_THREAD);
    expect(filter({ number: 0x4000_0000, audit: own.audit, args: [] }).verdict).toBe(KILL_THREAD);
  });

  test.each<[string, () => Uint8Array, RegExp]>([
    [
      "a machine without tables",
      () => compileSeccomp({ defaultAction: "SCMP_ACT_ALLOW" }, { arch: "s390x" }),
      /for s390x/,
    ],
    [
      "an errno of more than 16 bits",
      () => compileSeccomp({ defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 65536 }, { arch: "x64" }),
      /errno 65536/,
    ],
    [
      "a seventh argument",
      () => compileSeccomp(withArgument({ index: 6, value: 0, op: "SCMP_CMP_EQ" }), { arch: "x64" }),
      /argument 6/,
    ],
    [
      "a value below zero",
      () => compileSeccomp(withArgument({ index: 0, value: -1, op: "SCMP_CMP_EQ" }), { arch: "x64" }),
      /-1/,
    ],
    [
      "a value above 64 bits",
      () => compileSeccomp(withArgument({ index: 0, value: 2n ** 64n, op: "SCMP_CMP_EQ" }), { arch: "x64" }),
      /64 bits/,
    ],
  ])("refuses %s and says which it was", (_, compile, message) => {
    expect(compile).toThrow(RingsideError);
    expect(compile).toThrow(message);
  });
});

/** Numbers, over all architectures, of the calls whose arguments the default profile looks at. */
const SENSITIVE = new Set(
  ARCHITECTURES.flatMap(({ numbers, base }) => {
    return ["socket", "personality", "clone"]
      .flatMap((name) => numbers().get(name) ?? [])
      .map((number) => number - base);
  }),
);

function withArgument(argument: SeccompArgument): SeccompProfile {
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    syscalls: [{ names: ["read"], action: "SCMP_ACT_ALLOW", args: [argument] }],
  };
}
