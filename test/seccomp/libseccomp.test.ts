/**
 * Our filters against libseccomp's, as runc uses it: both are made from the same profiles and run in one interpreter, and
 * have to give the same verdict for every call that is tried. What is known to differ is named, and held to the plain
 * meaning of the profile (test/support/seccomp-meaning.ts) instead.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { SeccompProfile, SeccompRule } from "../../runtime/oci/seccomp.ts";
import { CAPABILITIES, DEFAULT_CAPABILITIES } from "../../runtime/plan/capabilities.ts";
import { type Architecture, type MachineArchitecture, SERVED } from "../../runtime/plan/seccomp/architectures.ts";
import { compileSeccomp } from "../../runtime/plan/seccomp/compile.ts";
import { defaultSeccomp } from "../../runtime/plan/seccomp/default-profile.ts";
import { x86Multiplexed } from "../../runtime/plan/seccomp/tables/x86.ts";
import { ARCHITECTURES, MACHINES, someCall, someProfile } from "../support/arbitrary-seccomp.ts";
import { loadFilter, type Run, type SeccompData } from "../support/bpf.ts";
import { engineProfile, needsEngineProfile } from "../support/engine-profile.ts";
import { libseccomp, needsLibseccomp, type Oracle } from "../support/libseccomp.ts";
import { describeWhere, unless } from "../support/needs.ts";
import { ENOSYS, errno, meaning } from "../support/seccomp-meaning.ts";

const NUMBER_OFFSET = 0;

/** 32-bit x86 has ways through socketcall and ipc to these. */
const MULTIPLEXED = x86Multiplexed();

/** The two that carry others: what is ruled for one of them is ruled for its passengers, too. */
const CARRIERS: ReadonlyMap<string, number> = new Map([
  ["socketcall", 102],
  ["ipc", 117],
]);

/**
 * The profile with those calls only that the library knows, and for each call, also as a passenger of another, one
 * action: which of several it would take depends on the inner order of its tree.
 */
function decided(profile: SeccompProfile, known: ReadonlySet<string>): SeccompProfile {
  const firsts = new Map<string | number, Pick<SeccompRule, "action" | "errnoRet">>();
  const syscalls = (profile.syscalls ?? []).flatMap(({ names, action, errnoRet = 1, args = [] }) =>
    names
      .filter((name) => known.has(name))
      .map((name) => {
        const key = MULTIPLEXED.get(name)?.number ?? CARRIERS.get(name) ?? name;
        const first = firsts.get(key) ?? { action, errnoRet };
        firsts.set(key, first);
        return { names: [name], ...first, args };
      }),
  );
  return { ...profile, syscalls };
}

/** How many lists of conditions a profile has for one number of an architecture. */
function alternatives(profile: SeccompProfile, { numbers, multiplexed }: Architecture, number: number): number {
  const is = (name: string) => numbers().get(name) === number || multiplexed?.().get(name)?.number === number;
  return (profile.syscalls ?? [])
    .filter(({ names }) => names.some(is))
    .reduce((sum, { args = [] }) => {
      const repeats = new Set(args.map(({ index }) => index)).size < args.length;
      return sum + (repeats ? args.length : 1);
    }, 0);
}

/** Whose call it is, on a machine with a profile that includes it. */
function architectureOf(machine: MachineArchitecture, { audit, number }: SeccompData): Architecture | undefined {
  return SERVED[machine].filter((one) => one.audit === audit).findLast(({ base }) => number >= base);
}

type Difference = "same" | "newer" | "unread" | "overlapping" | "other";

/**
 * Why two verdicts differ, if they do. Ours is then held to the meaning of the profile.
 *
 * - newer: runc puts a filter of its own before libseccomp's, which says ENOSYS to calls above the newest one that is
 *   named; ours is one filter that does both.
 * - unread: libseccomp 2.5.4 can forget to load the call's number where all rules of an architecture have conditions.
 * - overlapping: it loses some of several conditions on one call when they are about the same argument.
 */
function differenceOf(
  profile: SeccompProfile,
  machine: MachineArchitecture,
  call: SeccompData,
  theirs: Run,
  ours: number,
): Difference {
  if (theirs.verdict === ours) return "same";
  if (ours !== meaning(profile, machine, call)) return "other";
  if (ours === errno(ENOSYS)) return "newer";
  if (!theirs.loaded.includes(NUMBER_OFFSET)) return "unread";
  const architecture = architectureOf(machine, call);
  return architecture !== undefined && alternatives(profile, architecture, call.number) > 1 ? "overlapping" : "other";
}

function described(profile: SeccompProfile, call: SeccompData, theirs: number, ours: number): string {
  const text = JSON.stringify({ call, profile }, (_, value: unknown) => {
    return typeof value === "bigint" ? `0x${value.toString(16)}` : value;
  });
  return `libseccomp says 0x${theirs.toString(16)}, we say 0x${ours.toString(16)}: ${text}`;
}

/**
 * First and third arguments that Docker's and podman's default profiles let through, or do not. AF_NETLINK (16) with
 * NETLINK_AUDIT (9) is one of podman's; the others with 9 are what socketcall(2) makes of it.
 */
