/** The SVC path of any number, type and issuer: invariants 3 to 6 of the reference, as properties. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Activity } from "../../../simulator/machine/activity.ts";
import type { LockName } from "../../../simulator/zos/control-blocks.ts";
import type { ProgramBody, ZosProgram } from "../../../simulator/zos/program.ts";
import { PROBLEM_PSW } from "../../../simulator/zos/psw.ts";
import { REFUSALS } from "../../../simulator/zos/svc-refusal.ts";
import { installSvc } from "../../../simulator/zos/svc-routines.ts";
import { SVC_TABLE, type SvcRow, type SvcType } from "../../../simulator/zos/svc-table.ts";
import { SVRBS_A_GETMAIN } from "../../../simulator/zos/svrb-pool.ts";
import type { ZosSystem } from "../../../simulator/zos/system.ts";
import { abends, addSpace, addTask, newSystem, svcEvents } from "./support.ts";

const FIRST = 200;
/** These do something of their own, and have tests of their own. */
const NEEDS_PARAMETERS = new Set<number>(
  [
    SVC_TABLE.wait,
    SVC_TABLE.post,
    SVC_TABLE.exit,
    SVC_TABLE.link,
    SVC_TABLE.load,
    SVC_TABLE.abend,
    SVC_TABLE.attach,
    SVC_TABLE.detach,
    SVC_TABLE.chap,
    SVC_TABLE.modeset,
  ].map(({ number }) => number),
);
/** One installation SVC of each shape that a random program draws from. */
const SHAPES: readonly (readonly [SvcType, readonly LockName[]])[] = [
  [1, ["LOCAL"]],
  [2, []],
  [2, ["LOCAL"]],
  [2, ["LOCAL", "CMS"]],
  [2, ["LOCAL", "CMS", "SALLOC"]],
  [3, []],
  [4, ["LOCAL", "CMS"]],
  [6, []],
];

type Action =
  | { readonly kind: "compute"; readonly steps: number }
  | { readonly kind: "svc"; readonly shape: number; readonly steps: number; readonly nested: readonly Action[] };

const action: fc.Arbitrary<Action> = fc.letrec<{ action: Action }>((tie) => ({
  action: fc.oneof(
    { depthSize: "small" },
    fc.record({ kind: fc.constant("compute" as const), steps: fc.integer({ min: 1, max: 6 }) }),
    fc.record({
      kind: fc.constant("svc" as const),
      shape: fc.nat(SHAPES.length - 1),
      steps: fc.integer({ min: 1, max: 5 }),
      nested: fc.array(tie("action"), { maxLength: 2 }),
    }),
  ),
})).action;

const system = fc.record({
  cpus: fc.integer({ min: 1, max: 3 }),
  timeSlice: fc.integer({ min: 1, max: 40 }),
  spaces: fc.array(fc.array(fc.array(action, { maxLength: 5 }), { minLength: 1, maxLength: 3 }), {
    minLength: 1,
    maxLength: 2,
  }),
});
type Case = typeof system extends fc.Arbitrary<infer Value> ? Value : never;

function* perform(program: ZosProgram, list: readonly Action[]): Generator<Activity> {
  for (const one of list) {
    if (one.kind === "compute") {
      yield* program.compute(one.steps);
      continue;
    }
    const [type = 2, locks = []] = SHAPES[one.shape] ?? [];
    // Only a routine with a request block of its own, and with no lock, may issue a supervisor call.
    const nested = type !== 1 && type !== 6 && locks.length === 0 ? one.nested : [];
    const body = function* () {
      yield* program.compute(one.steps, `routine of type ${type}`);
      yield* perform(program, nested);
    };
    yield* program.svc(FIRST + one.shape, { parameters: { kind: "do", body } });
  }
}

