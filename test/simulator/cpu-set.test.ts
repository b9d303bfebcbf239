/** The processors of a machine: whatever the policy decides, no work is lost, made up, or done in two places at once. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { PRIORITIES } from "../../simulator/engine/priorities.ts";
import { Simulation } from "../../simulator/engine/simulation.ts";
import type { Activity, Burst } from "../../simulator/machine/activity.ts";
import { CpuSet, type Stretch } from "../../simulator/machine/cpu-set.ts";
import { RoundRobin } from "../../simulator/machine/policy.ts";
import { Thread } from "../../simulator/machine/thread.ts";

function burst(duration: number, more: Partial<Burst> = {}): Burst {
  return { kind: "burst", mode: "user", name: "work", stage: "work", duration, ...more };
}

function machine(cpus: number, sliceNs: number, switchNs = 0) {
  const simulation = new Simulation();
  const stretches: Stretch<Thread>[] = [];
  const set = new CpuSet({
    simulation,
    cpus,
    policy: new RoundRobin(sliceNs),
    observer: { ran: (stretch) => void stretches.push(stretch) },
    ...(switchNs > 0 && { contextSwitch: () => burst(switchNs, { mode: "kernel", name: "switch" }) }),
  });
  return { simulation, set, stretches };
}

const activities = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("burst" as const), duration: fc.integer({ min: 1, max: 500 }), whole: fc.boolean() }),
    fc.record({ kind: fc.constant("pause" as const), duration: fc.integer({ min: 0, max: 300 }), whole: fc.boolean() }),
  ),
  { maxLength: 8 },
);

test("does all the work of every thread, on one processor at a time, and never two threads on one processor", () => {
  fc.assert(
    fc.property(
      fc.array(activities, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 0, max: 20 }),
      fc.array(
        fc.record({ at: fc.integer({ min: 0, max: 2000 }), cpu: fc.nat(3), ns: fc.integer({ min: 1, max: 400 }) }),
      ),
      (plans, cpus, sliceNs, switchNs, absences) => {
        const { simulation, set, stretches } = machine(cpus, sliceNs, switchNs);
        const threads = plans.map((plan, index) => {
          const life = plan.map(
            ({ kind, duration, whole }): Activity =>
              kind === "burst" ? burst(duration, whole ? { preemptible: false } : {}) : { kind, duration },
          );
          return new Thread(`thread ${index}`, life);
        });
        for (const thread of threads) set.start(thread);
        for (const { at, cpu, ns } of absences) {
          const index = cpu % cpus;
          simulation.schedule(at, PRIORITIES.begin, () => set.suspend(index));
          simulation.schedule(at + ns, PRIORITIES.begin, () => set.resume(index));
        }
        for (let index = 0; index < cpus; index++) {
          simulation.schedule(10_000, PRIORITIES.begin, () => set.resume(index));
        }
        expect(simulation.run().ended).toBe("finished");
        for (const [index, thread] of threads.entries()) {
          const wanted = plans[index]?.reduce((sum, step) => sum + (step.kind === "burst" ? step.duration : 0), 0);
          const own = stretches.filter((stretch) => stretch.thread === thread);
          expect(thread.state).toBe("ended");
          expect(thread.ranNs).toBe(wanted);
          expect(own.reduce((sum, { start, end }) => sum + end - start, 0)).toBe(wanted);
          expectApart(own);
        }
        for (let cpu = 0; cpu < cpus; cpu++) expectApart(stretches.filter((stretch) => stretch.cpu === cpu));
      },
    ),
    { numRuns: 300 },
  );
});

function expectApart(stretches: readonly Stretch<Thread>[]): void {
  for (const [index, { start, end }] of stretches.entries()) {
    expect(end).toBeGreaterThan(start);
    expect(start).toBeGreaterThanOrEqual(stretches[index - 1]?.end ?? 0);
  }
}

test("a burst that nobody may interrupt is one stretch, and whoever wanted its processor has it right after", () => {
  const { simulation, set, stretches } = machine(1, 10);
  set.start(new Thread("whole", [burst(35, { preemptible: false }), burst(5)]));
  set.start(new Thread("other", [burst(5)]));
  simulation.run();
  expect(stretches.map(({ thread, start, end }) => [thread?.name, start, end])).toEqual([
    ["whole", 0, 35],
    ["other", 35, 40],
    ["whole", 40, 45],
  ]);
});

test("a thread that blocks runs again when it is woken, and not before; waking it twice is waking it once", () => {
  const { simulation, set, stretches } = machine(1, 100);
  const sleeper = new Thread("sleeper", [burst(1), { kind: "block", reason: "a friend" }, burst(2)]);
  set.start(sleeper);
  simulation.schedule(50, PRIORITIES.complete, () => {
    expect(set.wake(sleeper)).toBe(true);
    expect(set.wake(sleeper)).toBe(false);
  });
  simulation.run();
  expect(stretches.map(({ start, end }) => [start, end])).toEqual([
    [0, 1],
    [50, 52],
  ]);
});

test("a guest's processor runs while the host runs its vCPU, and the guest's work takes as long as the host lets it", () => {
  const { simulation, set: host, stretches: hostStretches } = machine(1, 10);
  const guest = new CpuSet({ simulation, cpus: 1, policy: new RoundRobin(1000) });
  guest.suspend(0);
  const inside = new Thread("inside", [burst(25)]);
  guest.start(inside);
  const vcpu: Thread = new Thread("vCPU", [
    {
      kind: "open",
      mode: "user",
      name: "guest",
      stage: "guest",
      given: () => guest.resume(0),
      taken: () => guest.suspend(0),
    },
  ]);
  host.start(vcpu);
  host.start(new Thread("neighbour", [burst(25)]));
  simulation.run({ untilTime: 200 });
  expect(inside.state).toBe("ended");
  expect(hostStretches.filter(({ thread }) => thread === vcpu).length).toBeGreaterThan(2);
  const until = hostStretches.filter(({ thread }) => thread === vcpu).slice(0, 3);
  expect(until.map(({ start, end }) => [start, end])).toEqual([
    [0, 10],
    [20, 30],
    [40, 50],
  ]);
});

test("a thread that is killed, running, ready or blocked, does nothing any more", () => {
  const { simulation, set, stretches } = machine(1, 1000);
  const threads = [
    new Thread("running", [burst(100)]),
    new Thread("ready", [burst(100)]),
    new Thread("blocked", [{ kind: "block", reason: "nothing" }, burst(100)]),
  ];
  for (const thread of threads.toReversed()) set.start(thread);
  simulation.schedule(20, PRIORITIES.complete, () => {
    for (const thread of threads) set.kill(thread);
  });
  simulation.run();
  expect(threads.map(({ state }) => state)).toEqual(["ended", "ended", "ended"]);
  expect(stretches.reduce((sum, { start, end }) => sum + end - start, 0)).toBe(20);
});
