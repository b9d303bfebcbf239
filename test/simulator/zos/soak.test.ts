/**
 * Everything at once: tasks that attach, fail, recover, wait, call, take locks and are ended by others, SRBs, interruptions,
 * swapping and the end of whole address spaces. Whatever happens, the chains fit, nothing is left behind, and the same
 * program does the same again.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { PRIORITIES } from "../../../simulator/engine/priorities.ts";
import type { Activity } from "../../../simulator/machine/activity.ts";
import { newEcb, type Tcb } from "../../../simulator/zos/control-blocks.ts";
import { checkSystem } from "../../../simulator/zos/invariants.ts";
import type { ProgramBody, ZosProgram } from "../../../simulator/zos/program.ts";
import { PROBLEM_PSW } from "../../../simulator/zos/psw.ts";
import type { Decision } from "../../../simulator/zos/recovery-exit.ts";
import { removeSpace } from "../../../simulator/zos/space-end.ts";
import { installSvc } from "../../../simulator/zos/svc-routines.ts";
import { SVC_TABLE, type SvcRow } from "../../../simulator/zos/svc-table.ts";
import { abterm, post } from "../../../simulator/zos/task-end.ts";
import { addSpace, addTask, newSystem } from "./support.ts";

const LEAVES = [
  "compute",
  "type 1",
  "type 2",
  "type 3",
  "type 4",
  "type 6",
  "undefined SVC",
  "wait",
  "program check",
  "abend",
  "page",
  "call",
] as const;
const NESTS = ["routine", "estae", "frr", "locked", "disabled", "attach", "attach and detach", "schedule"] as const;

/** Supervisor calls whose routines do anything, even what ends in an ABEND there. */
const FIRST = 200;
const SHAPES: readonly Pick<SvcRow, "type" | "locks">[] = [
  { type: 1, locks: ["LOCAL"] },
  { type: 2, locks: [] },
  { type: 2, locks: ["LOCAL", "CMS"] },
  { type: 3, locks: ["LOCAL", "CMS", "SALLOC"] },
  { type: 6, locks: [] },
];

type Action =
  | { readonly kind: (typeof LEAVES)[number]; readonly steps: number }
  | {
      readonly kind: (typeof NESTS)[number];
      readonly steps: number;
      readonly retry: boolean;
      readonly inner: readonly Action[];
    };

const action: fc.Arbitrary<Action> = fc.letrec<{ action: Action }>((tie) => ({
  action: fc.oneof(
    { maxDepth: 3 },
    fc.record({ kind: fc.constantFrom(...LEAVES), steps: fc.integer({ min: 1, max: 12 }) }),
    fc.record({
      kind: fc.constantFrom(...NESTS),
      steps: fc.integer({ min: 1, max: 12 }),
      retry: fc.boolean(),
      inner: fc.array(tie("action"), { maxLength: 3 }),
    }),
  ),
})).action;

const disturbance = fc.record({
  at: fc.nat(600),
  what: fc.constantFrom("interrupt", "swap", "memterm", "abterm", "reschedule"),
  which: fc.nat(5),
});