function carryOut({ cpus, timeSlice, spaces }: Case) {
  const test = newSystem({ cpus, timeSlice });
  installShapes(test.machine.system);
  for (const [number, tasks] of spaces.entries()) {
    const { rct } = addSpace(test.machine, `JOB${number}`);
    for (const [index, list] of tasks.entries()) {
      addTask(test.machine, rct, `task ${number}.${index}`, (program) => perform(program, list));
    }
  }
  test.machine.run();
  return test;
}

function installShapes(system: ZosSystem): void {
  for (const [shape, [type, locks]] of SHAPES.entries()) installSvc(system, row(FIRST + shape, type, locks));
}

function row(number: number, type: SvcType, locks: readonly LockName[]): SvcRow {
  return {
    number,
    macro: `TEST${number}`,
    type,
    locks,
    module: undefined,
    does: "what it is given",
    evidence: "verified",
  };
}

describe("any mix of supervisor calls", () => {
  test("invariant 3: type 6 never runs enabled, type 1 always with the LOCAL lock alone, and an exit releases all", () => {
    fc.assert(
      fc.property(system, (one) => {
        const { machine, stretches, problems } = carryOut(one);
        expect([...problems]).toEqual([]);
        for (const { activity } of stretches) {
          if (activity.kind !== "burst") continue;
          const { interruptions, locks } = activity.args ?? {};
          if (activity.name === "routine of type 6") expect([interruptions, locks]).toEqual(["disabled", undefined]);
          if (activity.name === "routine of type 1") expect([interruptions, locks]).toEqual(["enabled", "LOCAL"]);
        }
        for (const ascb of machine.system.spaces()) expect(ascb.localLock.holder).toBeUndefined();
        for (const { holder } of Object.values(machine.system.locks)) expect(holder).toBeUndefined();
      }),
    );
  });

  test("invariant 4: SVRBs are conserved: nine a GETMAIN, each in the pool or on one chain, at the end all in the pool", () => {
    fc.assert(
      fc.property(system, (one) => {
        const { machine, problems } = carryOut(one);
        expect([...problems]).toEqual([]);
        for (const { svrbPool } of machine.system.spaces()) {
          expect(svrbPool.free).toBe(svrbPool.made);
          expect(svrbPool.made % SVRBS_A_GETMAIN).toBe(0);
        }
      }),
    );
  });

  test("invariant 5: a call that finds the LOCAL lock taken is executed again, and completed exactly once", () => {
    let backedUp = 0;
    fc.assert(
      fc.property(system, (one) => {
        const { events } = carryOut(one);
        const calls = svcEvents(events);
        for (const id of new Set(calls.map((event) => event.id))) {
          const what = calls.filter((event) => event.id === id).map((event) => event.what);
          const tries = what.filter((each) => each === "backed up").length;
          backedUp += tries;
          expect(what.filter((each) => each === "issued").length).toBe(tries + 1);
          expect(what.filter((each) => each === "completed").length).toBe(1);
          expect(what.filter((each) => each === "entered").length).toBe(1);
        }
      }),
    );
    expect(backedUp).toBeGreaterThan(0);
  });

  test("gives every other register back as it was", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 16, maxLength: 16 }), fc.nat(SHAPES.length - 1), (values, shape) => {
        const { machine } = newSystem();
        installShapes(machine.system);
        const seen: (readonly number[])[] = [];
        const { rct } = addSpace(machine, "JOB");
        addTask(machine, rct, "task", function* (program) {
          program.unit.registers = values;
          yield* program.svc(FIRST + shape);
          seen.push(program.unit.registers);
        });
        machine.run();
        expect(seen[0]?.slice(2, 15)).toEqual(values.slice(2, 15));
      }),
    );
  });
});

type Issuer = "an SRB" | "a locked program" | "a disabled program" | "cross-memory mode" | "an EUT FRR" | "AR mode";

const REASONS: Readonly<Record<Issuer, number>> = {
  "an SRB": REFUSALS.notTask,
  "a locked program": REFUSALS.lockHeld,
  "a disabled program": REFUSALS.disabled,
  "cross-memory mode": REFUSALS.crossMemory,
  "an EUT FRR": REFUSALS.eutFrr,
  "AR mode": REFUSALS.accessRegisterMode,
};

