/** vCPUs on a host: no time is lost, the host's scheduler decides who gets it, and what needs no hypervisor never leaves. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CostBook } from "../../../simulator/costs/cost-book.ts";
import { DEFAULT_PROFILE, findProfile } from "../../../simulator/costs/profiles.ts";
import { PRIORITIES } from "../../../simulator/engine/priorities.ts";
import { Simulation } from "../../../simulator/engine/simulation.ts";
import { EevdfPolicy } from "../../../simulator/linux/scheduler/eevdf.ts";
import type { Activity } from "../../../simulator/machine/activity.ts";
import { CpuSet, type Stretch } from "../../../simulator/machine/cpu-set.ts";
import { RoundRobin } from "../../../simulator/machine/policy.ts";
import { Thread } from "../../../simulator/machine/thread.ts";
import { trackObserver } from "../../../simulator/machine/track-observer.ts";
import { crossingsOf } from "../../../simulator/trace/crossings.ts";
import { TraceRecorder } from "../../../simulator/trace/recorder.ts";
import { exitNs } from "../../../simulator/virtualization/exit-path.ts";
import { Hypervisor } from "../../../simulator/virtualization/hypervisor.ts";
import { VirtualMachine } from "../../../simulator/virtualization/virtual-machine.ts";

const profile = findProfile(DEFAULT_PROFILE);
if (profile === undefined) throw new Error("the default profile is missing");
const costs = new CostBook(profile);
const hypervisor = new Hypervisor(costs, "kvm");
const HALT = exitNs(costs, "host kernel", 1);

interface Step {
  readonly what: "compute" | "call" | "device" | "sleep";
  readonly ns: number;
}

function* program(steps: readonly Step[]): Generator<Activity> {
  for (const { what, ns } of steps) {
    const burst = { kind: "burst", name: what, stage: "work", duration: ns } as const;
    if (what === "sleep") yield { kind: "pause", duration: ns };
    else if (what === "compute") yield { ...burst, mode: "user" };
    else if (what === "call") yield { ...burst, mode: "kernel" };
    else {
      const trap = { handledIn: "monitor", reason: "serial console", count: 2, included: false } as const;
      yield { ...burst, mode: "kernel", traps: [trap] };
    }
  }
}

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom("compute" as const, "call" as const, "device" as const, "sleep" as const),
  ns: fc.integer({ min: 10, max: 50_000 }),
});
const programs = fc.array(fc.array(step, { maxLength: 6 }), { minLength: 1, maxLength: 3 });

function setUp(cpus: number, sliceNs: number, policyName: "round robin" | "fair") {
  const simulation = new Simulation();
  const policy = policyName === "fair" ? new EevdfPolicy({ simulation, cpus }) : new RoundRobin(sliceNs);
  const stretches: Stretch<Thread>[] = [];
  const host = new CpuSet({ simulation, cpus, policy, observer: { ran: (one) => void stretches.push(one) } });
  return { simulation, host, stretches };
}

describe("a virtual machine", () => {
  test("has all of its time accounted for: in the guest, in exits, halted, stolen", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ vcpus: fc.integer({ min: 1, max: 2 }), programs }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 500, max: 20_000 }),
        fc.constantFrom("round robin" as const, "fair" as const),
        (plans, cpus, sliceNs, policyName) => {
          const { simulation, host } = setUp(cpus, sliceNs, policyName);
          const machines = plans.map(({ vcpus, programs: lives }, index) => {
            const options = { simulation, host, costs, hypervisor, vcpus, name: `guest ${index}` };
            const machine = new VirtualMachine({ ...options, policy: new RoundRobin(10_000) });
            return { machine, vcpus, threads: lives.map((life, at) => machine.start(`program ${at}`, program(life))) };
          });
          expect(simulation.run().ended).toBe("finished");
          for (const [index, { machine, vcpus, threads }] of machines.entries()) {
            let [guestNs, exits] = [0, 0];
            for (let vcpu = 0; vcpu < vcpus; vcpu++) {
              const time = machine.time(vcpu);
              expect(time.guestNs + time.exitNs + time.haltedNs + time.stealNs).toBe(simulation.now);
              guestNs += time.guestNs;
              exits += time.exits;
            }
            const steps = plans[index]?.programs.flat() ?? [];
            expect(threads.every(({ state }) => state === "ended")).toBe(true);
            expect(guestNs).toBe(steps.reduce((sum, one) => sum + (one.what === "sleep" ? 0 : one.ns), 0));
            expect(exits).toBeGreaterThanOrEqual(2 * steps.filter(({ what }) => what === "device").length);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  test("is never left by a computation or by its own system calls: it halts at its end, and that is all", () => {
    fc.assert(
      fc.property(fc.array(step.filter(({ what }) => what === "compute" || what === "call")), (steps) => {
        const { simulation, host } = setUp(1, 1000, "round robin");
        const options = { simulation, host, costs, hypervisor, vcpus: 1, name: "guest" };
        const machine = new VirtualMachine({ ...options, policy: new RoundRobin(10_000) });
        machine.start("program", program(steps));
        simulation.run();
        expect(machine.time(0)).toMatchObject({ exits: 1, exitNs: HALT, stealNs: 0 });
      }),
    );
  });

  test("loses to its host's other work what the scheduler gives to it, and sees it as steal time", () => {
    const { simulation, host } = setUp(1, 1000, "round robin");
    const options = { simulation, host, costs, hypervisor, vcpus: 1, name: "guest" };
    const machine = new VirtualMachine({ ...options, policy: new RoundRobin(Number.POSITIVE_INFINITY) });
    machine.start("loop", program([{ what: "compute", ns: 100_000 }]));
    host.start(new Thread("neighbour", program([{ what: "compute", ns: 100_000 }])));
    simulation.run({ untilTime: 150_000 });
    const { stealNs, guestNs } = machine.time(0);
    expect(guestNs).toBeGreaterThan(70_000);
    expect(Math.abs(stealNs - guestNs)).toBeLessThan(3000);
  });

  test("counts an exit once, however often the host takes the processor away in it, and so does its trace", () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 5000 }), fc.integer({ min: 1, max: 5 }), (sliceNs, devices) => {
        const { simulation, host } = setUp(1, sliceNs, "round robin");
        const recorder = new TraceRecorder();
        const provenance = { kind: "simulated", detail: "a test" } as const;
        recorder.track({ id: "guest", name: "guest", world: "vm", unit: "ns", provenance });
        const observer = trackObserver(recorder, () => "guest");
        const options = { simulation, host, costs, hypervisor, vcpus: 1, name: "guest", observer };
        const machine = new VirtualMachine({ ...options, policy: new RoundRobin(Number.POSITIVE_INFINITY) });
        machine.start("program", program(Array.from({ length: devices }, () => ({ what: "device", ns: 1000 }))));
        host.start(new Thread("neighbour", program([{ what: "compute", ns: 200_000 }])));
        simulation.run();
        expect(machine.time(0).exits).toBe(2 * devices + 1);
        // HLT is an exit of the vCPU's thread, and not on the guest's track.
        expect(crossingsOf(recorder.timeline("a test"), "guest").intoHypervisor).toBe(2 * devices);
      }),
    );
  });

  test("wakes for what becomes ready in it, at once where the host is idle", () => {
    const { simulation, host } = setUp(1, 1000, "round robin");
    const options = { simulation, host, costs, hypervisor, vcpus: 1, name: "guest" };
    const machine = new VirtualMachine({ ...options, policy: new RoundRobin(1000) });
    let late: Thread | undefined;
    simulation.schedule(50_000, PRIORITIES.complete, () => {
      late = machine.start("late", program([{ what: "compute", ns: 500 }]));
    });
    simulation.run();
    expect(late?.state).toBe("ended");
    expect(machine.time(0)).toEqual({ guestNs: 500, exitNs: 2 * HALT, exits: 2, haltedNs: 50_000 - HALT, stealNs: 0 });
  });
});
