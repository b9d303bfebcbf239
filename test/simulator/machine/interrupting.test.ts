/** Interrupts on the processors of a machine: what runs stands still, the handler runs whole, and nothing is lost. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { PRIORITIES } from "../../../simulator/engine/priorities.ts";
import { Simulation } from "../../../simulator/engine/simulation.ts";
import type { Activity, Burst } from "../../../simulator/machine/activity.ts";
import { CpuSet, type Stretch } from "../../../simulator/machine/cpu-set.ts";
import { RoundRobin } from "../../../simulator/machine/policy.ts";
import { Thread } from "../../../simulator/machine/thread.ts";

function burst(duration: number, more: Partial<Burst> = {}): Burst {
  return { kind: "burst", mode: "user", name: "work", stage: "work", duration, ...more };
}

function handler(duration: number, name = "irq"): Burst {
  return burst(duration, { mode: "kernel", name, stage: "interrupt" });
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
  const at = (time: number, action: () => void) => simulation.schedule(time, PRIORITIES.complete, action);
  const shown = () => stretches.map(({ thread, activity, start, end }) => [thread?.name ?? activity.name, start, end]);
  return { simulation, set, stretches, at, shown };
}

const life = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("burst" as const), duration: fc.integer({ min: 1, max: 300 }), closed: fc.nat(3) }),
    fc.record({ kind: fc.constant("pause" as const), duration: fc.nat(200), closed: fc.constant(0) }),
  ),
  { maxLength: 6, size: "max" },
);

test("every interrupt is handled once and whole, and every thread still does all its work", () => {
  fc.assert(
    fc.property(
      fc.array(life, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 0, max: 10 }),
      fc.array(fc.record({ at: fc.nat(1500), cpu: fc.nat(2), ns: fc.integer({ min: 1, max: 60 }) }), {
        maxLength: 20,
        size: "max",
      }),
      fc.array(fc.record({ at: fc.nat(1500), cpu: fc.nat(2), ns: fc.integer({ min: 1, max: 200 }) }), {
        maxLength: 4,
        size: "max",
      }),
      (plans, cpus, sliceNs, switchNs, interrupts, absences) => {
        const { simulation, set, stretches, at } = machine(cpus, sliceNs, switchNs);
        const threads = plans.map((plan, index) => {
          const activities = plan.map(({ kind, duration, closed }): Activity => {
            if (kind === "pause") return { kind, duration };
            return burst(duration, { preemptible: closed !== 1, interruptible: closed !== 2 });
          });
          return new Thread(`thread ${index}`, activities);
        });
        for (const thread of threads) set.start(thread);
        const done = interrupts.map(() => 0);
        for (const [index, interrupt] of interrupts.entries()) {
          const raise = () =>
            set.interrupt(interrupt.cpu % cpus, handler(interrupt.ns, `irq ${index}`), () => {
              done[index] = (done[index] ?? 0) + 1;
            });
          at(interrupt.at, raise);
        }
        for (const { at: from, cpu, ns } of absences) {
          at(from, () => set.suspend(cpu % cpus));
          at(from + ns, () => set.resume(cpu % cpus));
        }
        for (let index = 0; index < cpus; index++) at(10_000, () => set.resume(index));
        expect(simulation.run().ended).toBe("finished");
        for (const [index, thread] of threads.entries()) {
          const wanted = plans[index]?.reduce((sum, step) => sum + (step.kind === "burst" ? step.duration : 0), 0);
          expect([thread.state, thread.ranNs]).toEqual(["ended", wanted]);
        }
        for (const [index, interrupt] of interrupts.entries()) {
          const own = stretches.filter(({ activity }) => activity.name === `irq ${index}`);
          expect(done[index]).toBe(1);
          expect(own.reduce((sum, { start, end }) => sum + end - start, 0)).toBe(interrupt.ns);
          for (const { start, cpu, thread } of own) {
            expect(start).toBeGreaterThanOrEqual(interrupt.at);
            expect([cpu, thread]).toEqual([interrupt.cpu % cpus, undefined]);
          }
        }
        for (let cpu = 0; cpu < cpus; cpu++) expectApart(stretches.filter((stretch) => stretch.cpu === cpu));
      },
    ),
    { numRuns: 300 },
  );
});

const disturbance = fc.record({
  at: fc.nat(1200),
  what: fc.constantFrom("interrupt", "interrupt", "late part", "kill", "wake", "suspend", "resume", "reschedule"),
  cpu: fc.nat(2),
  thread: fc.nat(5),
  ns: fc.integer({ min: 1, max: 60 }),
});
const sleepyLife = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("burst" as const), duration: fc.integer({ min: 1, max: 200 }), closed: fc.nat(3) }),
    fc.record({ kind: fc.constant("block" as const), duration: fc.constant(0), closed: fc.constant(0) }),
  ),
  { maxLength: 6, size: "max" },
);

test("whatever is killed, woken, taken away or interrupted meanwhile, nothing overlaps, nobody is forgotten, no handler is cut short", () => {
  fc.assert(
    fc.property(
      fc.array(sleepyLife, { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 0, max: 10 }),
      fc.array(disturbance, { maxLength: 40, size: "max" }),
      (plans, cpus, sliceNs, switchNs, disturbances) => {
        const { simulation, set, stretches, at } = machine(cpus, sliceNs, switchNs);
        const threads = plans.map((plan, index) => {
          const activities = plan.map(({ kind, duration, closed }): Activity => {
            if (kind === "block") return { kind, reason: "a friend" };
            return burst(duration, { preemptible: closed !== 1, interruptible: closed !== 2 });
          });
          return new Thread(`thread ${index}`, activities);
        });
        for (const thread of threads) set.start(thread);
        const killedAt = new Map<Thread, number>();
        const handled = new Map<string, number>();
        for (const [index, { at: time, what, cpu: drawn, thread: which, ns }] of disturbances.entries()) {
          const cpu = drawn % cpus;
          const thread = threads[which % threads.length];
          if (thread === undefined) continue;
          at(time, () => {
            if (what === "kill") {
              if (thread.state !== "ended") killedAt.set(thread, simulation.now);
              set.kill(thread);
            } else if (what === "wake") set.wake(thread);
            else if (what === "suspend") set.suspend(cpu);
            else if (what === "resume") set.resume(cpu);
            else if (what === "reschedule") set.reschedule();
            else {
              const late = burst(ns, { mode: "kernel", name: `irq ${index}`, interruptible: what === "late part" });
              const bursts = [handler(ns, `irq ${index}`), late];
              handled.set(`irq ${index}`, 2 * ns);
              set.requestInterrupt(cpu, () => ({ bursts }));
            }
          });
        }
        // In the end everything is there, and everybody is woken as often as it sleeps.
        for (let cpu = 0; cpu < cpus; cpu++) at(10_000, () => set.resume(cpu));
        for (let round = 0; round < 7; round++) {
          at(20_000 + 10_000 * round, () => {
            for (const thread of threads) set.wake(thread);
          });
        }
        expect(simulation.run().ended).toBe("finished");
        for (const [index, thread] of threads.entries()) {
          const wanted = plans[index]?.reduce((sum, step) => sum + step.duration, 0) ?? 0;
          const own = stretches.filter((stretch) => stretch.thread === thread);
          const killed = killedAt.get(thread);
          expect(thread.state).toBe("ended");
          expect(own.reduce((sum, { start, end }) => sum + end - start, 0)).toBe(thread.ranNs);
          if (killed === undefined) expect(thread.ranNs).toBe(wanted);
          else expect(Math.max(0, ...own.map(({ end }) => end))).toBeLessThanOrEqual(killed);
          expectApart(own);
        }
        for (const [name, ns] of handled) {
          const own = stretches.filter(({ activity }) => activity.name === name);
          expect(own.reduce((sum, { start, end }) => sum + end - start, 0)).toBe(ns);
        }
        for (let cpu = 0; cpu < cpus; cpu++) expectApart(stretches.filter((stretch) => stretch.cpu === cpu));
      },
    ),
    { numRuns: 300 },
  );
});

function expectApart(stretches: readonly Stretch<Thread>[]): void {
  let last = 0;
  for (const { start, end } of stretches) {
    expect(start).toBeGreaterThanOrEqual(last);
    last = end;
  }
}

test("an interrupt cuts what runs in two, and the thread has its whole slice all the same", () => {
  const { simulation, set, at, shown } = machine(1, 10);
  set.start(new Thread("first", [burst(15)]));
  set.start(new Thread("second", [burst(5)]));
  at(4, () => set.interrupt(0, handler(3)));
  simulation.run();
  expect(shown()).toEqual([
    ["first", 0, 4],
    ["irq", 4, 7],
    ["first", 7, 13],
    ["second", 13, 18],
    ["first", 18, 23],
  ]);
});

test("a processor that has nothing to do handles an interrupt, and runs whoever that wakes", () => {
  const { simulation, set, at, shown } = machine(1, 10);
  const reader = new Thread("reader", [burst(2), { kind: "block", reason: "read from the disk" }, burst(2)]);
  set.start(reader);
  at(50, () => set.interrupt(0, handler(3), () => void set.wake(reader)));
  simulation.run();
  expect(shown()).toEqual([
    ["reader", 0, 2],
    ["irq", 50, 53],
    ["reader", 53, 55],
  ]);
});

test("what is closed to interrupts is closed from its first burst to its last, and the interrupt comes right after", () => {
  const { simulation, set, at, shown } = machine(1, 6);
  const closed = { interruptible: false };
  set.start(new Thread("disabled", [burst(10, closed), burst(10, closed), burst(10)]));
  at(5, () => set.interrupt(0, handler(3)));
  simulation.run();
  expect(shown()).toEqual([
    ["disabled", 0, 10],
    ["disabled", 10, 20],
    ["irq", 20, 23],
    ["disabled", 23, 29],
    ["disabled", 29, 33],
  ]);
});

test("a burst that nobody may preempt can be interrupted, and goes on after it though somebody more urgent waits", () => {
  const { simulation, set, at, shown } = machine(1, 10);
  set.start(new Thread("whole", [burst(30, { preemptible: false }), burst(5)]));
  set.start(new Thread("other", [burst(5)]));
  at(8, () => set.interrupt(0, handler(4)));
  simulation.run();
  expect(shown()).toEqual([
    ["whole", 0, 8],
    ["irq", 8, 12],
    ["whole", 12, 34],
    ["other", 34, 39],
    ["whole", 39, 44],
  ]);
});

test("handlers run one after the other; only the late part of one may be interrupted by another", () => {
  const { simulation, set, at, shown } = machine(1, 10);
  const late = burst(20, { name: "late part", mode: "kernel", interruptible: true });
  at(0, () => set.requestInterrupt(0, () => ({ bursts: [handler(10, "card"), late] })));
  at(5, () => set.interrupt(0, handler(2, "timer")));
  at(15, () => set.interrupt(0, handler(2, "disk")));
  simulation.run();
  expect(shown()).toEqual([
    ["card", 0, 10],
    ["timer", 10, 12],
    ["late part", 12, 15],
    ["disk", 15, 17],
    ["late part", 17, 34],
  ]);
});

test("a processor that is taken away keeps its interrupts, and a handler that had begun", () => {
  const { simulation, set, at, shown } = machine(1, 100);
  set.start(new Thread("guest", [burst(10)]));
  at(2, () => set.interrupt(0, handler(4, "first")));
  at(4, () => set.suspend(0));
  at(5, () => set.interrupt(0, handler(1, "second")));
  at(50, () => set.resume(0));
  simulation.run();
  expect(shown()).toEqual([
    ["guest", 0, 2],
    ["first", 2, 4],
    ["first", 50, 52],
    ["second", 52, 53],
    ["guest", 53, 61],
  ]);
});

test("an interrupt that is taken back before it could be taken leaves no trace", () => {
  const { simulation, set, at, shown } = machine(1, 100);
  set.start(new Thread("program", [burst(10)]));
  at(3, () => set.requestInterrupt(0, () => undefined));
  simulation.run();
  expect(shown()).toEqual([["program", 0, 10]]);
});

/** Whoever is more urgent takes the processor: the name begins with how much. */
const byUrgency = (ready: Thread, running: Thread) => ready.name > running.name;