function* issueAs(issuer: Issuer, program: ZosProgram, number: number): Generator<Activity> {
  const call = function* () {
    yield* program.svc(number);
  };
  switch (issuer) {
    case "an SRB":
      yield* program.schedule({ name: "SRB", home: program.unit.home, priority: "local" }, function* (srb) {
        yield* srb.svc(number);
      });
      return;
    case "a locked program":
      return yield* program.locked("LOCAL", call);
    case "a disabled program":
      return yield* program.disabled(call);
    case "cross-memory mode": {
      const { master } = program.system;
      if (master === undefined) throw new Error("no master address space");
      return yield* program.crossMemory(master, call);
    }
    case "an EUT FRR":
      return yield* program.frr({ name: "EUT", decide: () => "percolate" }, call, call);
    case "AR mode":
      program.unit.psw = { ...program.unit.psw, addressSpace: "access-register" };
      return yield* call();
    default:
      issuer satisfies never;
  }
}

function issued(body: ProgramBody, authorized = true) {
  const test = newSystem();
  installShapes(test.machine.system);
  const { rct } = addSpace(test.machine, "JOB");
  const psw = authorized ? { ...PROBLEM_PSW, key: 0, problem: false } : PROBLEM_PSW;
  const tcb = addTask(test.machine, rct, "issuer", body, { psw });
  test.machine.run();
  expect([...test.problems]).toEqual([]);
  return { ...test, tcb };
}

describe("a supervisor call that is refused", () => {
  const issuers: readonly Issuer[] = [
    "an SRB",
    "a locked program",
    "a disabled program",
    "cross-memory mode",
    "an EUT FRR",
    "AR mode",
  ];

  test.each(issuers)("invariant 6: from %s it ends in S0F8, with the reason of the manual", (issuer) => {
    fc.assert(
      fc.property(fc.nat(SHAPES.length - 1), (shape) => {
        const result = issued((program) => issueAs(issuer, program, FIRST + shape));
        const [first] = abends(result.events);
        expect([first?.code, first?.reason]).toEqual(["0F8", REASONS[issuer]]);
        const entered = svcEvents(result.events).filter(({ what }) => what === "entered");
        expect(entered.map(({ row: { number } }) => number)).not.toContain(FIRST + shape);
      }),
      { numRuns: 20 },
    );
  });

  test("ends in S047 where the row is for authorized programs and the issuer is none", () => {
    const { tcb } = issued(function* (program) {
      yield* program.svc(SVC_TABLE.modeset.number, { parameters: { kind: "psw", key: 0, problem: false } });
    }, false);
    expect(tcb.completion).toEqual({ code: "047" });
  });

  test.each([
    ["in supervisor state", { ...PROBLEM_PSW, key: 8, problem: false }, false],
    ["with a system key", { ...PROBLEM_PSW, key: 7 }, false],
    ["of an APF-authorized job step", PROBLEM_PSW, true],
  ])("passes %s", (_, psw, authorized) => {
    const test = newSystem();
    const { rct, space } = addSpace(test.machine, "JOB");
    space.authorized = authorized;
    const seen: boolean[] = [];
    const tcb = addTask(
      test.machine,
      rct,
      "issuer",
      function* (program) {
        yield* program.svc(SVC_TABLE.modeset.number, { parameters: { kind: "psw", key: 0, problem: false } });
        seen.push(program.unit.psw.problem);
      },
      { psw },
    );
    test.machine.run();
    expect([tcb.completion, seen]).toEqual([{ code: "" }, [false]]);
  });

  test("ends in SFnn where nobody has the number: even that is a routine of the table", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), (number) => {
        const known = Object.values(SVC_TABLE).some((one) => one.number === number);
        fc.pre(!known && !(number >= FIRST && number < FIRST + SHAPES.length));
        const { tcb, events } = issued(function* (program) {
          yield* program.svc(number);
        }, false);
        expect(tcb.completion?.code).toBe(`F${number.toString(16).toUpperCase().padStart(2, "0")}`);
        expect(svcEvents(events)[1]?.what).toBe("entered");
      }),
    );
  });

  test("ends in S16D where register 15 names no extended service", () => {
    const { tcb } = issued(function* (program) {
      yield* program.svc(SVC_TABLE.esrType2.number, { r15: 99 });
    }, false);
    expect(tcb.completion?.code).toBe("16D");
  });

  test("ends in S0F9 where subpool 255 has no room for nine SVRBs, and the task alone ends", () => {
    const test = newSystem({ svrbStorage: 4 });
    const { rct } = addSpace(test.machine, "JOB");
    const tcb = addTask(test.machine, rct, "issuer", function* (program) {
      yield* program.svc(SVC_TABLE.time.number);
    });
    const other = addTask(test.machine, rct, "other", (program) => program.compute(50));
    test.machine.run();
    expect([tcb.completion?.code, other.completion?.code]).toEqual(["0F9", ""]);
  });

  test("goes to the subsystem's own entry where the task is screened, and the routine is not entered", () => {
    const test = newSystem();
    const { rct } = addSpace(test.machine, "JOB");
    const results: number[] = [];
    addTask(
      test.machine,
      rct,
      "screened",
      function* (program) {
        results.push((yield* program.svc(SVC_TABLE.time.number)).r15);
        results.push((yield* program.svc(SVC_TABLE.enq.number)).r15);
      },
      { screen: new Set([SVC_TABLE.time.number, SVC_TABLE.exit.number]) },
    );
    test.machine.run();
    expect(results).toEqual([0, 4]);
    const entered = svcEvents(test.events).filter(({ what }) => what === "entered");
    expect(entered.map(({ row: { macro } }) => macro)).toEqual(["TIME", "EXIT"]);
  });
});

