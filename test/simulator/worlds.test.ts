/** The worlds: the same program, and what each world makes of it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CostBook } from "../../simulator/costs/cost-book.ts";
import { DEFAULT_PROFILE, findProfile } from "../../simulator/costs/profiles.ts";
import { stepCostId } from "../../simulator/costs/reference-container.ts";
import { Simulation } from "../../simulator/engine/simulation.ts";
import { stepNs } from "../../simulator/linux/container.ts";
import { subjectOf } from "../../simulator/linux/container-plan.ts";
import { LinuxKernel, type OutputDevice } from "../../simulator/linux/kernel.ts";
import type { Activities, Activity, Burst } from "../../simulator/machine/activity.ts";
import { evenPieces, interleave } from "../../simulator/machine/pieces.ts";
import { Processor } from "../../simulator/machine/processor.ts";
import { DEFAULT_CONTAINER_PLAN } from "../../simulator/scenarios/default-container-plan.generated.ts";
import { checkTimeline } from "../../simulator/trace/check.ts";
import { crossingsOf } from "../../simulator/trace/crossings.ts";
import { TraceRecorder } from "../../simulator/trace/recorder.ts";
import type { Timeline, TimeUnit } from "../../simulator/trace/timeline.ts";
import { exitNs } from "../../simulator/virtualization/exit-path.ts";
import { type Accelerator, Hypervisor } from "../../simulator/virtualization/hypervisor.ts";
import type { Operation, Workload } from "../../simulator/workload/workload.ts";
import { Nucleus } from "../../simulator/zos/nucleus.ts";

const profile = findProfile(DEFAULT_PROFILE);
if (profile === undefined) throw new Error("the default profile is missing");
const costs = new CostBook(profile);

const PIPE: OutputDevice = { name: "pipe", writeCost: "linux.write.pipe", traps: [] };
const trap = { handledIn: "monitor", reason: "serial console", count: 8, included: false } as const;
const SERIAL: OutputDevice = { name: "serial console", writeCost: "linux.write.pipe", traps: [trap] };

function linux(output: OutputDevice, pageTableIsolation = false): LinuxKernel {
  return new LinuxKernel({ costs, output, pageTableIsolation });
}

function carryOut(life: Activities, unit: TimeUnit = "ns"): Timeline {
  const recorder = new TraceRecorder();
  recorder.track({ id: "t", name: "T", world: "process", unit, provenance: { kind: "simulated", detail: "a test" } });
  const simulation = new Simulation();
  new Processor(simulation, recorder, "t").execute(life);
  simulation.run();
  return recorder.timeline("test");
}

const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ kind: fc.constant("compute" as const), instructions: fc.integer({ min: 1, max: 1000 }) }),
  fc.record({
    kind: fc.constant("systemCall" as const),
    service: fc.constantFrom("write" as const, "getpid" as const),
  }),
  fc.record({
    kind: fc.constant("pageTouch" as const),
    pages: fc.nat(3),
    access: fc.constantFrom("read" as const, "write" as const),
  }),
  fc.record({ kind: fc.constant("sleep" as const), durationNs: fc.integer({ min: 1, max: 10_000 }) }),
);
const program: fc.Arbitrary<Workload> = fc
  .array(operation, { maxLength: 30 })
  // A border is seen where the program runs on either side of it, so some instructions stand between any two operations.
  .map((list) => ({
    name: "random",
    operations: list.flatMap((one): Operation[] => [{ kind: "compute", instructions: 1 }, one]),
  }));

function visits({ operations }: Workload): { calls: number; faults: number; sleeps: number } {
  const sum = (kind: Operation["kind"]) => operations.filter((one) => one.kind === kind).length;
  const faults = operations.reduce((total, one) => total + (one.kind === "pageTouch" && one.pages > 0 ? 1 : 0), 0);
  return { calls: sum("systemCall"), faults, sleeps: sum("sleep") };
}

describe("any program", () => {
  it("goes into the kernel once for every system call, fault and sleep, in Linux and in z/OS alike", () => {
    fc.assert(
      fc.property(program, (workload) => {
        const { calls, faults, sleeps } = visits(workload);
        const onLinux = carryOut(linux(PIPE).run(workload, "program"));
        const onZos = carryOut(new Nucleus().run(workload, "program"), "step");
        expect(checkTimeline(onLinux)).toEqual([]);
        expect(checkTimeline(onZos)).toEqual([]);
        expect(crossingsOf(onLinux, "t")).toEqual({ intoKernel: calls + faults + sleeps, intoHypervisor: 0 });
        expect(crossingsOf(onZos, "t")).toEqual({ intoKernel: calls + faults + sleeps, intoHypervisor: 0 });
      }),
    );
  });

  it("does not notice a hypervisor below its kernel until it reaches for a device", () => {
    fc.assert(
      fc.property(program, fc.constantFrom<Accelerator>("kvm", "kvm-nested"), (workload, accelerator) => {
        const hypervisor = new Hypervisor(costs, accelerator);
        const bare = carryOut(linux(PIPE).run(workload, "program"));
        expect(carryOut(hypervisor.run(linux(PIPE).run(workload, "program")))).toEqual(bare);
        const guest = carryOut(hypervisor.run(linux(SERIAL).run(workload, "program")));
        const writes = workload.operations.filter((one) => one.kind === "systemCall" && one.service === "write").length;
        expect(crossingsOf(guest, "t").intoHypervisor).toBe(8 * writes);
        expect(crossingsOf(guest, "t").intoKernel).toBe(crossingsOf(bare, "t").intoKernel);
      }),
    );
  });

  it("leaves nothing under software emulation: the emulator is the processor", () => {
    fc.assert(
      fc.property(program, (workload) => {
        const bare = carryOut(linux(PIPE).run(workload, "program"));
        const emulated = carryOut(new Hypervisor(costs, "tcg").run(linux(SERIAL).run(workload, "program")));
        expect(crossingsOf(emulated, "t")).toEqual(crossingsOf(bare, "t"));
      }),
    );
  });

  it("takes the same time in a guest as outside, but for the exits", () => {
    fc.assert(
      fc.property(program, (workload) => {
        const total = (timeline: Timeline) =>
          timeline.spans
            .filter(({ mode }) => mode !== "hypervisor")
            .reduce((sum, { start, end }) => sum + end - start, 0);
        const bare = carryOut(linux(SERIAL).run(workload, "program"));
        const guest = carryOut(new Hypervisor(costs, "kvm").run(linux(SERIAL).run(workload, "program")));
        expect(total(guest)).toBe(total(bare));
      }),
    );
  });

  it("pays for page-table isolation at every system call, and nowhere else", () => {
    fc.assert(
      fc.property(program, (workload) => {
        const end = (isolation: boolean) =>
          carryOut(linux(PIPE, isolation).run(workload, "program")).spans.at(-1)?.end ?? 0;
        const { calls, sleeps } = visits(workload);
        expect(end(true) - end(false)).toBe((calls + sleeps) * (236 - 62));
      }),
    );
  });
});

describe("a kernel", () => {
  it("takes for a write what entering takes and what the device takes", () => {
    const length = (service: "write" | "getpid") => {
      const workload: Workload = { name: "one call", operations: [{ kind: "systemCall", service }] };
      return carryOut(linux(PIPE).run(workload, "program")).spans.at(-1)?.end ?? 0;
    };
    expect(length("getpid")).toBe(costs.ns("linux.systemCall.entry"));
    expect(length("write")).toBe(costs.ns("linux.systemCall.entry") + costs.ns("linux.write.pipe"));
  });

  it("of z/OS takes a call from problem state, and does not come back from EXIT", () => {
    const names = (service: "write" | "exit") => {
      const workload: Workload = { name: "one call", operations: [{ kind: "systemCall", service }] };
      return carryOut(new Nucleus().run(workload, "program"), "step").spans.map(({ mode, name }) => `${mode} ${name}`);
    };
    expect(names("write")[0]).toBe("problem SVC 35 (WTO)");
    expect(names("write").at(-1)).toContain("exit prologue");
    expect(names("exit")[0]).toBe("problem SVC 3 (EXIT)");
    expect(names("exit").at(-1)).not.toContain("exit prologue");
  });

  it("runs a spawned program as a process of its own: started, then like any other", () => {
    const child: Workload = { name: "child", operations: [{ kind: "systemCall", service: "getpid" }] };
    const parent: Workload = { name: "parent", operations: [{ kind: "spawn", program: child }] };
    const names = carryOut(linux(PIPE).run(parent, "program")).spans.map((span) => span.name);
    expect(names).toEqual(["vfork()", "the child, still its parent's program", "execve()", "getpid()"]);
    const steps = carryOut(new Nucleus().run(parent, "program"), "step").spans.map((span) => span.name);
    expect(steps[0]).toBe("SVC 42 (ATTACH)");
    expect(steps).toContain("SVC 11 (TIME)");
  });
});

describe("a processor", () => {
  it("ends a burst before another one's timer of the same instant, whichever was started first", () => {
    const recorder = new TraceRecorder();
    const simulation = new Simulation();
    const run = (track: string, first: Activity) =>
      new Processor(simulation, recorder, track).execute([first, { kind: "mark", name: `${track} is on` }]);
    run("sleeper", { kind: "pause", duration: 5 });
    run("runner", { kind: "burst", mode: "user", name: "work", stage: "s", duration: 5 });
    simulation.run();
    expect(recorder.timeline("").instants.map(({ name, at }) => [name, at])).toEqual([
      ["runner is on", 5],
      ["sleeper is on", 5],
    ]);
  });
});

describe("a hypervisor", () => {
  const boot: Burst = { kind: "burst", mode: "kernel", name: "boot", stage: "kernel", duration: 10_000_000 };
  const exits = (count: number, included: boolean) => [{ ...trap, count, included }];

  it("takes exits that a measured time has in it out of the guest's part, so that the whole stays as measured", () => {
    fc.assert(
      fc.property(fc.nat(3000), (count) => {
        const life: Activity[] = [{ ...boot, traps: exits(count, true) }];
        const timeline = carryOut(new Hypervisor(costs, "kvm").run(life));
        expect(timeline.spans.at(-1)?.end).toBe(boot.duration);
        expect(crossingsOf(timeline, "t").intoHypervisor).toBe(count);
      }),
    );
  });

  it("adds, where it is nested, what each exit takes longer", () => {
    const life: Activity[] = [{ ...boot, traps: exits(100, true) }];
    const timeline = carryOut(new Hypervisor(costs, "kvm-nested").run(life));
    const each = exitNs(costs, "monitor", 2) - exitNs(costs, "monitor", 1);
    expect(timeline.spans.at(-1)?.end).toBe(boot.duration + 100 * each);
    // Published for the same: 33.7 µs and not 3.183.
    expect(each / (33_700 - 3_183)).toBeGreaterThan(0.8);
    expect(each / (33_700 - 3_183)).toBeLessThan(1.2);
  });

  it("refuses a time that is too short for the exits in it", () => {
    const life: Activity[] = [{ ...boot, traps: exits(5000, true) }];
    expect(() => carryOut(new Hypervisor(costs, "kvm").run(life))).toThrow("cannot hold its exits");
  });
});

describe("the plan of a default container", () => {
  it("has a cost for every step, measured for nine steps in ten at least; execve is any process's", () => {
    for (const step of DEFAULT_CONTAINER_PLAN) expect(stepNs(costs, step, "source")).toBeGreaterThan(0);
    const started = DEFAULT_CONTAINER_PLAN.filter((step) => step.phase !== "cleanup" && step.op !== "execute");
    const measured = started.filter((step) => costs.has(stepCostId(step.op, "")));
    expect(measured.length / started.length).toBeGreaterThan(0.9);
  });

  it("names what a step is about: a file system, namespaces, a path without the container's id", () => {
    expect(subjectOf({ op: "newFilesystem", type: "proc" }, "c0ffee")).toBe("proc");
    expect(subjectOf({ op: "clone", flags: 0x6c020000 }, "c0ffee")).toBe("pid mount network uts ipc");
    expect(subjectOf({ op: "unshare", flags: 0x02000000 }, "c0ffee")).toBe("cgroup");
    expect(subjectOf({ op: "makeDirectory", path: "/cgroup/ringside-c0ffee" }, "c0ffee")).toBe("/cgroup");
    expect(subjectOf({ op: "writeFile", path: "/layers/c0ffee/upper" }, "c0ffee")).toBe("/layers/upper");
    expect(subjectOf({ op: "pivotRoot", root: 5 }, "c0ffee")).toBe("");
    expect(subjectOf({ op: "openPath", path: "/c0ffee", flags: 1 }, "c0ffee")).toBe("/");
  });
});

describe("pieces", () => {
  it("sum up to the whole and differ by at most one", () => {
    fc.assert(
      fc.property(fc.nat(1e9), fc.integer({ min: 1, max: 100 }), (total, count) => {
        const pieces = evenPieces(total, count);
        expect(pieces.reduce((sum, piece) => sum + piece, 0)).toBe(total);
        expect(Math.max(...pieces) - Math.min(...pieces)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("lie evenly: four of one kind and two of another make a b a, a b a", () => {
    const teeth = interleave(
      [
        { kind: "a", count: 4 },
        { kind: "b", count: 2 },
      ],
      10,
    );
    expect(teeth.map(({ kind }) => kind).join(" ")).toBe("a b a a b a");
  });

  it("interleave without losing a visit, in few teeth", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(40_000), { maxLength: 6 }), fc.integer({ min: 1, max: 60 }), (counts, limit) => {
        const teeth = interleave(
          counts.map((count, kind) => ({ kind, count })),
          limit,
        );
        for (const [kind, count] of counts.entries()) {
          const own = teeth.filter((tooth) => tooth.kind === kind);
          expect(own.reduce((sum, tooth) => sum + tooth.count, 0)).toBe(count);
        }
        expect(teeth.length).toBeLessThanOrEqual(limit + counts.length);
      }),
    );
  });
});