function urgentMachine() {
  const simulation = new Simulation();
  const shown: unknown[] = [];
  const set = new CpuSet({
    simulation,
    cpus: 1,
    policy: { ...new RoundRobin<Thread>(1000), preempts: byUrgency },
    observer: {
      ran: ({ thread, activity, start, end }) => void shown.push([thread?.name ?? activity.name, start, end]),
    },
  });
  const at = (time: number, action: () => void) => simulation.schedule(time, PRIORITIES.complete, action);
  return { simulation, set, at, shown };
}

test("who becomes ready during a handler, and is more urgent than the thread below it, runs right after it, undisturbed", () => {
  const { simulation, set, at, shown } = urgentMachine();
  const urgent = new Thread("9 urgent", [burst(5), burst(5)]);
  const slow = new Thread("1 slow", [burst(20)]);
  set.start(slow);
  at(5, () => set.interrupt(0, handler(10)));
  at(8, () => set.start(urgent));
  simulation.run();
  expect(shown).toEqual([
    ["1 slow", 0, 5],
    ["irq", 5, 15],
    ["9 urgent", 15, 20],
    ["9 urgent", 20, 25],
    ["1 slow", 25, 40],
  ]);
  expect([slow.preemptions, urgent.preemptions]).toEqual([1, 0]);
});

