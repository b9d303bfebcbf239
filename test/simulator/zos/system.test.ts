/** The system as a whole: IPL, wait states, eras, who shares which module, PROGRAM CALL; invariants 12 and 14. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Simulation } from "../../../simulator/engine/simulation.ts";
import { Processor } from "../../../simulator/machine/processor.ts";
import { crossingsOf } from "../../../simulator/trace/crossings.ts";
import { traceHash } from "../../../simulator/trace/hash.ts";
import { TraceRecorder } from "../../../simulator/trace/recorder.ts";
import type { Operation } from "../../../simulator/workload/workload.ts";
import { chainsFrom } from "../../../simulator/zos/chains.ts";
import { ERA_NAMES, eraOf } from "../../../simulator/zos/era.ts";
import { ipl } from "../../../simulator/zos/ipl.ts";
import { type DataSet, newSysres } from "../../../simulator/zos/libraries.ts";
import { Nucleus } from "../../../simulator/zos/nucleus.ts";
import type { ProgramBody } from "../../../simulator/zos/program.ts";
import { startSrb } from "../../../simulator/zos/program.ts";
import type { EntryTableEntry } from "../../../simulator/zos/program-call.ts";
import { disabledWait, encodePsw, INTERRUPTION_PSW, PROBLEM_PSW } from "../../../simulator/zos/psw.ts";
import { SVC_NUMBERS, SVC_TABLE } from "../../../simulator/zos/svc-table.ts";
import { type SystemEvent, ZosSystem } from "../../../simulator/zos/system.ts";
import { abends, addSpace, addTask, newSystem } from "./support.ts";

function start(unreadable: readonly DataSet[] = [], programCheckInNip = false) {
  const system = new ZosSystem({ sysres: newSysres(unreadable) });
  const steps = ipl(system, { programCheckInNip });
  const names: string[] = [];
  let next = steps.next();
  for (; next.done !== true; next = steps.next()) if (next.value.kind === "burst") names.push(next.value.name);
  return { system, names, master: next.value };
}

describe("an IPL", () => {
  test("ends with common storage and the master address space, ASID 1, and nothing else", () => {
    const { system, master } = start();
    expect(master?.home.asid).toBe(1);
    expect(system.spaces().map(({ jobName }) => jobName)).toEqual(["*MASTER*"]);
    expect(system.storage.pagesOf(undefined).length).toBeGreaterThan(8);
    expect(system.waitState).toBeUndefined();
  });

  test("reads the nucleus before the link pack area, and both before the master scheduler begins", () => {
    const { names } = start();
    const places = ["IEAIPL00", "nucleus is read", "SYS1.LPALIB", "master scheduler"].map((text) =>
      names.findIndex((name) => name.includes(text)),
    );
    expect(places).toEqual(places.toSorted((left, right) => left - right));
    expect(places).not.toContain(-1);
  });

  test.each([
    ["03A where the link pack area cannot be read", ["SYS1.LPALIB"] as const, false, 0x03a, 0],
    ["064 reason 009 where a program check occurs in NIP", [] as const, true, 0x064, 0x009],
  ])("ends in disabled wait %s", (_, unreadable, check, code, reason) => {
    const { system, master } = start(unreadable, check);
    expect(master).toBeUndefined();
    expect(system.waitState).toMatchObject({ code, reason });
  });
});

test("a second wait state request is rejected with 5C7 reason 0201, and the first one stands", () => {
  const states: unknown[] = [];
  const system = new ZosSystem({
    observe: (event) => void (event.kind === "wait state" && states.push([event.state.code, event.state.reason])),
  });
  system.enterWaitState(0x084, 0x014, "first");
  system.enterWaitState(0x064, 0x009, "second");
  expect(states).toEqual([
    [0x084, 0x014],
    [0x5c7, 0x0201],
  ]);
  expect(system.waitState?.code).toBe(0x084);
});

describe("a module", () => {
  const load = (name: string): ProgramBody =>
    function* (program) {
      yield* program.svc(SVC_TABLE.load.number, { parameters: { kind: "module", name } });
    };

  test("of the link pack area is in storage once, one of LINKLIB once in every address space that uses it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), (count) => {
        const { machine } = newSystem();
        for (let number = 0; number < count; number++) {
          const { rct } = addSpace(machine, `JOB${number}`);
          addTask(machine, rct, "task", function* (program) {
            for (const name of ["IEFBR14", "IDCAMS", "IDCAMS"]) yield* load(name)(program);
          });
        }
        machine.run();
        const copies = machine.system.libraries.copies();
        expect([copies.get("IEFBR14"), copies.get("IDCAMS")]).toEqual([1, count]);
      }),
    );
  });

  test("that is in common storage outlives the volume; one that is not is S806-04 without it", () => {
    const { machine } = newSystem();
    const { rct } = addSpace(machine, "JOB");
    machine.system.sysres.mounted = false;
    const shared = addTask(machine, rct, "shared", load("IEFBR14"));
    const own = addTask(machine, rct, "own", load("IDCAMS"));
    machine.run();
    expect([shared.completion, own.completion]).toEqual([{ code: "" }, { code: "806", reason: 4 }]);
  });
});

describe.each(ERA_NAMES)("%s", (name) => {
  const era = eraOf(name);

  test("stores and loads the PSWs of an SVC where its architecture has them", () => {
    const { svc, program } = era.lowcore.psws;
    const expected = era.pswFormat === "ESA/390" ? [0x20, 0x60, 0x28, 0x68] : [0x140, 0x1c0, 0x150, 0x1d0];
    expect([svc.oldPsw, svc.newPsw, program.oldPsw, program.newPsw]).toEqual(expected);
    const { machine, stretches } = newSystem({ era: name });
    const { rct } = addSpace(machine, "JOB");
    addTask(machine, rct, "task", (body) => body.svc(SVC_TABLE.time.number));
    machine.run();
    const hex = (value: number) => value.toString(16).toUpperCase();
    const step = stretches.find(({ activity }) => activity.name.startsWith("the hardware stores the SVC number"));
    expect(step?.activity.name).toContain(`at ${hex(svc.oldPsw)}, and loads the new PSW from ${hex(svc.newPsw)}`);
  });

  test("has bit 12 of the PSW as its architecture wants it, and its length", () => {
    const words = encodePsw(PROBLEM_PSW, era).split(" ");
    expect(words.length).toBe(era.pswFormat === "ESA/390" ? 2 : 4);
    expect((Number.parseInt(words[0] ?? "", 16) >>> 19) & 1).toBe(era.pswFormat === "ESA/390" ? 1 : 0);
  });

  test("runs the same program to the same end", () => {
    const { machine } = newSystem({ era: name });
    const { rct } = addSpace(machine, "JOB");
    const tcb = addTask(machine, rct, "task", (program) => program.svc(SVC_TABLE.enq.number));
    machine.run();
    expect(tcb.completion).toEqual({ code: "" });
  });
});

test("PSWs are encoded as the manuals print them", () => {
  const esa = eraOf("MVS/ESA");
  const zos = eraOf("z/OS");
  expect(encodePsw({ ...PROBLEM_PSW, instructionAddress: 0x1000 }, esa)).toBe("078D0000 80001000");
  const restart = { ...INTERRUPTION_PSW, translation: false, addressingMode: 64, instructionAddress: 0x200 } as const;
  expect(encodePsw(restart, zos)).toBe("00040001 80000000 00000000 00000200");
  expect(encodePsw({ ...disabledWait(0x03a), addressingMode: 24 }, esa)).toBe("000A0000 0000003A");
  expect(() => encodePsw({ ...PROBLEM_PSW, addressingMode: 64 }, esa)).toThrow(RangeError);
});

test("the SVC table has 256 entries; what nobody has is a routine of type 2", () => {
  const { system } = new Nucleus();
  expect(system.svcTable.length).toBe(SVC_NUMBERS);
  const known = new Set(Object.values(SVC_TABLE).map(({ number }) => number));
  for (const row of system.svcTable) {
    expect(row.module === "IGCERROR").toBe(!known.has(row.number));
    if (row.module === "IGCERROR") expect(row.type).toBe(2);
  }
});

describe("PROGRAM CALL", () => {
  const entry = (keys: readonly number[]): EntryTableEntry => ({
    name: "service",
    authorizedKeys: new Set(keys),
    supervisor: true,
    key: 0,
    routine: function* () {},
  });

  test("works where an SVC ends in S0F8: in an SRB, under a lock, in cross-memory mode", () => {
    const { machine, events } = newSystem();
    const { rct, space } = addSpace(machine, "JOB");
    const task = addTask(
      machine,
      rct,
      "task",
      (program) =>
        program.locked("LOCAL", () =>
          program.crossMemory(machine.system.master ?? space, () => program.call(entry([8]))),
        ),
      { psw: rct.psw },
    );
    const options = { name: "SRB", home: space, priority: "local" } as const;
    const srb = startSrb(machine.system, options, (program) => program.call(entry([8])), "SRB");
    machine.run();
    expect([task.completion, srb.completion, abends(events)]).toEqual([{ code: "" }, { code: "" }, []]);
  });

  test("from problem state needs a key that the entry allows, else it is S0C2", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 8, max: 15 })),
        fc.uniqueArray(fc.integer({ min: 8, max: 15 })),
        (mask, allowed) => {
          const { machine } = newSystem();
          const { rct } = addSpace(machine, "JOB");
          const tcb = addTask(machine, rct, "task", (program) => program.call(entry(allowed), new Set(mask)));
          machine.run();
          const meets = mask.some((key) => allowed.includes(key));
          expect(tcb.completion).toEqual(meets ? { code: "" } : { code: "0C2", reason: 2 });
        },
      ),
    );
  });

  test("enters no SVC routine, exchanges no PSW of the prefix area, and gives state and space back", () => {
    const { machine, events } = newSystem();
    const { rct } = addSpace(machine, "JOB");
    const target = addSpace(machine, "SERVER").space;
    const seen: unknown[] = [];
    addTask(machine, rct, "task", function* (program) {
      const routine = function* () {
        seen.push([program.unit.primary.jobName, program.unit.psw.problem, program.unit.psw.key]);
        yield* program.compute(1);
      };
      yield* program.call({ ...entry([8]), space: target, routine });
      seen.push([program.unit.primary.jobName, program.unit.psw.problem, program.unit.psw.key]);
      seen.push(machine.system.psas[0]?.svcOldPsw);
    });
    machine.run();
    expect(seen).toEqual([["SERVER", false, 0], ["JOB", true, 8], undefined]);
    expect(events.filter(isSvc).map(({ row: { macro } }) => macro)).not.toContain("service");
  });

  test("has no linkage stack in MVS/XA, where the routine saves the registers itself", () => {
    const names = (era: "MVS/XA" | "z/OS") => {
      const { machine, stretches } = newSystem({ era });
      const { rct } = addSpace(machine, "JOB");
      addTask(machine, rct, "task", (program) => program.call(entry([8])));
      machine.run();
      return stretches.map(({ activity }) => activity.name).join("; ");
    };
    expect(names("z/OS")).toContain("linkage stack");
    expect(names("MVS/XA")).toContain("PCLINK");
  });
});

function isSvc(event: SystemEvent): event is Extract<SystemEvent, { kind: "svc" }> {
  return event.kind === "svc";
}

const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ kind: fc.constant("compute" as const), instructions: fc.integer({ min: 1, max: 100 }) }),
  fc.record({
    kind: fc.constant("systemCall" as const),
    service: fc.constantFrom("write", "open", "read", "close", "mmap"),
  }),
  fc.record({ kind: fc.constant("pageTouch" as const), pages: fc.nat(2), access: fc.constant("read" as const) }),
);

function traceOf(operations: readonly Operation[], era: (typeof ERA_NAMES)[number] = "z/OS") {
  const recorder = new TraceRecorder();
  recorder.track({
    id: "t",
    name: "T",
    world: "address-space",
    unit: "step",
    provenance: { kind: "simulated", detail: "a test" },
  });
  const simulation = new Simulation();
  new Processor(simulation, recorder, "t").execute(new Nucleus(era).run({ name: "program", operations }, "program"));
  simulation.run();
  return recorder.timeline("test");
}

test("invariant 12: the same program leaves the same trace, hash and all", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 10 }), fc.constantFrom(...ERA_NAMES), (operations, era) => {
      expect(traceHash(traceOf(operations, era))).toBe(traceHash(traceOf(operations, era)));
    }),
    { numRuns: 50 },
  );
});

test("invariant 14: N system calls of a program are N SVCs, and no exit to a hypervisor", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 10 }), (list) => {
      const operations = list.flatMap((one): Operation[] => [{ kind: "compute", instructions: 1 }, one]);
      const timeline = traceOf(operations);
      const calls = operations.filter(({ kind }) => kind === "systemCall").length;
      const faults = operations.filter((one) => one.kind === "pageTouch" && one.pages > 0).length;
      expect(timeline.spans.filter(({ name }) => /^SVC \d/.test(name)).length).toBe(calls);
      expect(crossingsOf(timeline, "t")).toEqual({ intoKernel: calls + faults, intoHypervisor: 0 });
    }),
  );
});

test("every task is found from a processor's PSA, by the fields that a dump is read with", () => {
  const { machine } = newSystem();
  const { rct } = addSpace(machine, "JOB");
  const seen: string[][] = [];
  addTask(machine, rct, "mother", function* (program) {
    const daughter = yield* program.attach({ name: "daughter" }, (own) => own.compute(5));
    const reached = new Set(["PSA 0"]);
    for (const { from, to } of chainsFrom(machine.system, 0)) if (reached.has(from)) reached.add(to);
    seen.push([...reached]);
    yield* program.wait(daughter.endEcb);
  });
  machine.run();
  expect(seen[0]).toEqual(
    expect.arrayContaining(["CVT", "ASVT", "TCB RCT of JOB", "TCB mother of JOB", "TCB daughter of JOB", "PRB mother"]),
  );
});
