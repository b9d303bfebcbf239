/** The dispatcher: invariants 7 and 8 of the reference as properties, and its rules one by one. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PRIORITIES } from "../../../simulator/engine/priorities.ts";
import type { Activity } from "../../../simulator/machine/activity.ts";
import type { CpuObserver } from "../../../simulator/machine/cpu-set.ts";
import { type Ecb, newEcb, type Srb, type WorkUnit } from "../../../simulator/zos/control-blocks.ts";
import { isEligible, type ZosThread } from "../../../simulator/zos/dispatcher.ts";
import { ZosMachine } from "../../../simulator/zos/machine.ts";
import { buildMaster } from "../../../simulator/zos/master.ts";
import { startSrb, type ZosProgram } from "../../../simulator/zos/program.ts";
import { SVC_TABLE } from "../../../simulator/zos/svc-table.ts";
import { post } from "../../../simulator/zos/task-end.ts";
import { addSpace, addTask, newSystem } from "./support.ts";

const mix = fc.record({
  cpus: fc.integer({ min: 1, max: 3 }),
  timeSlice: fc.integer({ min: 2, max: 30 }),
  jobs: fc.array(
    fc.record({
      priority: fc.constantFrom(100, 150, 200),
      tasks: fc.array(
        fc.record({
          priority: fc.constantFrom(50, 100),
          parts: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 4 }),
        }),
        { minLength: 1, maxLength: 3 },
      ),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  srbs: fc.array(
    fc.record({
      at: fc.nat(50),
      job: fc.nat(2),
      priority: fc.constantFrom("global" as const, "local" as const),
      preemptible: fc.boolean(),
      steps: fc.integer({ min: 1, max: 25 }),
    }),
    { maxLength: 6 },
  ),
  interruptions: fc.array(fc.record({ at: fc.nat(80), cpu: fc.nat(2), steps: fc.integer({ min: 1, max: 5 }) }), {
    maxLength: 8,
  }),
});
type Mix = typeof mix extends fc.Arbitrary<infer Value> ? Value : never;

/** Between its parts a task waits for an I/O interruption, so that it comes and goes. */
function work(machine: ZosMachine, parts: readonly number[]) {
  return function* (program: ZosProgram): Generator<Activity> {
    for (const steps of parts) {
      yield* program.compute(steps);
      const ecb: Ecb = newEcb();
      machine.simulation.after(9, PRIORITIES.complete, () => post(machine.system, ecb, 0));
      yield* program.wait(ecb);
    }
  };
}

function build({ cpus, timeSlice, jobs, srbs, interruptions }: Mix, observer: CpuObserver<ZosThread>) {
  const machine = new ZosMachine({ cpus, timeSlice, observer });
  buildMaster(machine.system);
  const spaces = jobs.map(({ priority, tasks }, number) => {
    const { rct, space } = addSpace(machine, `JOB${number}`, priority);
    for (const [index, task] of tasks.entries()) {
      addTask(machine, rct, `task ${number}.${index}`, work(machine, task.parts), { priority: task.priority });
    }
    return space;
  });
  const made: Srb[] = [];
  for (const [index, { at, job, priority, preemptible, steps }] of srbs.entries()) {
    const home = spaces[job % spaces.length];
    if (home === undefined) continue;
    const options = { name: `SRB ${index}`, home, priority, preemptible };
    machine.simulation.schedule(at, PRIORITIES.begin, () => {
      made.push(startSrb(machine.system, options, (program) => program.compute(steps), options.name));
    });
  }
  for (const { at, cpu, steps } of interruptions) {
    machine.simulation.schedule(at, PRIORITIES.begin, () => machine.interrupt(cpu % cpus, "I/O interruption", steps));
    machine.simulation.schedule(at + steps, PRIORITIES.begin, () => machine.cpus.reschedule());
  }
  return { machine, made };
}

/** The order of the manual, written down once more and differently: the smaller in the first place that differs is first. */
function comesBefore(left: WorkUnit, right: WorkUnit): boolean {
  const rank = (unit: WorkUnit): readonly number[] => {
    if (unit.kind === "SRB" && unit.priority === "global") return [0];
    const inside = unit.kind === "SRB" ? [0] : unit.locks.length > 0 ? [1] : unit.rct ? [2] : [3, 255 - unit.priority];
    return [1, 255 - unit.home.priority, ...inside];
  };
  const [one, other] = [rank(left), rank(right)];
  // Two address spaces of one priority take turns, which is no class.
  if (one[0] === 1 && other[0] === 1 && one[1] === other[1] && left.home !== right.home) return false;
  for (const [place, value] of one.entries()) {
    if (value !== other[place]) return value < (other[place] ?? 0);
  }
  return false;
}

