/** Linux's fair scheduler: whatever comes and goes, shares follow weights, nobody starves, and no quota is overdrawn. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Simulation } from "../../../simulator/engine/simulation.ts";
import { defaultSliceNs, EevdfPolicy } from "../../../simulator/linux/scheduler/eevdf.ts";
import { Entity } from "../../../simulator/linux/scheduler/entity.ts";
import { checkRunQueue, checkScheduler, largestLag } from "../../../simulator/linux/scheduler/invariants.ts";
import { RunQueue } from "../../../simulator/linux/scheduler/run-queue.ts";
import { NICE_0_WEIGHT, weightOfGroup, weightOfNice } from "../../../simulator/linux/scheduler/weights.ts";
import type { Activity } from "../../../simulator/machine/activity.ts";
import { CpuSet, type Stretch } from "../../../simulator/machine/cpu-set.ts";
import { Thread } from "../../../simulator/machine/thread.ts";

const MS = 1_000_000;

function machine(cpus: number, sliceNs?: number) {
  const simulation = new Simulation();
  const policy = new EevdfPolicy({ simulation, cpus, ...(sliceNs === undefined ? {} : { sliceNs }) });
  const stretches: Stretch<Thread>[] = [];
  const set = new CpuSet({ simulation, cpus, policy, observer: { ran: (one) => void stretches.push(one) } });
  policy.connect(set);
  return { simulation, policy, set, stretches };
}

function* busy(): Generator<Activity> {
  for (;;) yield { kind: "burst", mode: "user", name: "loop", stage: "loop", duration: 1_000 * MS };
}

function* sleepy(runNs: number, sleepNs: number): Generator<Activity> {
  for (;;) {
    yield { kind: "burst", mode: "user", name: "serve", stage: "serve", duration: runNs };
    yield { kind: "pause", duration: sleepNs };
  }
}

describe("weights", () => {
  test("a step of nice is a quarter more, and nice 0 is what cpu.weight 100 is", () => {
    for (let nice = -20; nice < 19; nice++) {
      const ratio = weightOfNice(nice) / weightOfNice(nice + 1);
      expect(ratio).toBeGreaterThan(1.18);
      expect(ratio).toBeLessThan(1.32);
    }
    expect(weightOfNice(0)).toBe(NICE_0_WEIGHT);
    expect(weightOfGroup(100)).toBe(NICE_0_WEIGHT);
    expect(() => weightOfNice(20)).toThrow("nice 20");
    expect(() => weightOfGroup(0)).toThrow("cpu.weight 0");
  });

  test("the slice grows with the processors, as far as eight", () => {
    expect([1, 2, 4, 8, 64].map(defaultSliceNs)).toEqual([700_000, 1_400_000, 2_100_000, 2_800_000, 2_800_000]);
  });
});

describe("a run queue", () => {
  const nices = fc.array(fc.integer({ min: -20, max: 19 }), { minLength: 10, maxLength: 10 });
  const changes = fc.array(
    fc.record({ enter: fc.nat(9), runNs: fc.integer({ min: 1, max: 4 * MS }), leave: fc.boolean() }),
  );
  const entitiesOf = (list: readonly number[]) =>
    list.map((nice, id) => new Entity(id, `e${id}`, weightOfNice(nice), 3 * MS));

  /** One picks and runs for a while, at most until its request is done. */
  const turn = (queue: RunQueue, runNs: number): Entity => {
    const picked = queue.pick();
    if (picked === undefined) throw new Error("somebody is in the queue, but nobody was picked");
    expect(queue.lagOf(picked)).toBeGreaterThanOrEqual(0);
    queue.charge(picked, Math.min(runNs, picked.untilDeadlineNs()));
    queue.putBack();
    return picked;
  };

  test("picks only who has not had more than its share, and while nobody comes or goes nobody is further from it than a request", () => {
    fc.assert(
      fc.property(nices, changes, (list, runs) => {
        const queue = new RunQueue();
        for (const entity of entitiesOf(list)) queue.enqueue(entity);
        for (const { runNs } of runs) {
          turn(queue, runNs);
          expect(checkRunQueue(queue)).toEqual([]);
          expect(largestLag(queue)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  test("keeps lags bounded though they come and go as they like, and bring the lag that they left with", () => {
    fc.assert(
      fc.property(nices, changes, (list, runs) => {
        const queue = new RunQueue();
        const entities = entitiesOf(list);
        for (const { enter, runNs, leave } of runs) {
          const comer = entities[enter];
          if (comer !== undefined && !comer.queued) queue.enqueue(comer);
          const ran = turn(queue, runNs);
          expect(checkRunQueue(queue)).toEqual([]);
          expect(largestLag(queue)).toBeLessThanOrEqual(3);
          if (leave) queue.dequeue(ran);
        }
      }),
    );
  });

  test("lets who slept after having had too much wait no longer than it has waited already", () => {
    const comesBack = (othersRunNs: number): number => {
      const queue = new RunQueue();
      const [sleeper, ...others] = [0, 1, 2].map((id) => new Entity(id, `e${id}`, NICE_0_WEIGHT, 3 * MS));
      if (sleeper === undefined) throw new Error("there are three");
      for (const entity of [sleeper, ...others]) queue.enqueue(entity);
      queue.charge(sleeper, 3 * MS);
      queue.dequeue(sleeper, true);
      for (const entity of others) queue.charge(entity, othersRunNs);
      queue.enqueue(sleeper);
      return queue.lagOf(sleeper);
    };
    expect(comesBack(0)).toBeLessThan(-1.9 * MS);
    expect(comesBack(MS)).toBeGreaterThan(comesBack(0));
    // It was served before the others; now it is even with them, and owed nothing for its sleep.
    expect(Math.abs(comesBack(10 * MS))).toBeLessThanOrEqual(1);
  });

  test("gives the nearer deadline to who asks for less at a time", () => {
    const queue = new RunQueue();
    const long = new Entity(0, "long", NICE_0_WEIGHT, 10 * MS);
    const short = new Entity(1, "short", NICE_0_WEIGHT, MS);
    queue.enqueue(long);
    queue.enqueue(short);
    expect(queue.pick()).toBe(short);
  });
});

describe("processors shared by who always wants to run", () => {
  test("give shares by weight to within a slice or two, at any time, on one processor", () => {
    const nices = fc.array(fc.integer({ min: -5, max: 10 }), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(nices, fc.integer({ min: 50, max: 400 }), (list, forMs) => {
        const { simulation, policy, set } = machine(1);
        const threads = list.map((nice, index) => {
          const thread = new Thread(`t${index}`, busy());
          policy.admit(thread, { nice });
          set.start(thread);
          return thread;
        });
        simulation.run({ untilTime: forMs * MS });
        set.reschedule();
        const total = list.reduce((sum, nice) => sum + weightOfNice(nice), 0);
        for (const [index, thread] of threads.entries()) {
          const ideal = (simulation.now * weightOfNice(list[index] ?? 0)) / total;
          expect(Math.abs(thread.ranNs - ideal)).toBeLessThanOrEqual(2 * defaultSliceNs(1));
        }
        expect(checkScheduler(policy)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  test("give shares by cpu.weight first, whoever many run in each group", () => {
    const group = fc.record({ weight: fc.integer({ min: 20, max: 500 }), threads: fc.integer({ min: 1, max: 5 }) });
    fc.assert(
      fc.property(fc.array(group, { minLength: 2, maxLength: 4 }), (list) => {
        const { simulation, policy, set } = machine(1);
        const groups = list.map(({ weight, threads }, index) => {
          const made = policy.group(`g${index}`, { weight });
          for (let count = 0; count < threads; count++) {
            const thread = new Thread(`g${index}t${count}`, busy());
            policy.admit(thread, { group: made });
            set.start(thread);
          }
          return made;
        });
        simulation.run({ untilTime: 300 * MS });
        set.reschedule();
        const total = list.reduce((sum, { weight }) => sum + weightOfGroup(weight), 0);
        for (const [index, made] of groups.entries()) {
          const ideal = (simulation.now * weightOfGroup(list[index]?.weight ?? 0)) / total;
          expect(Math.abs(policy.stat(made).usageNs - ideal)).toBeLessThanOrEqual(2 * defaultSliceNs(1));
        }
      }),
      { numRuns: 40 },
    );
  });

  test("leave none idle while somebody waits, and none of the threads starve", () => {
    const work = fc.record({
      nice: fc.integer({ min: -10, max: 19 }),
      busy: fc.boolean(),
      run: fc.integer({ min: 1, max: 5 }),
    });
    fc.assert(
      fc.property(fc.array(work, { minLength: 1, maxLength: 8 }), fc.integer({ min: 1, max: 4 }), (list, cpus) => {
        const { simulation, policy, set } = machine(cpus);
        const threads = list.map((one, index) => {
          const thread = new Thread(`t${index}`, one.busy ? busy() : sleepy(one.run * MS, one.run * MS));
          policy.admit(thread, { nice: one.nice });
          set.start(thread);
          return thread;
        });
        for (let at = 10; at <= 3000; at += 170) {
          simulation.run({ untilTime: at * MS });
          const running = Array.from({ length: cpus }, (_, cpu) => set.runningOn(cpu)).filter(
            (one) => one !== undefined,
          );
          const ready = threads.filter(({ state }) => state === "ready");
          if (ready.length > 0) expect(running.length).toBe(cpus);
          expect(checkScheduler(policy)).toEqual([]);
        }
        for (const thread of threads) expect(thread.ranNs).toBeGreaterThan(0);
      }),
      { numRuns: 30 },
    );
  });

  test("share several processors by weight among groups that can fill them", () => {
    const { simulation, policy, set } = machine(2);
    const heavy = policy.group("heavy", { weight: 300 });
    const light = policy.group("light", { weight: 100 });
    for (const group of [heavy, light]) {
      for (let count = 0; count < 4; count++) {
        const thread = new Thread(`${group.name}${count}`, busy());
        policy.admit(thread, { group });
        set.start(thread);
      }
    }
    simulation.run({ untilTime: 2_000 * MS });
    set.reschedule();
    const ratio = policy.stat(heavy).usageNs / policy.stat(light).usageNs;
    expect(ratio).toBeGreaterThan(2.7);
    expect(ratio).toBeLessThan(3.3);
  });

  test("keep who may run on one of them on that one", () => {
    const { simulation, policy, set, stretches } = machine(3);
    const pinned = [0, 1, 2].map((index) => {
      const thread = new Thread(`pinned${index}`, busy());
      policy.admit(thread, { affinity: [1] });
      set.start(thread);
      return thread;
    });
    simulation.run({ untilTime: 60 * MS });
    expect(new Set(stretches.map(({ cpu }) => cpu))).toEqual(new Set([1]));
    for (const thread of pinned) expect(thread.ranNs).toBeGreaterThan(15 * MS);
  });
});

describe("who has slept", () => {
  test("is served soon though others always want to run, and gets no more than its share for it", () => {
    const { simulation, policy, set } = machine(1);
    const server = new Thread("server", sleepy(MS / 2, 9 * MS));
    set.start(server);
    for (let count = 0; count < 4; count++) set.start(new Thread(`hog${count}`, busy()));
    simulation.run({ untilTime: 1_000 * MS });
    // It wants a twentieth and is owed a fifth: it waits for those before it at most a slice each.
    expect(server.waitedNs / server.waits).toBeLessThan(4 * defaultSliceNs(1));
    expect(checkScheduler(policy)).toEqual([]);
  });
});

describe("cpu.max", () => {
  const limits = fc.record({
    quotaMs: fc.integer({ min: 5, max: 150 }),
    periodMs: fc.integer({ min: 20, max: 100 }),
    burst: fc.boolean(),
    threads: fc.integer({ min: 1, max: 4 }),
    cpus: fc.integer({ min: 1, max: 3 }),
    sleepMs: fc.nat(30),
  });

  test("is never overdrawn in any period, whatever runs under it", () => {
    fc.assert(
      fc.property(limits, ({ quotaMs, periodMs, threads, cpus, sleepMs }) => {
        const { simulation, policy, set, stretches } = machine(cpus);
        const group = policy.group("limited", { max: { quotaNs: quotaMs * MS, periodNs: periodMs * MS } });
        const inside = new Set<Thread>();
        for (let count = 0; count < threads; count++) {
          const thread = new Thread(`t${count}`, sleepMs === 0 ? busy() : sleepy((count + 1) * 7 * MS, sleepMs * MS));
          policy.admit(thread, { group });
          inside.add(thread);
          set.start(thread);
        }
        set.start(new Thread("outside", sleepy(3 * MS, 4 * MS)));
        simulation.run({ untilTime: 12 * periodMs * MS });
        for (let period = 0; period < 12; period++) {
          const [from, to] = [period * periodMs * MS, (period + 1) * periodMs * MS];
          const used = stretches
            .filter(({ thread }) => thread !== undefined && inside.has(thread))
            .reduce((sum, { start, end }) => sum + Math.max(0, Math.min(end, to) - Math.max(start, from)), 0);
          expect(used).toBeLessThanOrEqual(quotaMs * MS);
        }
        expect(checkScheduler(policy)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  test("gives who always wants to run its whole quota in every period, and counts the rest as throttled", () => {
    const { simulation, policy, set } = machine(1);
    const group = policy.group("limited", { max: { quotaNs: 20 * MS, periodNs: 100 * MS } });
    const thread = new Thread("loop", busy());
    policy.admit(thread, { group });
    set.start(thread);
    simulation.run({ untilTime: 1_000 * MS });
    const stat = policy.stat(group);
    expect(stat).toMatchObject({ periods: 10, throttledPeriods: 10, bursts: 0 });
    expect(stat.usageNs).toBe(200 * MS);
    expect(stat.throttledNs).toBe(800 * MS);
  });

  test("lets what was saved be used later, as much as cpu.max.burst says and no more", () => {
    const { simulation, policy, set } = machine(1);
    const max = { quotaNs: 20 * MS, periodNs: 100 * MS, burstNs: 20 * MS };
    const group = policy.group("bursty", { max });
    function* life(): Generator<Activity> {
      yield { kind: "burst", mode: "user", name: "a little", stage: "s", duration: MS };
      yield { kind: "pause", duration: 99 * MS + MS / 2 };
      yield* busy();
    }
    const thread = new Thread("bursty", life());
    policy.admit(thread, { group });
    set.start(thread);
    simulation.run({ untilTime: 199 * MS });
    expect(policy.stat(group).usageNs).toBe(40 * MS);
    simulation.run({ untilTime: 299 * MS });
    expect(policy.stat(group)).toMatchObject({ usageNs: 60 * MS, bursts: 1 });
  });

  test("of a parent holds for all of its children together", () => {
    const { simulation, policy, set } = machine(2);
    const parent = policy.group("parent", { max: { quotaNs: 50 * MS, periodNs: 100 * MS } });
    const children = ["a", "b"].map((name) => policy.group(name, {}, parent));
    for (const group of children) {
      const thread = new Thread(group.name, busy());
      policy.admit(thread, { group });
      set.start(thread);
    }
    simulation.run({ untilTime: 1_000 * MS });
    expect(policy.stat(parent).usageNs).toBe(500 * MS);
    for (const group of children) expect(policy.stat(group).usageNs).toBeGreaterThan(200 * MS);
  });

  test("can be given and taken away while it runs", () => {
    const { simulation, policy, set } = machine(1);
    const group = policy.group("changed");
    const thread = new Thread("loop", busy());
    policy.admit(thread, { group });
    set.start(thread);
    simulation.run({ untilTime: 100 * MS });
    policy.setMax(group, { quotaNs: 10 * MS, periodNs: 100 * MS });
    set.reschedule();
    const before = policy.stat(group).usageNs;
    simulation.run({ untilTime: 600 * MS });
    expect(policy.stat(group).usageNs - before).toBeLessThanOrEqual(60 * MS);
    policy.setMax(group, undefined);
    const limited = policy.stat(group).usageNs;
    simulation.run({ untilTime: 700 * MS });
    expect(policy.stat(group).usageNs - limited).toBeGreaterThan(90 * MS);
  });
});
