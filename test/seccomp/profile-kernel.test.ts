/** Profiles as engines give them, loaded into the real kernel: what each kind of call is answered with. */
import { join } from "node:path";
import { expect, test } from "vitest";
import type { SeccompProfile, SeccompRule } from "../../runtime/oci/seccomp.ts";
import { SECCOMP_FLAGS } from "../../runtime/oci/seccomp-fields.ts";
import { compileSeccomp } from "../../runtime/plan/seccomp/compile.ts";
import { seccompSteps } from "../../runtime/plan/seccomp-steps.ts";
import { Slots } from "../../runtime/plan/slots.ts";
import { compile, needsCompiler } from "../support/compiled.ts";
import { confinementProblem, FREE_SLOT, runConfined } from "../support/confined.ts";
import { describeWhere } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const NEEDS = [
  () => confinementProblem(),
  () => (process.arch === "x64" ? undefined : "not x86-64: calls of three architectures in one program"),
  needsCompiler,
];

const FACTS = { id: "box", bundle: "/", annotations: {} };
const [MKDIR, GETSID, SOCKET, SOCKETCALL_32, GETSID_32, SOCKET_32] = [83, 124, 41, 102, 147, 359];

function compileCalls(): string {
  const program = join(temporaryDirectory(), "calls");
  compile("test/seccomp/calls.c", program);
  return program;
}

/** What the kernel answers to calls, under a profile. */
async function answers(
  profile: SeccompProfile,
  calls: readonly (readonly [kind: "64" | "32" | "x32", number: number, first?: number])[],
): Promise<string[]> {
  const { set } = seccompSteps(compileSeccomp(profile), { profile, facts: FACTS, slots: new Slots(FREE_SLOT) });
  const words = calls.map(([kind, number, first = 0]) => `${kind} ${number} ${first} 0`).join(" ");
  const { output } = await runConfined(`exec ${compileCalls()} ${words}`, { last: set });
  return output.trim().split("\n");
}

const ALL = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"];
const allowing = (...syscalls: SeccompRule[]): SeccompProfile => ({
  defaultAction: "SCMP_ACT_ALLOW",
  architectures: ALL,
  syscalls,
});
const denying = (names: string[], errnoRet: number, args?: SeccompRule["args"]): SeccompRule => {
  return { names, action: "SCMP_ACT_ERRNO", errnoRet, ...(args && { args }) };
};

describeWhere(NEEDS, "a profile in this machine's kernel", () => {
  test("gives the errno that a rule names, to 64-bit calls and to 32-bit ones", async () => {
    const profile = allowing(denying(["getsid"], 99));
    expect(
      await answers(profile, [
        ["64", GETSID],
        ["32", GETSID_32],
      ]),
    ).toEqual(["-99", "-99"]);
  });

  test("looks at arguments", async () => {
    const profile = allowing(denying(["socket"], 97, [{ index: 0, value: 16, op: "SCMP_CMP_EQ" }]));
    const [unix, netlink] = await answers(profile, [
      ["64", SOCKET, 1],
      ["64", SOCKET, 16],
    ]);
    expect(Number(unix)).not.toBe(-97);
    expect(netlink).toBe("-97");
  });

  test("finds a call of 32-bit programs within socketcall, and leaves its neighbours alone", async () => {
    const profile = allowing(denying(["socket"], 99));
    const [within, neighbour, direct] = await answers(profile, [
      ["32", SOCKETCALL_32, 1],
      ["32", SOCKETCALL_32, 2],
      ["32", SOCKET_32, 1],
    ]);
    expect([within, direct]).toEqual(["-99", "-99"]);
    expect(Number(neighbour)).toBeLessThan(0);
    expect(neighbour).not.toBe("-99");
  });

  test("kills who calls by way of an architecture that it does not name", async () => {
    const profile: SeccompProfile = { defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64"] };
    const [own, ...foreign] = await answers(profile, [
      ["64", GETSID],
      ["32", GETSID_32],
      ["x32", GETSID],
    ]);
    expect(Number(own)).toBeGreaterThan(0);
    expect(foreign).toEqual(["signal 31", "signal 31"]);
  });

  test("kills the process, or sends it SIGSYS, where a rule says so", async () => {
    const rule = (action: SeccompRule["action"]) => allowing({ names: ["getsid"], action });
    expect(await answers(rule("SCMP_ACT_KILL_PROCESS"), [["64", GETSID]])).toEqual(["signal 31"]);
    expect(await answers(rule("SCMP_ACT_TRAP"), [["64", GETSID]])).toEqual(["signal 31"]);
    expect(Number((await answers(rule("SCMP_ACT_LOG"), [["64", GETSID]]))[0])).toBeGreaterThan(0);
  });

  test.each(Object.keys(SECCOMP_FLAGS))("with the flag %s is taken, also where nobody listens", async (flag) => {
    const profile = { ...allowing(denying(["mkdir"], 28)), flags: [flag] };
    expect(await answers(profile, [["64", MKDIR]])).toEqual(["-28"]);
  });
});