const everything = fc.record({
  cpus: fc.integer({ min: 1, max: 3 }),
  timeSlice: fc.integer({ min: 1, max: 60 }),
  spaces: fc.array(
    fc.record({
      priority: fc.constantFrom(100, 150),
      tasks: fc.array(fc.array(action, { maxLength: 4 }), { minLength: 1, maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  disturbances: fc.array(disturbance, { maxLength: 8 }),
});
type Everything = typeof everything extends fc.Arbitrary<infer Value> ? Value : never;

function carryOut({ cpus, timeSlice, spaces, disturbances }: Everything) {
  const result = newSystem({ cpus, timeSlice });
  const { machine } = result;
  const { system, simulation } = machine;
  for (const [shape, { type, locks }] of SHAPES.entries()) {
    const number = FIRST + shape;
    installSvc(system, {
      number,
      macro: "TEST",
      type,
      locks,
      module: undefined,
      does: "anything",
      evidence: "verified",
    });
  }
  const tasks: Tcb[] = [];

  function* one(program: ZosProgram, step: Action): Generator<Activity> {
    switch (step.kind) {
      case "compute":
        return yield* program.compute(step.steps);
      case "type 1":
        yield* program.svc(SVC_TABLE.registerGetmain.number);
        return;
      case "type 2":
        yield* program.svc(SVC_TABLE.enq.number);
        return;
      case "type 3":
        yield* program.svc(SVC_TABLE.time.number);
        return;
      case "type 4":
        yield* program.svc(SVC_TABLE.writeToOperator.number);
        return;
      case "type 6":
        yield* program.svc(SVC_TABLE.modeset.number, { parameters: { kind: "psw", key: 0 } });
        return;
      case "undefined SVC":
        yield* program.svc(255);
        return;
      case "wait": {
        const ecb = newEcb();
        simulation.after(step.steps, PRIORITIES.complete, () => post(system, ecb, 0));
        return yield* program.wait(ecb);
      }
      case "program check":
        return yield* program.invalidOperation();
      case "abend":
        return yield* program.abend("0D4");
      case "page":
        yield* program.store({ area: "user region", page: 0, offset: step.steps }, step.steps);
        return;
      case "call": {
        const routine = () => program.compute(step.steps);
        const { master: space } = system;
        const entry = { name: "service", authorizedKeys: new Set([8]), supervisor: true, routine };
        return yield* program.call(space === undefined ? entry : { ...entry, space });
      }
      default:
        return yield* nested(program, step);
    }
  }

  function* nested(program: ZosProgram, step: Extract<Action, { inner: unknown }>): Generator<Activity> {
    const inner = () => all(program, step.inner);
    const exit = { name: "exit", decide: (): Decision => (step.retry ? "retry" : "percolate") };
    const after = () => program.compute(step.steps);
    switch (step.kind) {
      case "routine":
        yield* program.svc(FIRST + (step.steps % SHAPES.length), { parameters: { kind: "do", body: inner } });
        return;
      case "estae":
        return yield* program.estae(exit, inner, after);
      case "frr":
        return yield* program.frr(exit, inner, after);
      case "locked":
        // Once only: a program that takes a lock that it has is a program error that the model refuses.
        return yield* program.unit.locks.length === 0 ? program.locked("LOCAL", inner) : inner();
      case "disabled":
        return yield* program.unit.psw.enabled ? program.disabled(inner) : inner();
      case "schedule": {
        const options = { name: "SRB", home: program.unit.home, priority: "local", preemptible: step.retry } as const;
        const related = program.unit.kind === "TCB" ? { relatedTask: program.unit } : {};
        yield* program.schedule({ ...options, ...related }, (srb) => srb.compute(step.steps));
        return;
      }
      case "attach":
      case "attach and detach": {
        const daughter = yield* program.attach({ name: `${program.unit.name}+`, supervisor: true }, (own) => {
          if (own.unit.kind === "TCB") tasks.push(own.unit);
          return all(own, step.inner);
        });
        if (step.kind === "attach") return yield* program.wait(daughter.endEcb);
        return yield* program.detach(daughter);
      }
      default:
        step.kind satisfies never;
    }
  }

  function* all(program: ZosProgram, list: readonly Action[]): Generator<Activity> {
    for (const step of list) yield* one(program, step);
  }

  const made = spaces.map(({ priority, tasks: lists }, number) => {
    const { rct, space } = addSpace(machine, `JOB${number}`, priority);
    for (const [index, list] of lists.entries()) {
      const body: ProgramBody = (program) => all(program, list);
      const psw = index % 2 === 0 ? { ...PROBLEM_PSW, key: 0, problem: false } : PROBLEM_PSW;
      tasks.push(addTask(machine, rct, `task ${number}.${index}`, body, { psw }));
    }
    return space;
  });
  for (const { at, what, which } of disturbances) {
    simulation.schedule(at, PRIORITIES.begin, () => {
      const space = made[which % made.length];
      const task = tasks[which % tasks.length];
      if (what === "interrupt") machine.interrupt(which % cpus, "I/O interruption", 2);
      else if (what === "reschedule") machine.cpus.reschedule();
      else if (space !== undefined && what === "swap" && !space.terminated) {
        machine.swap(space, "out");
        simulation.after(20 + which, PRIORITIES.begin, () => machine.swap(space, "in"));
      } else if (space !== undefined && what === "memterm") removeSpace(system, space, { code: "FORCE" });
      else if (task !== undefined && what === "abterm") {
        abterm(system, task, { completion: { code: "222" }, cleanupOnly: which % 2 === 0, stage: "cancel" });
      }
    });
  }
  machine.run();
  return { ...result, tasks, made };
}

test("leaves every chain whole, every lock free, every SVRB in its pool and every task ended, whatever happens", () => {
  fc.assert(
    fc.property(everything, (one) => {
      const { machine, problems, tasks, made } = carryOut(one);
      expect([...problems, ...checkSystem(machine.system)]).toEqual([]);
      for (const { name, ended, locks, thread } of tasks) {
        expect([name, ended, locks.length, thread?.state]).toEqual([name, true, 0, "ended"]);
      }
      expect(machine.dispatcher.queued()).toEqual([]);
      for (const { localLock, svrbPool, terminated } of made) {
        expect(localLock.holder).toBeUndefined();
        if (!terminated) expect(svrbPool.free).toBe(svrbPool.made);
      }
      for (const { holder } of Object.values(machine.system.locks)) expect(holder).toBeUndefined();
      expect(machine.system.waitState).toBeUndefined();
    }),
    { numRuns: 300 },
  );
});

test("invariant 12: does the same again, stretch by stretch", () => {
  fc.assert(
    fc.property(everything, (one) => {
      const story = () =>
        carryOut(one).stretches.map(({ cpu, thread, activity, start, end }) =>
          [cpu, thread?.name, activity.name, start, end].join(" "),
        );
      expect(story()).toEqual(story());
    }),
    { numRuns: 40 },
  );
});
