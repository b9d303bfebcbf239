/** Tasks and address spaces: invariants 9, 10 and 13 of the reference as properties; creation, and the ways in which it fails. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Activity } from "../../../simulator/machine/activity.ts";
import { Asvt, MOST_ASIDS } from "../../../simulator/zos/asvt.ts";
import { daughtersOf, type Tcb, tasksOf } from "../../../simulator/zos/control-blocks.ts";
import { checkSystem } from "../../../simulator/zos/invariants.ts";
import { type ProgramBody, taskLife, type ZosProgram } from "../../../simulator/zos/program.ts";
import { createAddressSpace, type SpaceRequest, START_FAULTS } from "../../../simulator/zos/space-creation.ts";
import { newTask } from "../../../simulator/zos/task.ts";
import { abends, addSpace, addTask, newSystem, type TestSystem } from "./support.ts";

/** Has a task of the master address space carry out what a test asks for, and lets everything run to its end. */
function asMaster(options: Parameters<typeof newSystem>[0], body: (test: TestSystem) => ProgramBody): TestSystem {
  const result = newSystem(options);
  const { system } = result.machine;
  const home = system.master;
  if (home === undefined) throw new Error("no master address space");
  const [rct] = tasksOf(home);
  const task = newTask({ name: "console", home, mother: rct, priority: 255, psw: { ...(rct?.psw ?? expect.fail()) } });
  system.hooks.start(task, taskLife(system, task, "console", body(result)));
  result.machine.run();
  return result;
}

function request(more: Partial<SpaceRequest> = {}): SpaceRequest {
  return { jobName: "JOB", kind: "START", priority: 100, program: (program) => program.compute(3), ...more };
}

type Tree = { readonly steps: number; readonly fails: boolean; readonly daughters: readonly Tree[] };
const own = { steps: fc.integer({ min: 1, max: 30 }), fails: fc.boolean() };
const tree: fc.Arbitrary<Tree> = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    fc.record({ ...own, daughters: fc.constant([]) }),
    fc.record({ ...own, daughters: fc.array(tie("tree"), { maxLength: 3 }) }),
  ),
})).tree;

function grow(one: Tree, seen: Tcb[]): ProgramBody {
  return function* (program) {
    if (program.unit.kind === "TCB") seen.push(program.unit);
    const daughters: Tcb[] = [];
    for (const [index, daughter] of one.daughters.entries()) {
      daughters.push(yield* program.attach({ name: `${program.unit.name}.${index}` }, grow(daughter, seen)));
    }
    yield* program.compute(one.steps);
    if (one.fails) yield* program.invalidOperation();
    for (const daughter of daughters) yield* program.wait(daughter.endEcb);
  };
}

describe("the tasks of an address space", () => {
  test("invariant 9: the region control task is the root, every other task has a mother, and none is left behind", () => {
    fc.assert(
      fc.property(tree, fc.integer({ min: 1, max: 2 }), fc.integer({ min: 3, max: 50 }), (root, cpus, timeSlice) => {
        const { machine, problems } = newSystem({ cpus, timeSlice });
        const { rct, space } = addSpace(machine, "JOB");
        const seen: Tcb[] = [];
        addTask(machine, rct, "root", grow(root, seen));
        machine.run();
        expect([...problems]).toEqual([]);
        for (const tcb of seen) {
          expect(tcb.ended).toBe(true);
          expect(ancestorsOf(tcb).at(-1)).toBe(rct);
          expect(tcb.mother).toBeDefined();
        }
        expect(tasksOf(space)).toEqual([rct]);
        expect(daughtersOf(rct)).toEqual([]);
      }),
    );
  });

  test("end with their mother where she fails, and only the subtree of who failed does", () => {
    const { machine, events } = newSystem();
    const { rct } = addSpace(machine, "JOB");
    const daughters: Tcb[] = [];
    const mother = addTask(machine, rct, "mother", function* (program) {
      daughters.push(yield* program.attach({ name: "daughter" }, (own) => own.compute(500)));
      yield* program.invalidOperation();
    });
    const other = addTask(machine, rct, "other", (program) => program.compute(100));
    machine.run();
    expect(mother.completion).toEqual({ code: "0C1", reason: 1 });
    expect(daughters[0]?.completion).toEqual({ code: "13E" });
    expect(other.completion).toEqual({ code: "" });
    expect(abends(events).map(({ unit }) => unit)).toEqual(["mother", "daughter"]);
  });

  test("may not end well before their subtasks have: SA03", () => {
    const { machine } = newSystem();
    const { rct } = addSpace(machine, "JOB");
    const mother = addTask(machine, rct, "mother", function* (program) {
      yield* program.attach({ name: "daughter" }, (own) => own.compute(500));
    });
    machine.run();
    expect(mother.completion).toEqual({ code: "A03" });
  });

  test("may detach their own subtasks only: S23E", () => {
    const { machine } = newSystem();
    const { rct } = addSpace(machine, "JOB");
    const other = addTask(machine, rct, "other", (program) => program.compute(50));
    const task = addTask(machine, rct, "task", (program) => program.detach(other));
    machine.run();
    expect([task.completion, other.completion]).toEqual([{ code: "23E", reason: 8 }, { code: "" }]);
  });
});