describe("the new PSW of the SVC interruption", () => {
  test("is data: with its problem bit on, the same SVC enters problem state and the handler's first instruction fails", () => {
    const test = newSystem();
    for (const psa of test.machine.system.psas) psa.svcNewPsw = { ...psa.svcNewPsw, problem: true };
    const { rct } = addSpace(test.machine, "JOB");
    const tcb = addTask(test.machine, rct, "issuer", function* (program) {
      yield* program.svc(SVC_TABLE.time.number);
    });
    test.machine.run();
    expect(tcb.completion?.code).toBe("0C2");
    expect(svcEvents(test.events)).toEqual([]);
  });
});

describe("every row of the table", () => {
  const plain = Object.values(SVC_TABLE).filter(({ number }) => !NEEDS_PARAMETERS.has(number));
  const rows = plain.flatMap((row: SvcRow) =>
    row.esr === undefined ? [{ row, r15: 0 }] : [...row.esr].map(([r15, service]) => ({ row: service, r15 })),
  );

  test.each(rows)("SVC $row.number $row.macro is entered with its locks, and gives everything back", ({ row, r15 }) => {
    const { tcb, events, stretches } = issued(function* (program) {
      yield* program.svc(row.number, { r15, parameters: { kind: "do", body: () => program.compute(1, "routine") } });
    });
    expect(tcb.completion).toEqual({ code: "" });
    const [own] = svcEvents(events).filter(({ what }) => what === "entered");
    expect(own?.row.macro).toBe(row.macro);
    const routine = stretches.find(({ activity }) => activity.name === "routine")?.activity;
    const locks = row.locks.join(" ");
    expect(routine?.kind === "burst" && (routine.args?.locks ?? "")).toBe(locks);
    const disabled = row.type === 6 || row.locks.some((name) => name !== "LOCAL" && name !== "CMS");
    expect(routine?.kind === "burst" && routine.args?.interruptions).toBe(disabled ? "disabled" : "enabled");
  });
});
