/** The three scenarios with z/OS in them: what they claim holds with every knob, and not only in the picture. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { KnobValues } from "../../../simulator/scenarios/knob.ts";
import { runScenario } from "../../../simulator/scenarios/run.ts";
import { crossingsOf } from "../../../simulator/trace/crossings.ts";
import type { World } from "../../../simulator/trace/timeline.ts";
import { PRIVILEGED_INSTRUCTIONS } from "../../../simulator/workload/workload.ts";

function measure(name: string, knobs: KnobValues, seed = 1) {
  const result = runScenario(name, { knobs, seed });
  const metric = (world: World, wanted: string) =>
    result.metrics.find((one) => one.world === world)?.metrics[wanted]?.value;
  return { ...result, metric };
}

describe("one system call", () => {
  test("is in a virtual machine what it is outside: no step more, and no exit", () => {
    for (const isolation of ["on", "off"]) {
      const { metric, timeline } = measure("system-call", { isolation, seccomp: "off" });
      expect(metric("vm", "steps")).toBe(metric("process", "steps"));
      expect(metric("container", "steps")).toBe(metric("process", "steps"));
      expect(metric("vm", "intoHypervisor")).toBe(0);
      expect(metric("process", "steps")).toBe(isolation === "on" ? 15 : 13);
      for (const { id } of timeline.tracks) expect(crossingsOf(timeline, id).intoKernel).toBe(1);
    }
  });

  test("has one step more in a container with a filter", () => {
    const { metric } = measure("system-call", { seccomp: "on" });
    expect(metric("container", "steps")).toBe((metric("process", "steps") ?? 0) + 1);
  });

  test.each([
    ["type 1: GETMAIN", 59],
    ["type 2: ENQ", 77],
    ["type 3: TIME", 78],
    ["type 4: WTO", 78],
    ["type 6: MODESET", 48],
  ])("on z/OS by SVC of %s enters its routine, after as many instructions as were counted", (svc, instructions) => {
    const { metric } = measure("system-call", { svc });
    expect(metric("address-space", "abends")).toBe(0);
    expect(metric("address-space", "entryInstructions")).toBe(instructions);
    expect(metric("address-space", "stepsByProgramCall")).toBeLessThan(metric("address-space", "steps") ?? 0);
  });

  test.each(["SRB", "task with a lock", "disabled task", "cross-memory task"])(
    "of z/OS from a %s ends in one ABEND by SVC, and in none by PROGRAM CALL",
    (issuer) => {
      const { metric, timeline } = measure("system-call", { issuer });
      expect(metric("address-space", "abends")).toBe(1);
      const names = (track: string) => timeline.spans.filter((span) => span.track === track).map(({ name }) => name);
      expect(names("address-space").some((name) => name.includes("S0F8"))).toBe(true);
      expect(names("address-space-pc").at(-1)).toContain("PR: ");
    },
  );

  test("flags in every step of z/OS where it is known from", () => {
    const { timeline } = measure("system-call", { svc: "type 6: MODESET" });
    for (const { track, args } of timeline.spans) {
      if (track.startsWith("address-space")) expect(["verified", "recalled"]).toContain(args?.evidence);
    }
    expect(timeline.spans.some(({ args }) => args?.evidence === "recalled")).toBe(true);
  });
});

describe("a privileged instruction", () => {
  test("in user mode leaves no guest, and ends the program in every world; no SVC is in it", () => {
    for (const instruction of PRIVILEGED_INSTRUCTIONS) {
      const { metric, timeline } = measure("privileged-instruction", { instruction });
      expect(metric("vm", "exitsFromUserMode")).toBe(0);
      for (const world of ["process", "container", "vm", "address-space"] as const) {
        expect(metric(world, "ended")).toBe(1);
      }
      expect(metric("address-space", "supervisorCalls")).toBe(0);
      expect(metric("address-space", "supervisorCallsIfAuthorized")).toBe(2);
      const fault = timeline.spans.filter(({ track }) => track === "address-space").map(({ name }) => name);
      expect(fault.some((name) => name.startsWith("program interruption 2"))).toBe(true);
    }
  });

  test.each([
    ["halt", "on", 1],
    ["startInputOutput", "on", 1],
    ["disableInterrupts", "on", 0],
    ["loadPageTable", "on", 0],
    ["loadPageTable", "off", 1],
  ])("%s in a guest's kernel, nested paging %s, is %i exits", (instruction, nestedPaging, exits) => {
    const { metric } = measure("privileged-instruction", { instruction, nestedPaging });
    expect(metric("vm", "exitsFromKernelMode")).toBe(exits);
  });
});

describe("run queue against dispatcher", () => {
  const value = (one: number | undefined): number => one ?? expect.fail("no such figure");

  test("both give every step of every processor to somebody, as long as batch work is there", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 4, max: 8 }),
        fc.boolean(),
        fc.nat(),
        (cpus, batch, runaway, seed) => {
          const { metric } = measure(
            "dispatching",
            { cpus, batch, runaway: runaway ? "on" : "off", length: 5000 },
            seed,
          );
          for (const world of ["process", "address-space"] as const) {
            const shares = ["onlineShare", "batchShare", "runawayShare", "systemShare"];
            const sum = shares.reduce((total, name) => total + value(metric(world, name)), 0);
            expect(Math.abs(sum - 1000)).toBeLessThanOrEqual(2);
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  test("on z/OS what matters most leaves nothing for what matters less; on Linux everybody gets a share by weight", () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const { metric } = measure("dispatching", { runaway: "on", length: 100_000 }, seed);
        expect([metric("address-space", "batchShare"), metric("address-space", "onlineShare")]).toEqual([0, 0]);
        expect(value(metric("process", "batchShare"))).toBeGreaterThan(0);
        expect(value(metric("process", "onlineShare"))).toBeGreaterThan(0);
      }),
      { numRuns: 5 },
    );
  });

  test("the answers wait longer on Linux, whatever the seed, as long as batch work competes", () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const { metric } = measure("dispatching", {}, seed);
        expect(value(metric("process", "response"))).toBeGreaterThan(value(metric("address-space", "response")));
      }),
      { numRuns: 20 },
    );
  });

  test("a second processor leaves batch its share on z/OS, too, where a job runs away", () => {
    const { metric } = measure("dispatching", { runaway: "on", cpus: 2 });
    expect(value(metric("address-space", "batchShare"))).toBeGreaterThan(100);
    expect(Math.abs(value(metric("address-space", "runawayShare")) - 500)).toBeLessThanOrEqual(10);
  });

  test("no SRB that is not preemptable is cut by anything but an interruption", () => {
    const { timeline } = measure("dispatching", { online: 4, think: 100, cpus: 1 });
    const own = timeline.spans
      .filter(({ track }) => track === "zos-cpu-0")
      .toSorted((left, right) => left.start - right.start);
    for (const [index, span] of own.entries()) {
      const next = own[index + 1];
      if (!span.stage.startsWith("SRB for") || next === undefined) continue;
      const over = own.slice(index + 1).every(({ stage }) => stage !== span.stage || stage === next.stage);
      if (!over && next.stage !== span.stage) expect(["interruption", "dispatcher"]).toContain(next.stage);
    }
  });
});
