/** The steps of a container's start: what the launcher did, and what the simulated container's lane shows. */
import { expect, test } from "vitest";
import { planStepsHere } from "../../../runtime/cli/plan-steps.ts";
import { CostBook } from "../../../simulator/costs/cost-book.ts";
import { DEFAULT_PROFILE, findProfile } from "../../../simulator/costs/profiles.ts";
import { containerLife } from "../../../simulator/linux/container.ts";
import { LinuxKernel } from "../../../simulator/linux/kernel.ts";
import { PROBE } from "../../../simulator/workload/probe.ts";
import { inside } from "../../support/inside.ts";
import { CONTAINERS, describeWhere } from "../../support/needs.ts";

/** Operations and their system calls, of the start and of the end. */
function simulatedSteps(): string[] {
  const profile = findProfile(DEFAULT_PROFILE);
  if (profile === undefined) throw new Error("no default profile");
  const costs = new CostBook(profile);
  const linux = new LinuxKernel({
    costs,
    output: { name: "pipe", writeCost: "linux.write.pipe", traps: [] },
    pageTableIsolation: false,
  });
  const life = containerLife({ linux, costs, plan: planStepsHere(), hostKernel: "source" }, PROBE);
  return Array.from(life).flatMap((one) =>
    one.kind === "burst" && typeof one.args?.operation === "string"
      ? [`${one.args.operation}: ${one.name.replace(/ \(.*\)$/, "")}`]
      : [],
  );
}

describeWhere(CONTAINERS, "the start of a default container", () => {
  test("has the same steps in the same order, by the same system calls, on both kernels", async () => {
    const { world, exit } = await inside("true");
    const real = world.planReport.map(({ op, calls }) => `${op}: ${calls}`);
    const simulated = simulatedSteps();
    expect(simulated.slice(0, real.length)).toEqual(real);
    expect(real.length).toBeGreaterThan(80);
    // The rest takes away what was made on the host.
    expect(simulated.length - real.length).toBe(exit.steps?.length);
  });
});
