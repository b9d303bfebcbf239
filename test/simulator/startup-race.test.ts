/** The startup race: same seed, same bytes; every lane sound; the order of the worlds is that of the published figures. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type KnobValues, ScenarioError } from "../../simulator/scenarios/knob.ts";
import { findScenario } from "../../simulator/scenarios/registry.ts";
import { simulationJson } from "../../simulator/scenarios/result-json.ts";
import { runScenario, type ScenarioResult } from "../../simulator/scenarios/run.ts";
import { checkTimeline } from "../../simulator/trace/check.ts";
import { chromeTraceText } from "../../simulator/trace/chrome-trace.ts";
import { parseChromeTrace } from "../../simulator/trace/chrome-trace-parse.ts";
import { COUNTERS } from "../../simulator/trace/counters.ts";
import { MARKS, type Mode, type World } from "../../simulator/trace/timeline.ts";
import { BOOT_TABLE } from "../../simulator/virtualization/boot-table.ts";

const RACE = "startup-race";
const scenario = findScenario(RACE);
if (scenario === undefined) throw new Error("the race is missing");

/** Any value of any knob, whether or not they go together. */
const anyKnobs: fc.Arbitrary<KnobValues> = fc
  .tuple(
    ...scenario.knobs.map((knob) => {
      const values =
        knob.kind === "choice" ? fc.constantFrom(...knob.choices) : fc.integer({ min: knob.low, max: knob.high });
      return values.map((value): [string, string | number] => [knob.name, value]);
    }),
  )
  .map((entries) => Object.fromEntries(entries));

/** Knobs that go together: a VM that somebody published figures for, with what was published or counted for it. */
const possibleKnobs: fc.Arbitrary<KnobValues> = fc
  .tuple(fc.constantFrom(...BOOT_TABLE), anyKnobs)
  .map(([{ vmm, kernel, host, boot }, knobs]) => ({
    ...knobs,
    vmm,
    kernel,
    host,
    ...(boot.networkCost === undefined ? { network: "off" } : {}),
    ...(boot.kernelExits === undefined ? { console: "quiet" } : {}),
    ...(host === "reference" ? { accelerator: "tcg" } : knobs.accelerator === "tcg" ? { accelerator: "kvm" } : {}),
  }));

function metric(result: ScenarioResult, world: World, name: string): number {
  const found = result.metrics.find((entry) => entry.world === world)?.metrics[name];
  if (found === undefined) throw new Error(`${world} has no ${name}`);
  return found.value;
}

/** A metric in milliseconds, of a start that is exactly as its sources have it. */
function milliseconds(world: World, name: string, knobs: KnobValues): number {
  return metric(runScenario(RACE, { knobs: { spread: 0, ...knobs } }), world, name) / 1e6;
}

