/** Recovery: whose routines are asked, in which order, and what is given back whatever they say. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Activity } from "../../../simulator/machine/activity.ts";
import type { ProgramBody, ZosProgram } from "../../../simulator/zos/program.ts";
import { startSrb } from "../../../simulator/zos/program.ts";
import { completionOf } from "../../../simulator/zos/program-check.ts";
import type { Decision, Sdwa } from "../../../simulator/zos/recovery-exit.ts";
import { memterm } from "../../../simulator/zos/space-end.ts";
import { SVC_TABLE } from "../../../simulator/zos/svc-table.ts";
import { abends, addSpace, addTask, newSystem } from "./support.ts";

function supervisor(body: ProgramBody) {
  const result = newSystem();
  const { rct, space } = addSpace(result.machine, "JOB");
  const tcb = addTask(result.machine, rct, "task", body, { psw: rct.psw });
  result.machine.run();
  expect([...result.problems]).toEqual([]);
  expect(space.svrbPool.free).toBe(space.svrbPool.made);
  expect(space.localLock.holder).toBeUndefined();
  return { ...result, tcb, space };
}

describe("ESTAE exits", () => {
  test("are asked the newest first, until one lets the program go on", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom<Decision>("retry", "percolate"), { minLength: 1, maxLength: 5 }),
        (answers) => {
          const asked: number[] = [];
          const resumed: number[] = [];
          const nest = (program: ZosProgram, level: number): Generator<Activity> => {
            const answer = answers[level];
            if (answer === undefined) return program.invalidOperation();
            const decide = (sdwa: Sdwa): Decision => {
              asked.push(level);
              expect(sdwa.percolations).toBe(answers.length - 1 - level);
              return answer;
            };
            const retry = function* () {
              resumed.push(level);
              yield* program.compute(1);
            };
            return program.estae({ name: `exit ${level}`, decide }, () => nest(program, level + 1), retry);
          };
          const { tcb } = supervisor((program) => nest(program, 0));
          const retrying = answers.lastIndexOf("retry");
          const expected = answers.map((_, index) => answers.length - 1 - index).filter((level) => level >= retrying);
          expect(asked).toEqual(expected);
          expect(resumed).toEqual(retrying < 0 ? [] : [retrying]);
          expect(tcb.completion).toEqual(retrying < 0 ? { code: "0C1", reason: 1 } : { code: "" });
        },
      ),
    );
  });

  test("that have ended are not asked any more", () => {
    const { tcb } = supervisor(function* (program) {
      const retry = () => program.compute(1);
      yield* program.estae({ name: "over", decide: () => "retry" }, () => program.compute(1), retry);
      yield* program.invalidOperation();
    });
    expect(tcb.completion).toEqual({ code: "0C1", reason: 1 });
  });

  test("may not retry where the task is ended by its mother (SDWACLUP)", () => {
    const seen: boolean[] = [];
    const result = newSystem({ timeSlice: 10 });
    const { rct } = addSpace(result.machine, "JOB");
    addTask(result.machine, rct, "mother", function* (program) {
      const daughter = yield* program.attach({ name: "daughter" }, (own) => {
        const decide = ({ cleanupOnly }: Sdwa): Decision => {
          seen.push(cleanupOnly);
          return "retry";
        };
        return own.estae(
          { name: "wants to retry", decide },
          () => own.compute(500),
          () => own.compute(500),
        );
      });
      yield* program.compute(80);
      yield* program.detach(daughter);
      expect(daughter.completion).toEqual({ code: "13E" });
    });
    result.machine.run();
    expect(seen).toEqual([true]);
    expect(abends(result.events).map(({ unit }) => unit)).toEqual(["daughter"]);
  });

  test("of the mother's ATTACH (ESTAI) are asked after the daughter's own", () => {
    const asked: string[] = [];
    const decide = (name: string) => (): Decision => {
      asked.push(name);
      return "percolate";
    };
    supervisor(function* (program) {
      const daughter = yield* program.attach(
        { name: "daughter", estai: { name: "ESTAI", decide: decide("ESTAI") } },
        (own) =>
          own.estae(
            { name: "own", decide: decide("own") },
            () => own.invalidOperation(),
            () => own.compute(1),
          ),
      );
      yield* program.wait(daughter.endEcb);
    });
    expect(asked).toEqual(["own", "ESTAI"]);
  });
});

describe("functional recovery routines", () => {
  test("are asked before any ESTAE exit where a lock is held, and a retry keeps the locks of its own level", () => {
    const asked: string[] = [];
    const held: string[][] = [];
    const { tcb } = supervisor(function* (program) {
      const percolate = (name: string) => ({
        name,
        decide: (): Decision => {
          asked.push(name);
          return "percolate";
        },
      });
      const retrying = {
        name: "outer FRR",
        decide: (): Decision => {
          asked.push("outer FRR");
          return "retry";
        },
      };
      const nothing = () => program.compute(0);
      yield* program.estae(
        percolate("ESTAE"),
        () =>
          program.locked("LOCAL", () =>
            program.frr(
              retrying,
              () =>
                program.locked("CMS", () =>
                  program.frr(percolate("inner FRR"), () => program.invalidOperation(), nothing),
                ),
              function* () {
                held.push(program.unit.locks.map(({ name }) => name));
                yield* program.compute(1);
              },
            ),
          ),
        nothing,
      );
    });
    expect(asked).toEqual(["inner FRR", "outer FRR"]);
    expect(held).toEqual([["LOCAL"]]);
    expect(tcb.completion).toEqual({ code: "" });
  });

  test("that all percolate leave the task's ESTAE exit to be asked, with no lock held any more", () => {
    const asked: string[][] = [];
    const { tcb } = supervisor(function* (program) {
      const decide = (): Decision => {
        asked.push(program.unit.locks.map(({ name }) => name));
        return "retry";
      };
      const frr = { name: "FRR", decide: (): Decision => "percolate" };
      const nothing = () => program.compute(0);
      yield* program.estae(
        { name: "ESTAE", decide },
        () => program.locked("LOCAL", () => program.frr(frr, () => program.invalidOperation(), nothing)),
        nothing,
      );
    });
    expect(asked).toEqual([[]]);
    expect(tcb.completion).toEqual({ code: "" });
  });

  test("are all that an SRB has: it ends, and percolates to its task where it has one", () => {
    const result = newSystem();
    const { rct, space } = addSpace(result.machine, "JOB");
    const related = addTask(result.machine, rct, "related", (program) => program.compute(100));
    const other = addTask(result.machine, rct, "other", (program) => program.compute(100));
    const options = { name: "SRB", home: space, priority: "local", relatedTask: related } as const;
    const srb = startSrb(result.machine.system, options, (program) => program.invalidOperation(), "SRB");
    result.machine.run();
    expect(srb.completion).toEqual({ code: "0C1", reason: 1 });
    expect([related.completion?.code, other.completion?.code]).toEqual(["0C1", ""]);
  });
});

describe("program interruptions", () => {
  test("become 0Cx by their code; those of translation and protection 0C4 with the code as reason", () => {
    const codes = [1, 2, 4, 6, 0x0f, 0x10, 0x11, 0x38, 0x3b];
    expect(codes.map((code) => completionOf(code))).toEqual([
      { code: "0C1", reason: 1 },
      { code: "0C2", reason: 2 },
      { code: "0C4", reason: 4 },
      { code: "0C6", reason: 6 },
      { code: "0CF", reason: 0x0f },
      ...[0x10, 0x11, 0x38, 0x3b].map((reason) => ({ code: "0C4", reason })),
    ]);
  });

  test("that an ESPIE exit takes are no ABEND", () => {
    const { tcb, events } = supervisor(function* (program) {
      if (program.unit.kind === "TCB") program.unit.espie = new Set([1]);
      yield* program.invalidOperation();
      yield* program.compute(1);
    });
    expect([tcb.completion, abends(events)]).toEqual([{ code: "" }, []]);
  });

  test("of a privileged operation in problem state enter no SVC routine at all", () => {
    const result = newSystem();
    const { rct } = addSpace(result.machine, "JOB");
    const tcb = addTask(result.machine, rct, "task", (program) => program.privileged("SSCH"));
    result.machine.run();
    expect(tcb.completion).toEqual({ code: "0C2", reason: 2 });
    expect(result.events.filter(({ kind }) => kind === "svc")).toEqual([]);
  });
});

describe("MEMTERM", () => {
  test("ends an address space without asking any recovery routine of its tasks, and nothing of another", () => {
    const asked: string[] = [];
    const result = newSystem({ timeSlice: 5 });
    const { system } = result.machine;
    const victim = addSpace(result.machine, "VICTIM");
    const other = addSpace(result.machine, "OTHER");
    const decide = (): Decision => {
      asked.push("exit");
      return "retry";
    };
    const doomed = addTask(
      result.machine,
      victim.rct,
      "doomed",
      (program) =>
        program.estae(
          { name: "exit", decide },
          () => program.locked("LOCAL", () => program.compute(500)),
          () => program.compute(1),
        ),
      { psw: victim.rct.psw },
    );
    const killer = addTask(result.machine, other.rct, "killer", function* (program) {
      yield* program.compute(40);
      yield* memterm(system, program.unit, victim.space, { code: "FORCE" }, "killer");
    });
    const third = addTask(result.machine, other.rct, "third", (program) => program.svc(SVC_TABLE.time.number));
    result.machine.run();
    expect(asked).toEqual([]);
    expect([doomed.ended, doomed.completion?.code]).toEqual([true, "FORCE"]);
    expect(killer.home.terminated).toBe(false);
    expect(third.completion).toEqual({ code: "" });
    expect(system.asvt.at(victim.space.asid)).toBeUndefined();
    expect(system.storage.pagesOf(victim.space.asid)).toEqual([]);
  });
});
