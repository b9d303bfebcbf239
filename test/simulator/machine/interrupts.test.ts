/** The interrupt controller and the timers: nothing raised is lost or handled twice, and the most urgent comes first. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { PRIORITIES } from "../../../simulator/engine/priorities.ts";
import { Simulation } from "../../../simulator/engine/simulation.ts";
import type { Burst } from "../../../simulator/machine/activity.ts";
import { CpuSet } from "../../../simulator/machine/cpu-set.ts";
import { type Delivery, InterruptController } from "../../../simulator/machine/interrupts.ts";
import { RoundRobin } from "../../../simulator/machine/policy.ts";
import { Thread } from "../../../simulator/machine/thread.ts";
import { OneShotTimer, PeriodicTimer } from "../../../simulator/machine/timers.ts";

const HANDLER_NS = 10;

function work(name: string, duration: number, more: Partial<Burst> = {}): Burst {
  return { kind: "burst", mode: "kernel", name, stage: "work", duration, ...more };
}

function machine(cpus: number) {
  const simulation = new Simulation();
  const set = new CpuSet({ simulation, cpus, policy: new RoundRobin(50) });
  const deliveries: Delivery[] = [];
  const handled: [vector: number, cpu: number, at: number][] = [];
  const controller = new InterruptController({
    cpus: set,
    now: () => simulation.now,
    delivered: (delivery) => void deliveries.push(delivery),
  });
  const connect = (vector: number, cpu = 0) =>
    controller.connect(vector, {
      name: `line ${vector}`,
      cpu,
      handle: (at) => ({
        bursts: [work(`line ${vector}`, HANDLER_NS)],
        done: (now) => void handled.push([vector, at, now]),
      }),
    });
  const at = (time: number, action: () => void) => simulation.schedule(time, PRIORITIES.complete, action);
  return { simulation, set, controller, connect, deliveries, handled, at };
}

const VECTORS = [0x21, 0x22, 0x31, 0x41, 0xec] as const;
const operation = fc.record({
  at: fc.nat(600),
  what: fc.constantFrom("raise", "raise", "raise", "send", "mask", "unmask", "threshold", "route"),
  vector: fc.constantFrom(...VECTORS),
  cpu: fc.nat(1),
  class: fc.nat(15),
});

test("what is raised is delivered, or merged with one that is; once, and not before it was raised, whatever is masked meanwhile", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60, size: "max" }), fc.boolean(), (steps, busy) => {
      const { simulation, set, controller, connect, deliveries, handled, at } = machine(2);
      for (const vector of VECTORS) connect(vector);
      if (busy) {
        set.start(new Thread("closed", [work("closed", 200, { interruptible: false }), work("open", 300)]));
        set.start(new Thread("open", [work("open", 400)]));
      }
      const raised: { vector: number; cpu: number; at: number }[] = [];
      const routes = new Map<number, number>();
      for (const step of steps.toSorted((left, right) => left.at - right.at)) {
        const { what, vector, cpu } = step;
        if (what === "route") routes.set(vector, cpu);
        if (what === "raise") raised.push({ vector, cpu: routes.get(vector) ?? 0, at: step.at });
        if (what === "send") raised.push({ vector, cpu, at: step.at });
        at(step.at, () => {
          if (what === "raise") controller.raise(vector);
          else if (what === "send") controller.send(vector, cpu);
          else if (what === "mask") controller.mask(vector);
          else if (what === "unmask") controller.unmask(vector);
          else if (what === "route") controller.route(vector, cpu);
          else controller.setThreshold(cpu, step.class);
          const { raised: all, delivered, merged, pending } = controller.counters;
          expect(delivered + merged + pending).toBe(all);
        });
      }
      // In the end everything is open.
      at(2000, () => {
        for (const vector of VECTORS) controller.unmask(vector);
        for (const cpu of [0, 1]) controller.setThreshold(cpu, 0);
      });
      simulation.run();
      expect(controller.counters).toMatchObject({ raised: raised.length, pending: 0 });
      expect(deliveries.length).toBe(handled.length);
      expect(deliveries.length + controller.counters.merged).toBe(raised.length);
      // Every raise has a delivery of its vector on its processor, not before it; and every delivery has a raise.
      for (const one of raised) {
        const fits = ({ vector, cpu, deliveredAt }: Delivery) =>
          vector === one.vector && cpu === one.cpu && deliveredAt >= one.at;
        expect(deliveries.some(fits)).toBe(true);
      }
      for (const { vector, cpu, raisedAt } of deliveries) {
        expect(raised).toContainEqual({ vector, cpu, at: raisedAt });
      }
    }),
    { numRuns: 300 },
  );
});

test("of those that wait, the highest vector is taken first, however they came", () => {
  const { simulation, set, controller, connect, deliveries, at } = machine(1);
  for (const vector of [0x31, 0xec, 0x41]) connect(vector);
  set.start(new Thread("closed", [work("closed", 100, { interruptible: false })]));
  for (const [index, vector] of [0x31, 0xec, 0x41].entries()) at(10 + index, () => controller.raise(vector));
  simulation.run();
  expect(deliveries.map(({ vector, deliveredAt }) => [vector, deliveredAt])).toEqual([
    [0xec, 100],
    [0x41, 110],
    [0x31, 120],
  ]);
});

test("the same interrupt raised again before it is taken is one; raised again while it is handled, it is handled again", () => {
  const { simulation, set, controller, connect, handled, deliveries, at } = machine(1);
  connect(0x31);
  set.start(new Thread("closed", [work("closed", 100, { interruptible: false })]));
  for (const time of [10, 20, 30, 105]) at(time, () => controller.raise(0x31));
  simulation.run();
  expect(handled).toEqual([
    [0x31, 0, 110],
    [0x31, 0, 120],
  ]);
  expect(deliveries.map(({ raisedAt, deliveredAt }) => [raisedAt, deliveredAt])).toEqual([
    [10, 100],
    [105, 110],
  ]);
  expect(controller.counters).toEqual({ raised: 4, delivered: 2, merged: 2, pending: 0 });
});

test("a masked interrupt waits until it is unmasked, and one below the threshold until that is lowered", () => {
  const { simulation, controller, connect, deliveries, at } = machine(1);
  connect(0x31);
  connect(0x41);
  at(0, () => {
    controller.mask(0x41);
    controller.setThreshold(0, 3);
  });
  at(1, () => controller.raise(0x31));
  at(1, () => controller.raise(0x41));
  at(5, () => expect(controller.pendingOn(0)).toEqual([0x41, 0x31]));
  at(50, () => controller.unmask(0x41));
  at(80, () => controller.setThreshold(0, 2));
  simulation.run();
  expect(deliveries.map(({ vector, deliveredAt }) => [vector, deliveredAt])).toEqual([
    [0x41, 50],
    [0x31, 80],
  ]);
});

test("one processor interrupts another, which stands still for the handler alone", () => {
  const { simulation, set, controller, connect, handled, at } = machine(2);
  connect(0xfb);
  const threads = [new Thread("here", [work("here", 40)]), new Thread("there", [work("there", 40)])];
  for (const thread of threads) set.start(thread);
  at(10, () => controller.send(0xfb, 1));
  const ended: string[] = [];
  at(40, () => void simulation.after(0, PRIORITIES.observe, () => ended.push(...threads.map(({ state }) => state))));
  simulation.run();
  expect(handled).toEqual([[0xfb, 1, 20]]);
  expect(ended).toEqual(["ended", "running"]);
  expect(simulation.now).toBe(50);
});

test("a vector can be neither the processor's own, nor two devices', nor nobody's", () => {
  const { controller, connect } = machine(1);
  connect(0x31);
  expect(() => connect(0x31)).toThrow("line 49 has it");
  expect(() => connect(14)).toThrow("vectors are 16 to 255");
  expect(() => controller.raise(0x32)).toThrow("nothing is connected");
  expect(() => controller.send(0x31, 1)).toThrow("no processor 1");
});

test("a one-shot timer fires once, at its last deadline, at once where that has passed, and not at all where it was disarmed", () => {
  const simulation = new Simulation();
  const fired: number[] = [];
  const timer = new OneShotTimer(simulation, (now) => void fired.push(now));
  const at = (time: number, action: () => void) => simulation.schedule(time, PRIORITIES.complete, action);
  timer.arm(30);
  at(10, () => timer.arm(20));
  at(40, () => timer.arm(35));
  at(50, () => timer.arm(60));
  at(55, () => timer.disarm());
  simulation.run();
  expect(fired).toEqual([20, 40]);
  expect(timer.deadline).toBe(undefined);
});

test("a periodic timer fires at every period from its start, until it is stopped", () => {
  const simulation = new Simulation();
  const fired: number[] = [];
  const timer = new PeriodicTimer(simulation, (now) => {
    fired.push(now);
    if (fired.length === 4) timer.stop();
  });
  simulation.schedule(5, PRIORITIES.begin, () => timer.start(10));
  expect(simulation.run().ended).toBe("finished");
  expect(fired).toEqual([15, 25, 35, 45]);
  expect(() => timer.start(0)).toThrow("period is 0");
});