function ancestorsOf(tcb: Tcb): Tcb[] {
  return tcb.mother === undefined ? [tcb] : [tcb, ...ancestorsOf(tcb.mother)];
}

const failure: fc.Arbitrary<(program: ZosProgram) => Generator<Activity>> = fc.constantFrom(
  (program: ZosProgram) => program.invalidOperation(),
  (program: ZosProgram) => program.privileged("SSCH"),
  (program: ZosProgram) => program.abend("0D4"),
  (program: ZosProgram) => program.svc(250),
  (program: ZosProgram) => program.store({ area: "CSA", page: 0 }, 1),
  (program: ZosProgram) => program.store({ area: "user region", page: 99 }, 1),
);

describe("an ABEND", () => {
  test("invariant 10: leaves every private page of all other address spaces, and all common storage, as they were", () => {
    const writes = fc.array(fc.record({ offset: fc.nat(4000), value: fc.nat() }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        fc.array(writes, { minLength: 2, maxLength: 4 }),
        failure,
        fc.integer({ min: 3, max: 30 }),
        (all, fail, timeSlice) => {
          const { machine, problems } = newSystem({ timeSlice });
          const { storage } = machine.system;
          const tasks = all.map((list, number) => {
            const { rct, space } = addSpace(machine, `JOB${number}`);
            const tcb = addTask(machine, rct, `task ${number}`, function* (program) {
              for (const { offset, value } of list)
                yield* program.store({ area: "user region", page: 0, offset }, value);
              if (number > 0) return;
              yield* program.compute(60);
              yield* fail(program);
            });
            return { space, tcb };
          });
          machine.simulation.run({ untilTime: 59 });
          const common = storage.hash(undefined);
          machine.run();
          const after = tasks.map(({ space }) => storage.hash(space.asid));
          const alone = all.map((list, number) => hashOf(list, number));
          expect(tasks[0]?.tcb.completion?.code).not.toBe("");
          expect(tasks.slice(1).map(({ tcb }) => tcb.completion?.code)).toEqual(all.slice(1).map(() => ""));
          expect(after.slice(1)).toEqual(alone.slice(1));
          expect(storage.hash(undefined)).toBe(common);
          expect([...problems]).toEqual([]);
        },
      ),
    );
  });
});

/** What the pages of a job come to where it runs alone. */
function hashOf(list: readonly { offset: number; value: number }[], number: number): number {
  const { machine } = newSystem();
  const { rct, space } = addSpace(machine, `JOB${number}`);
  addTask(machine, rct, "task", function* (program) {
    for (const { offset, value } of list) yield* program.store({ area: "user region", page: 0, offset }, value);
  });
  machine.run();
  return machine.system.storage.hash(space.asid);
}