test("a thread that becomes ready while one processor is in a handler goes to the one that has nothing to do", () => {
  const { simulation, set, at, shown } = machine(2, 100);
  at(0, () => set.interrupt(0, handler(50)));
  at(10, () => set.start(new Thread("program", [burst(5)])));
  simulation.run();
  expect(shown()).toEqual([
    ["program", 10, 15],
    ["irq", 0, 50],
  ]);
});

test("a policy that gives no slice at all still lets its threads get on", () => {
  const { simulation, set, shown } = machine(1, 0);
  set.start(new Thread("first", [burst(2)]));
  set.start(new Thread("second", [burst(1)]));
  expect(simulation.run({ maxEvents: 100 }).ended).toBe("finished");
  expect(shown()).toEqual([
    ["first", 0, 1],
    ["second", 1, 2],
    ["first", 2, 3],
  ]);
});

test("a thread that is killed while the processor is being switched to it leaves no switch behind", () => {
  const { simulation, set, at, shown } = machine(1, 100, 10);
  const victim = new Thread("victim", [burst(10)]);
  set.start(victim);
  at(4, () => set.kill(victim));
  at(20, () => set.start(new Thread("heir", [burst(5)])));
  at(60, () => set.interrupt(0, handler(3)));
  simulation.run();
  expect(shown()).toEqual([
    ["switch", 0, 4],
    ["switch", 20, 30],
    ["heir", 30, 35],
    ["irq", 60, 63],
  ]);
});

