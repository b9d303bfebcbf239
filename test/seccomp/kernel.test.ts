/** The default filter, loaded into the real kernel. */
import { describe, expect, test } from "vitest";
import { NO_SLOT } from "../../native/plan/operations.ts";
import type { PlanStep } from "../../native/plan/plan.ts";
import { DEFAULT_CAPABILITIES } from "../../runtime/plan/capabilities.ts";
import { isMachineArchitecture } from "../../runtime/plan/seccomp/architectures.ts";
import { compileSeccomp } from "../../runtime/plan/seccomp/compile.ts";
import { defaultSeccomp } from "../../runtime/plan/seccomp/default-profile.ts";
import { confinementProblem, runConfined } from "../support/confined.ts";

const unknownMachine = isMachineArchitecture(process.arch) ? undefined : `no filters for ${process.arch}`;
const problem = confinementProblem() ?? unknownMachine;

/** Runs a script under the default filter, all capabilities kept, so that only the filter can refuse. */
async function underFilter(script: string): Promise<string> {
  const filter = compileSeccomp(defaultSeccomp(DEFAULT_CAPABILITIES));
  const security = { phase: "child", stage: "security", why: "for a test" } as const;
  const last: PlanStep[] = [
    { ...security, op: "setNoNewPrivileges" },
    { ...security, op: "setSeccomp", filter, flags: 0, listener: NO_SLOT, state: [] },
  ];
  return (await runConfined(script, { last })).output;
}

describe("the default filter in this machine's kernel", () => {
  test("is accepted, and processes are under it", async ({ skip }) => {
    skip(problem !== undefined, problem);
    expect(await underFilter("grep ^Seccomp: /proc/self/status")).toMatch(/^Seccomp:\s+2$/m);
  });

  test("ordinary work goes on: pipes, forks, files, sorting, sleeping", async ({ skip }) => {
    skip(problem !== undefined, problem);
    const script =
      "d=$(mktemp -d); seq 100 | sort -n | tail -1; (sleep 0.01; echo x > $d/f) & wait; cat $d/f; rm -r $d; ls / | wc -l";
    expect(await underFilter(script)).toMatch(/^100\nx\n\d+\n$/);
  });

  test("a process with every capability may still not make a namespace of any kind", async ({ skip }) => {
    skip(problem !== undefined, problem);
    const output = await underFilter("for kind in m u i n p C U T; do unshare -$kind true || echo refused; done");
    expect(output.match(/^refused$/gm)).toHaveLength(8);
    expect(output.match(/Operation not permitted/g)).toHaveLength(8);
  });
});