describe("an ASID", () => {
  test("invariant 13: is free again when its address space ends, unless it owned a linkage index", () => {
    const life = fc.record({ owns: fc.boolean(), steps: fc.integer({ min: 1, max: 40 }) });
    fc.assert(
      fc.property(fc.array(life, { maxLength: 8 }), (lives) => {
        const { machine, events, problems } = asMaster(
          { asvt: { ordinary: 20, forStart: 2, replacements: 4 } },
          ({ machine }) => {
            return function* (program) {
              for (const { owns, steps } of lives) {
                yield* createAddressSpace(
                  machine.system,
                  program.unit,
                  request({ ownsLinkageIndex: owns, program: (job) => job.compute(steps) }),
                );
              }
            };
          },
        );
        const lost = lives.filter(({ owns }) => owns).length;
        const counts = machine.system.asvt.counts();
        expect([...problems]).toEqual([]);
        expect(counts).toEqual({
          free: 26 - 1 - lost,
          used: 1,
          lost,
          available: 22 - 1 - Math.max(0, lost - 4),
        });
        const messages = events.filter((event) => event.kind === "message" && event.id === "IEF352I");
        expect(messages.length).toBe(lost);
        expect(machine.system.spaces().map(({ jobName }) => jobName)).toEqual(["*MASTER*"]);
        expect(machine.system.storage.pagesOf(2)).toEqual([]);
      }),
    );
  });

  test("of what is kept for START is given to START alone, once the others are used up", () => {
    fc.assert(
      fc.property(
        fc.nat(5),
        fc.nat(5),
        fc.nat(5),
        fc.array(fc.boolean(), { maxLength: 20 }),
        (ordinary, forStart, replacements, starts) => {
          const asvt = new Asvt({ ordinary, forStart, replacements });
          let [usual, kept] = [ordinary, forStart];
          const given = new Set<number>();
          for (const start of starts) {
            const asid = asvt.reserve(start);
            const expected = usual > 0 || (start && kept > 0);
            expect(asid !== undefined).toBe(expected);
            if (asid === undefined) continue;
            expect(given.has(asid)).toBe(false);
            given.add(asid);
            if (usual > 0) usual--;
            else kept--;
          }
        },
      ),
    );
  });

  test("is one of at most 32767", () => {
    expect(() => new Asvt({ ordinary: MOST_ASIDS, forStart: 1, replacements: 0 })).toThrow(RangeError);
  });
});

describe("the creation of an address space", () => {
  const create = (more: Partial<SpaceRequest>, options: Parameters<typeof newSystem>[0] = {}) => {
    let made: unknown;
    const result = asMaster(options, ({ machine }) => {
      return function* (program) {
        made = yield* createAddressSpace(machine.system, program.unit, request(more));
      };
    });
    return { ...result, made };
  };

  test.each(["START", "MOUNT", "LOGON", "ASCRE", "batch"] as const)(
    "by %s ends with its program run and everything given back",
    (kind) => {
      let ran = false;
      const { machine, problems, made } = create({
        kind,
        program: function* (program) {
          yield* program.compute(1);
          ran = true;
        },
      });
      expect(made).toBeDefined();
      expect(ran).toBe(true);
      expect([...problems, ...checkSystem(machine.system)]).toEqual([]);
      expect(machine.system.spaces().length).toBe(1);
    },
  );

  test("is refused where MAXUSER would be exceeded, and nothing is left of it", () => {
    const { made, events, machine } = create(
      { kind: "LOGON" },
      { asvt: { ordinary: 1, forStart: 3, replacements: 0 } },
    );
    expect(made).toBeUndefined();
    expect(events).toContainEqual({ kind: "message", id: "CC602I", text: "MAXUSERS WOULD HAVE BEEN EXCEEDED" });
    expect(machine.system.asvt.counts()).toEqual({ free: 3, used: 1, lost: 0, available: 3 });
  });

  test("is refused where there is no storage for the ASCB, and the ASID is free again", () => {
    const { made, events, machine } = create({ fault: "no storage for the ASCB" });
    expect(made).toBeUndefined();
    expect(events).toContainEqual({ kind: "message", id: "CC602I", text: "THE GETMAIN FOR THE ASCB FAILED" });
    expect(machine.system.asvt.counts().used).toBe(1);
  });

  test.each(Object.keys(START_FAULTS).filter(isFault))("ends in abend 0B8 where %s", (fault) => {
    const { events, machine } = create({ fault });
    expect(abends(events)[0]).toEqual({ unit: "started task control", code: "0B8", reason: START_FAULTS[fault] });
    expect(machine.system.spaces().length).toBe(1);
  });

  test("maps the same common pages into every address space, and private ones of its own", () => {
    const { machine } = newSystem();
    const [one, two] = [addSpace(machine, "ONE").space, addSpace(machine, "TWO").space];
    const { storage } = machine.system;
    const see = (asid: number, area: "CSA" | "nucleus" | "user region") => storage.find(asid, { area, page: 0 });
    expect(see(one.asid, "CSA")).toBe(see(two.asid, "CSA"));
    expect(see(one.asid, "user region")).not.toBe(see(two.asid, "user region"));
    expect(see(one.asid, "user region")).toBeDefined();
  });
});

function isFault(name: string): name is keyof typeof START_FAULTS {
  return name in START_FAULTS;
}