test("a thread that is killed while a handler stands in its place takes nothing of the handler with it", () => {
  const { simulation, set, at, shown } = machine(1, 100);
  const victim = new Thread("victim", [burst(10)]);
  set.start(victim);
  set.start(new Thread("heir", [burst(5)]));
  at(3, () => set.interrupt(0, handler(4)));
  at(5, () => set.kill(victim));
  simulation.run();
  expect([victim.state, victim.ranNs]).toEqual(["ended", 3]);
  expect(shown()).toEqual([
    ["victim", 0, 3],
    ["irq", 3, 7],
    ["heir", 7, 12],
  ]);
});

test("a guest's thread that is killed while the guest's processor is away has run no longer than it was there", () => {
  const { simulation, set, at, shown } = machine(1, 100);
  const victim = new Thread("victim", [burst(10)]);
  set.start(victim);
  at(3, () => set.suspend(0));
  at(40, () => set.kill(victim));
  simulation.run();
  expect([victim.ranNs, shown()]).toEqual([3, [["victim", 0, 3]]]);
});

test("a vCPU leaves its guest for the handler and comes back to it", () => {
  const { simulation, set, at } = machine(1, 1000);
  const log: string[] = [];
  const vcpu = new Thread("vCPU", [
    {
      kind: "open",
      mode: "user",
      name: "guest",
      stage: "guest",
      given: (now) => void log.push(`given ${now}`),
      taken: (now) => void log.push(`taken ${now}`),
    },
    burst(5),
  ]);
  set.start(vcpu);
  at(10, () => set.interrupt(0, handler(3)));
  at(20, () => set.close(vcpu));
  at(30, () => expect(vcpu.state).toBe("ended"));
  simulation.run();
  expect(log).toEqual(["given 0", "taken 10", "given 13", "taken 20"]);
});

test("a vCPU whose guest is left for good during a handler goes on with what comes next, when the handler has ended", () => {
  const { simulation, set, at, shown } = machine(1, 1000);
  const taken: number[] = [];
  const vcpu = new Thread("vCPU", [
    {
      kind: "open",
      mode: "user",
      name: "guest",
      stage: "guest",
      given: () => {},
      taken: (now) => void taken.push(now),
    },
    burst(5),
  ]);
  set.start(vcpu);
  at(10, () => set.interrupt(0, handler(6)));
  at(12, () => set.close(vcpu));
  simulation.run();
  expect(taken).toEqual([10]);
  expect(shown()).toEqual([
    ["vCPU", 0, 10],
    ["irq", 10, 16],
    ["vCPU", 16, 21],
  ]);
});