describe("whatever there is to do", () => {
  test("invariant 7: the dispatcher never passes over a ready unit of a higher class, and idles only where none is ready", () => {
    fc.assert(
      fc.property(mix, (one) => {
        const passedOver: string[] = [];
        const resumed = new Set<WorkUnit>();
        const observer: CpuObserver<ZosThread> = {
          dispatched: ({ unit }) => {
            const keeps = unit.kind === "SRB" ? !unit.preemptible : !unit.psw.enabled || unit.nonPreemptible;
            if (keeps && resumed.has(unit)) return;
            resumed.add(unit);
            for (const thread of machine.dispatcher.queued()) {
              if (isEligible(thread) && comesBefore(thread.unit, unit)) {
                passedOver.push(`${thread.name} before ${unit.name}`);
              }
            }
          },
          idled: (cpu) => {
            for (const thread of machine.dispatcher.queued()) {
              if (isEligible(thread)) passedOver.push(`${thread.name} while processor ${cpu} idles`);
            }
          },
        };
        const { machine } = build(one, observer);
        machine.run();
        expect(passedOver).toEqual([]);
        for (const { asxb } of machine.system.spaces().slice(1)) {
          expect([asxb.firstTcb?.name, asxb.lastTcb?.name]).toEqual(["RCT", "RCT"]);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("invariant 7: nor does one wait for longer than disabled code lasts while a lesser one runs, on any processor", () => {
    // A handler's disabled part, an interruption and a switch, one after the other, are fewer steps than this.
    const longest = 40;
    fc.assert(
      fc.property(mix, (one) => {
        const { machine } = build(one, {});
        const since = new Map<number, number>();
        const late: string[] = [];
        const look = (): void => {
          for (let cpu = 0; cpu < one.cpus; cpu++) {
            const running = machine.cpus.runningOn(cpu);
            const keeps = running?.unit.kind === "SRB" && !running.unit.preemptible;
            const better = machine.dispatcher
              .queued()
              .find((thread) => isEligible(thread) && running !== undefined && comesBefore(thread.unit, running.unit));
            if (better === undefined || keeps) since.delete(cpu);
            else if (!since.has(cpu)) since.set(cpu, machine.simulation.now);
            else if (machine.simulation.now - (since.get(cpu) ?? 0) > longest) late.push(`${better.name} on ${cpu}`);
          }
        };
        for (let at = 1; at < 400; at++) machine.simulation.schedule(at, PRIORITIES.observe, look);
        machine.run();
        expect(late).toEqual([]);
      }),
    );
  });

  test("invariant 8: a non-preemptible unit has its processor back after an interruption, whoever has become ready", () => {
    let seen = 0;
    fc.assert(
      fc.property(mix, (one) => {
        const stretches: { cpu: number; unit: WorkUnit | undefined; name: string }[] = [];
        const { machine, made } = build(one, {
          ran: ({ cpu, thread, activity }) => stretches.push({ cpu, unit: thread?.unit, name: activity.name }),
        });
        machine.run();
        for (let cpu = 0; cpu < one.cpus; cpu++) {
          const own = stretches.filter((stretch) => stretch.cpu === cpu && stretch.name !== "I/O interruption");
          for (const srb of made.filter(({ preemptible }) => !preemptible)) {
            const places = own.flatMap(({ unit }, index) => (unit === srb ? [index] : []));
            const [first = 0, last = 0] = [places[0], places.at(-1)];
            if (places.length > 0) expect(last - first + 1).toBe(places.length);
          }
          seen += stretches.filter((stretch, index) => {
            const before = stretches[index - 1]?.unit;
            return stretch.name === "I/O interruption" && before?.kind === "SRB" && !before.preemptible;
          }).length;
        }
      }),
      { numRuns: 200 },
    );
    expect(seen).toBeGreaterThan(0);
  });
});

/** @returns the names of the units in the order in which they first ran */
function orderOf(stretches: readonly { thread: ZosThread | undefined }[]): string[] {
  return [...new Set(stretches.flatMap(({ thread }) => (thread === undefined ? [] : [thread.name])))];
}

describe("the dispatcher", () => {
  test("takes special exits, global SRBs, then the space of the highest priority: its SRBs, its RCT, its tasks", () => {
    const { machine, stretches } = newSystem();
    const low = addSpace(machine, "LOW", 100);
    const high = addSpace(machine, "HIGH", 200);
    addTask(machine, low.rct, "low task", (program) => program.compute(2));
    addTask(machine, high.rct, "high task, lower", (program) => program.compute(2), { priority: 10 });
    addTask(machine, high.rct, "high task", (program) => program.compute(2));
    machine.start(high.rct, [...take(2, machine, high.rct)]);
    const srb = (name: string, space: typeof low, priority: "global" | "local") =>
      startSrb(machine.system, { name, home: space.space, priority }, (program) => program.compute(2), name);
    srb("local SRB of LOW", low, "local");
    srb("local SRB of HIGH", high, "local");
    srb("global SRB of LOW", low, "global");
    const exit = startSrb(
      machine.system,
      { name: "unused", home: low.space, priority: "local" },
      (p) => p.compute(1),
      "x",
    );
    machine.start({ ...exit, name: "alternate CPU recovery" }, [...take(1, machine, exit)], true);
    machine.run();
    expect(orderOf(stretches).filter((name) => name !== "unused")).toEqual([
      "alternate CPU recovery",
      "global SRB of LOW",
      "local SRB of HIGH",
      "RCT",
      "high task",
      "high task, lower",
      "local SRB of LOW",
      "low task",
    ]);
  });

  test("lets a preemptible task wait as soon as somebody of a higher priority is ready, and no sooner", () => {
    const { machine, stretches } = newSystem({ timeSlice: 1000 });
    const low = addSpace(machine, "LOW", 100);
    const high = addSpace(machine, "HIGH", 200);
    const ecb = newEcb();
    addTask(machine, low.rct, "low", (program) => program.compute(60));
    addTask(machine, high.rct, "high", function* (program) {
      yield* program.wait(ecb);
      yield* program.compute(3);
    });
    machine.simulation.schedule(50, PRIORITIES.begin, () => {
      machine.interrupt(0, "I/O interruption", 2, () => post(machine.system, ecb, 0));
    });
    machine.run();
    const order = stretches.flatMap(({ thread, activity }) => thread?.name ?? activity.name);
    const interruption = order.indexOf("I/O interruption");
    expect(order[interruption - 1]).toBe("low");
    expect(order.slice(interruption + 1, interruption + 3)).toEqual(["dispatcher: TCB high", "high"]);
    expect(order.at(-1)).toBe("low");
  });

  test.each([0, 1])("takes the processor of the least important one, whichever that is (%i)", (first) => {
    const { machine, stretches } = newSystem({ cpus: 2, timeSlice: 1000 });
    const names = first === 0 ? ["low", "middle"] : ["middle", "low"];
    for (const name of names) {
      const { rct } = addSpace(machine, name, name === "low" ? 100 : 150);
      addTask(machine, rct, name, (program) => program.compute(200));
    }
    const high = addSpace(machine, "high", 200);
    machine.simulation.schedule(50, PRIORITIES.begin, () => {
      addTask(machine, high.rct, "high", (program) => program.compute(60));
    });
    machine.run();
    const during = stretches.filter(({ start }) => start > 60 && start < 100);
    expect(new Set(during.map(({ thread }) => thread?.name))).toEqual(new Set(["middle", "high"]));
  });

  test("takes a processor from disabled code as soon as that enables", () => {
    const { machine, stretches } = newSystem({ timeSlice: 1000 });
    const low = addSpace(machine, "LOW", 100);
    const high = addSpace(machine, "HIGH", 200);
    addTask(machine, low.rct, "low", function* (program) {
      yield* program.svc(SVC_TABLE.time.number);
      yield* program.compute(30);
    });
    machine.simulation.schedule(8, PRIORITIES.begin, () => {
      addTask(machine, high.rct, "high", (program) => program.compute(5));
    });
    machine.run();
    const at = stretches.findIndex(({ thread }) => thread?.name === "high");
    const before = stretches.slice(0, at).findLast(({ thread }) => thread?.name === "low")?.activity;
    const after = stretches.slice(at).find(({ thread }) => thread?.name === "low")?.activity;
    expect(before?.kind === "burst" && before.args?.interruptions).toBe("disabled");
    expect(after?.name).toContain("enable interruptions");
  });

  test("does not interrupt disabled code: the interruption waits until it enables", () => {
    const { machine, stretches } = newSystem();
    const { rct } = addSpace(machine, "JOB");
    addTask(machine, rct, "task", (program) => program.svc(SVC_TABLE.time.number));
    machine.simulation.schedule(6, PRIORITIES.begin, () => machine.interrupt(0, "I/O interruption", 1));
    machine.run();
    const at = stretches.findIndex(({ activity }) => activity.name === "I/O interruption");
    const [before, after] = [stretches[at - 1]?.activity, stretches[at + 1]?.activity];
    expect(before?.kind === "burst" && before.args?.interruptions).toBe("disabled");
    expect(after?.kind === "burst" && after.args?.interruptions).toBe("enabled");
  });

  test("gives nothing to an address space that is swapped out, and goes on with it when it is in again", () => {
    const { machine, stretches } = newSystem({ timeSlice: 5 });
    const one = addSpace(machine, "ONE");
    const two = addSpace(machine, "TWO");
    addTask(machine, one.rct, "one", (program) => program.compute(30));
    addTask(machine, two.rct, "two", (program) => program.compute(30));
    const states: string[] = [];
    machine.simulation.schedule(15, PRIORITIES.begin, () => machine.swap(one.space, "out"));
    machine.simulation.schedule(40, PRIORITIES.begin, () => states.push(machine.stateOf(one.space)));
    machine.simulation.schedule(60, PRIORITIES.begin, () => machine.swap(one.space, "in"));
    machine.simulation.schedule(61, PRIORITIES.begin, () => states.push(machine.stateOf(one.space)));
    machine.run();
    expect(states).toEqual(["OUT-READY", "IN-READY"]);
    const ran = stretches.filter(({ thread, start }) => thread?.name === "one" && start > 15 && start < 60);
    expect(ran).toEqual([]);
    expect(machine.stateOf(one.space)).toBe("IN-WAIT");
  });

  test("takes the processor away at the end of a time slice, so that equals take turns", () => {
    const { machine, stretches } = newSystem({ timeSlice: 10 });
    const { rct } = addSpace(machine, "JOB");
    for (const name of ["a", "b"]) addTask(machine, rct, name, (program) => program.compute(30));
    machine.run();
    const turns = stretches.flatMap(({ thread }) => (thread === undefined ? [] : [thread.name]));
    const changes = turns.filter((name, index) => index > 0 && name !== turns[index - 1]).length;
    expect(changes).toBeGreaterThanOrEqual(6);
  });

  test("goes on with who was interrupted holding the LOCAL lock before any task of the space", () => {
    const { machine, stretches } = newSystem({ timeSlice: 3 });
    const { rct } = addSpace(machine, "JOB");
    const supervisor = { psw: { ...rct.psw } };
    addTask(machine, rct, "holder", (program) => program.locked("LOCAL", () => program.compute(20, "locked")), {
      ...supervisor,
      priority: 10,
    });
    machine.simulation.schedule(8, PRIORITIES.begin, () => {
      addTask(machine, rct, "higher", (program) => program.compute(5), { priority: 100 });
    });
    machine.run();
    const locked = stretches.flatMap(({ activity, end }) => (activity.name === "locked" ? [end] : []));
    const higher = stretches.find(({ thread }) => thread?.name === "higher");
    expect(higher?.start).toBeGreaterThanOrEqual(Math.max(...locked));
  });

  test("sets PSATOLD for a task and clears it for an SRB, and PSAAOLD for both", () => {
    const { machine } = newSystem();
    const { space, rct } = addSpace(machine, "JOB");
    const [psa] = machine.system.psas;
    const seen: unknown[] = [];
    const look = function* (program: ZosProgram): Generator<Activity> {
      yield* program.compute(1);
      seen.push([psa?.currentTcb?.name, psa?.srbMode, psa?.currentAscb?.jobName]);
    };
    addTask(machine, rct, "task", look);
    startSrb(machine.system, { name: "SRB", home: space, priority: "local" }, look, "SRB");
    machine.run();
    expect(seen).toEqual([
      [undefined, true, "JOB"],
      ["task", false, "JOB"],
    ]);
  });
});

function take(steps: number, { system }: ZosMachine, unit: WorkUnit): Activity[] {
  const step = { state: "supervisor", name: unit.name, evidence: "assumed", source: "a test" } as const;
  return Array.from({ length: steps }, () => system.step(unit, "test", step));
}