const FIRSTS = [0n, 1n, 2n, 8n, 11n, 12n, 16n, 38n, 40n, 45n, 0x20000n, 0x1000_0000n, 0xffff_ffffn, 0x1_0000_0001n];
const ARGUMENTS = [...FIRSTS.map((first) => [first, 0n] as const), [16n, 9n], [2n, 9n], [1n, 9n]] as const;

/** Every number that any table has, and those at whose borders filters have gone wrong. */
const NUMBERS = [
  ...new Set([
    ...ARCHITECTURES.flatMap(({ numbers }) => [...numbers().values()]),
    600,
    0x4000_0258,
    0x3fff_ffff,
    0x7fff_ffff,
    0xffff_ffff,
  ]),
];

/** All numbers that a call has, also as a passenger of another. */
function numbersOf(name: string): number[] {
  return ARCHITECTURES.flatMap(({ numbers, multiplexed }) => [
    numbers().get(name),
    multiplexed?.().get(name)?.number,
  ]).filter((number) => number !== undefined);
}

/** All calls of a profile, with arguments in the first two places, against the library. */
function compareAll(profile: SeccompProfile, machine: MachineArchitecture, { ask, calls }: Oracle): void {
  const known = new Set(SERVED[machine].flatMap((one) => [...calls(one).keys()]));
  const syscalls = (profile.syscalls ?? []).map((rule) => ({
    ...rule,
    names: rule.names.filter((name) => known.has(name)),
  }));
  const asked = { ...profile, syscalls };
  const [answer] = ask([asked], machine);
  if (answer?.kind !== "filter") throw new Error(JSON.stringify(answer));
  const [theirs, ours] = [loadFilter(answer.bytes), loadFilter(compileSeccomp(asked, { arch: machine }))];
  const looked = new Set(
    syscalls.filter(({ args = [] }) => args.length > 0).flatMap(({ names }) => names.flatMap(numbersOf)),
  );
  const audits = new Set([...SERVED[machine].map(({ audit }) => audit), 0x8000_0016]);
  for (const audit of audits) {
    for (const number of NUMBERS) {
      for (const [first, third] of looked.has(number) ? ARGUMENTS : [[0n, 0n] as const]) {
        const call = { number, audit, args: [first, 1n, third, 0n, 0n, 0n] };
        const difference = differenceOf(asked, machine, call, theirs(call), ours(call).verdict);
        if (difference === "same" || difference === "newer") continue;
        throw new Error(`${difference}: ${described(asked, call, theirs(call).verdict, ours(call).verdict)}`);
      }
    }
  }
}

describeWhere([needsLibseccomp], "libseccomp and we", () => {
  test.each(ARCHITECTURES.map((one) => [one.name, one] as const))(
    "give the calls of %s the same numbers, as far as it knows them",
    (_, architecture) => {
      const theirs = libseccomp().calls(architecture);
      const ours = architecture.numbers();
      const unknown = [...theirs].filter(([name, number]) => ours.get(name) !== number);
      expect(unknown).toEqual([]);
      expect(theirs.size).toBeGreaterThan(200);
    },
  );

  test.each(MACHINES)("agree on the default profile for every call and many arguments on %s", (machine) => {
    const oracle = libseccomp();
    for (const capabilities of [DEFAULT_CAPABILITIES, [], Object.keys(CAPABILITIES)]) {
      compareAll(defaultSeccomp(capabilities, machine), machine, oracle);
    }
  });

  test.each([
    ["x64", "amd64"],
    ["arm64", "arm64"],
  ] as const)("agree on podman's default profile on %s", unless([needsEngineProfile]), (machine, arch) => {
    const oracle = libseccomp();
    for (const capabilities of [[], DEFAULT_CAPABILITIES, Object.keys(CAPABILITIES)]) {
      compareAll(engineProfile(capabilities, arch), machine, oracle);
    }
  });

  test.each(MACHINES)("agree on random profiles and calls on %s", (machine) => {
    const { ask, calls } = libseccomp();
    const known = new Set(SERVED[machine].flatMap((one) => [...calls(one).keys()]));
    const seed = Number(process.env.RINGSIDE_SEED ?? Date.now() % 1_000_000_000);
    const profiles = fc.sample(someProfile, { numRuns: 800, seed }).map((one) => decided(one, known));
    const answers = ask(profiles, machine);
    const counts = { same: 0, newer: 0, unread: 0, overlapping: 0 };
    for (const [index, profile] of profiles.entries()) {
      const answer = answers[index];
      if (answer?.kind !== "filter") throw new Error(`seed ${seed}: profile ${index}: ${JSON.stringify(answer)}`);
      const [theirs, ours] = [loadFilter(answer.bytes), loadFilter(compileSeccomp(profile, { arch: machine }))];
      for (const call of fc.sample(someCall(profile), { numRuns: 60, seed: seed + index })) {
        const reason = differenceOf(profile, machine, call, theirs(call), ours(call).verdict);
        if (reason === "other") {
          throw new Error(`seed ${seed}: ${described(profile, call, theirs(call).verdict, ours(call).verdict)}`);
        }
        counts[reason]++;
      }
    }
    expect(counts.same).toBeGreaterThan(40_000);
    expect(counts.overlapping + counts.unread).toBeLessThan(0.005 * counts.same);
  });
});