describe("the race", () => {
  it("gives the same bytes for the same seed and knobs", () => {
    fc.assert(
      fc.property(fc.nat(), possibleKnobs, (seed, knobs) => {
        const first = runScenario(RACE, { seed, knobs });
        const second = runScenario(RACE, { seed, knobs });
        expect(simulationJson(second)).toBe(simulationJson(first));
        expect(chromeTraceText(second.timeline)).toBe(chromeTraceText(first.timeline));
        expect(second.traceHash).toMatch(/^sha256:[0-9a-f]{64}$/);
      }),
      { numRuns: 50 },
    );
  });

  it("gives sound lanes with all marks, whatever the seed and the knobs", () => {
    fc.assert(
      fc.property(fc.nat(), possibleKnobs, (seed, knobs) => {
        const { timeline } = runScenario(RACE, { seed, knobs });
        expect(checkTimeline(timeline)).toEqual([]);
        for (const { id } of timeline.tracks) {
          const marks = timeline.instants.filter((instant) => instant.track === id).map((instant) => instant.name);
          expect(marks).toEqual(Object.values(MARKS));
          expect(timeline.spans.find((span) => span.track === id)?.start).toBe(0);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("either runs or says what would be possible, whatever is set", () => {
    fc.assert(
      fc.property(anyKnobs, (knobs) => {
        try {
          runScenario(RACE, { knobs });
        } catch (error) {
          if (!(error instanceof ScenarioError)) throw error;
          expect(error.fix).toMatch(/host=|vmm=|kernel=/);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("gives another hash for another seed, and the same for any seed where nothing is spread", () => {
    const hash = (seed: number, spread: number) => runScenario(RACE, { seed, knobs: { spread } }).traceHash;
    const seeds = [1, 2, 3, 4, 5, 6, 7, 8];
    expect(new Set(seeds.map((seed) => hash(seed, 30))).size).toBe(seeds.length);
    expect(new Set(seeds.map((seed) => hash(seed, 0))).size).toBe(1);
  });

  it("stays within its spread", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 0, max: 200 }), (seed, spread) => {
        const typical = milliseconds("vm", "gone", {});
        const drawn = metric(runScenario(RACE, { seed, knobs: { spread } }), "vm", "gone") / 1e6;
        // Every cost is rounded to a nanosecond by itself; the hundred of them stay far below a microsecond.
        expect(Math.abs(drawn / typical - 1)).toBeLessThanOrEqual(spread / 1000 + 1e-6);
      }),
      { numRuns: 50 },
    );
  });

  it("leaves the other worlds as they were when a knob of one is turned", () => {
    const lanes = (knobs: KnobValues, world: World) =>
      runScenario(RACE, { seed: 7, knobs }).timeline.spans.filter((span) => span.track === world);
    const turned = { vmm: "q35-seabios", console: "verbose", accelerator: "kvm-nested" };
    for (const world of ["process", "container", "address-space"] as const) {
      expect(lanes(turned, world)).toEqual(lanes({}, world));
    }
    for (const world of ["process", "vm", "address-space"] as const) {
      expect(lanes({ runtime: "crun", hostKernel: "4.5" }, world)).toEqual(lanes({}, world));
    }
  });

  it("can be written for Perfetto and read back", () => {
    const { timeline } = runScenario(RACE, { seed: 7 });
    expect(parseChromeTrace(JSON.parse(chromeTraceText(timeline)))).toEqual(timeline);
  });

  it("says of every figure that it is simulated, from which scenario, seed and costs", () => {
    for (const { metrics } of runScenario(RACE, { seed: 7 }).metrics) {
      for (const { provenance } of Object.values(metrics)) {
        expect(provenance.kind).toBe("simulated");
        expect(provenance.detail).toContain("startup-race, seed 7, costs published-2022");
      }
    }
  });

  it("counts up to the whole: the last counter is the metric, and the modes' times sum up to the spans'", () => {
    const result = runScenario(RACE);
    const { timeline } = result;
    for (const { id, world } of timeline.tracks) {
      const last = (name: string) =>
        timeline.counters.filter((one) => one.track === id && one.name === name).at(-1)?.value;
      expect(last(COUNTERS.intoKernel)).toBe(metric(result, world, "intoKernel"));
      expect(last(COUNTERS.intoHypervisor) ?? 0).toBe(metric(result, world, "intoHypervisor"));
      const times = (...modes: Mode[]) =>
        timeline.spans
          .filter((span) => span.track === id && modes.includes(span.mode))
          .reduce((sum, span) => sum + span.end - span.start, 0);
      expect(metric(result, world, "userTime")).toBe(times("user", "problem"));
      expect(metric(result, world, "kernelTime")).toBe(times("kernel", "supervisor"));
      expect(metric(result, world, "hypervisorTime")).toBe(times("hypervisor"));
    }
  });

  it("describes every metric that it gives", () => {
    const described = scenario.metrics.map(({ name }) => name);
    for (const { metrics } of runScenario(RACE).metrics) {
      expect(Object.keys(metrics).filter((name) => !described.includes(name))).toEqual([]);
    }
  });
});

describe("the worlds of the race", () => {
  it("show a container's program exactly like a process's: same calls, same modes, same times", () => {
    const { timeline } = runScenario(RACE, { knobs: { spread: 0 } });
    const program = (world: World) =>
      timeline.spans
        .filter((span) => span.track === world && span.stage === "program")
        .map(({ name, mode, start, end, args }) => ({ name, mode, args, length: end - start }));
    expect(program("container")).toEqual(program("process"));
    expect(program("process").map(({ mode }) => mode)).toEqual(["kernel", "user", "kernel", "user", "kernel"]);
  });

  it("go to the hypervisor in the VM alone", () => {
    const result = runScenario(RACE);
    const exits = (world: World) => metric(result, world, "intoHypervisor");
    expect([exits("process"), exits("container"), exits("address-space")]).toEqual([0, 0, 0]);
    // As counted: 61 in the firmware, 542 in the kernel, 8 for the byte, 1 to power off.
    expect(exits("vm")).toBe(61 + 542 + 8 + 1);
  });

  it("have no times in the z/OS lane: every span is one step, with its evidence", () => {
    const { timeline } = runScenario(RACE);
    const track = timeline.tracks.find(({ world }) => world === "address-space");
    expect(track).toMatchObject({ unit: "step" });
    expect(track?.name).toContain("steps, not time");
    const spans = timeline.spans.filter((span) => span.track === "address-space");
    expect(spans.length).toBeGreaterThan(50);
    for (const span of spans) {
      expect(span.end - span.start).toBe(1);
      expect(["verified", "recalled"]).toContain(span.args?.evidence);
      expect(["problem", "supervisor"]).toContain(span.mode);
    }
  });

  it("make the address space in the order of the manuals", () => {
    const { timeline } = runScenario(RACE);
    const names = timeline.spans.filter((span) => span.track === "address-space").map((span) => span.name);
    const order = [
      "SVC 34",
      "ASVT",
      "ASCB and ASSB",
      "RCT's TCB",
      "dispatch the RCT",
      "SVC 42",
      "dispatch the job step",
      "SVC 35",
      "SVC 3 ",
      "ASID is free",
    ];
    const places = order.map((text) => names.findIndex((name) => name.includes(text)));
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((left, right) => left - right));
  });
});

describe("the order of the published figures", () => {
  it("holds: process, container, crun, runc, Firecracker, QEMU with qboot, with SeaBIOS, a distribution", () => {
    const first = (world: World, knobs: KnobValues) => milliseconds(world, "firstInstruction", knobs);
    const ladder = [
      first("process", {}),
      first("container", {}),
      first("container", { runtime: "crun-cached" }),
      first("container", { runtime: "runc" }),
      first("vm", { vmm: "firecracker" }),
      first("vm", { vmm: "q35-qboot", kernel: "bzimage" }),
      first("vm", { vmm: "q35-seabios", kernel: "bzimage" }),
      first("vm", { vmm: "q35-seabios", init: "distribution" }),
    ];
    expect(ladder).toEqual(ladder.toSorted((left, right) => left - right));
  });

  it("holds for software emulation: slower than any hypervisor, and without exits", () => {
    const emulated = runScenario(RACE, { knobs: { accelerator: "tcg" } });
    const nested = runScenario(RACE, { knobs: { accelerator: "kvm-nested" } });
    expect(metric(emulated, "vm", "firstInstruction")).toBeGreaterThan(metric(nested, "vm", "firstInstruction"));
    expect(metric(emulated, "vm", "intoHypervisor")).toBe(0);
  });

  it("holds on one machine: Cloud Hypervisor, Firecracker and QEMU on each host of nsdi2020-data", () => {
    for (const host of ["m5d", "haswell", "nehalem"]) {
      const gone = (vmm: string) => milliseconds("vm", "gone", { vmm, host });
      expect(gone("cloud-hypervisor")).toBeLessThan(gone("firecracker"));
      expect(gone("firecracker")).toBeLessThan(gone("q35-qboot"));
    }
  });

  it("holds for a network device: Firecracker's guest takes 23 ms more with one on m5d", () => {
    const boot = (network: string) =>
      milliseconds("vm", "firstInstruction", { vmm: "firecracker", host: "m5d", network });
    expect(boot("on") - boot("off")).toBeCloseTo(23, 3);
  });

  it("holds for the host's kernel: the namespaces of 4.5 make a container slower than one of 5.19 by 73 ms", () => {
    const start = (hostKernel: string) => milliseconds("container", "firstInstruction", { hostKernel });
    expect(start("4.5") - start("5.19")).toBeCloseTo(47.7 + 10.9 + 16.8 - 1.5 - 0.1 - 0.7, 3);
  });

  it("is explained by counts: a verbose console adds its exits, and more of them than anything else", () => {
    const quiet = runScenario(RACE, { knobs: { spread: 0 } });
    const verbose = runScenario(RACE, { knobs: { spread: 0, console: "verbose" } });
    const exits = metric(verbose, "vm", "intoHypervisor") - metric(quiet, "vm", "intoHypervisor");
    expect(exits).toBe(33_587 - 200);
    expect(metric(verbose, "vm", "gone") - metric(quiet, "vm", "gone")).toBe(exits * 3_183);
  });
});
