/** Keys: invariant 11 of the reference, the whole truth table; and what keys do, and do not, protect from. */
import { describe, expect, test } from "vitest";
import type { Tcb } from "../../../simulator/zos/control-blocks.ts";
import { ERA_NAMES, eraOf } from "../../../simulator/zos/era.ts";
import type { ProgramBody } from "../../../simulator/zos/program.ts";
import { fetchProtected, lowAddressProtected, storeProtected } from "../../../simulator/zos/protection.ts";
import { PROBLEM_PSW } from "../../../simulator/zos/psw.ts";
import { type Page, Storage } from "../../../simulator/zos/storage.ts";
import { storageMap } from "../../../simulator/zos/storage-map.ts";
import { SVC_TABLE } from "../../../simulator/zos/svc-table.ts";
import { abends, addSpace, addTask, newSystem } from "./support.ts";

const KEYS = Array.from({ length: 16 }, (_, key) => key);
const BOTH = [false, true];
const NO_CONTROL = { lowAddress: false, fetchOverride: false, storageOverride: false };

describe("invariant 11: the truth table of key-controlled protection", () => {
  test("for fetching: refused only where the page says so, and neither key 0 nor the page's own asks", () => {
    for (const access of KEYS) {
      for (const key of KEYS) {
        for (const fetch of BOTH) {
          const refused = fetchProtected(0x10000, { access, fetchProtected: fetch }, key, NO_CONTROL);
          expect(refused).toBe(fetch && ![0, access].includes(key));
        }
      }
    }
  });

  test("for storing: refused to every key but 0 and the page's own, whether fetching is or not", () => {
    for (const access of KEYS) {
      for (const key of KEYS) {
        for (const fetch of BOTH) {
          const target = {
            address: 0x10000,
            storage: { access, fetchProtected: fetch },
            pageProtected: false,
            twoLowAreas: true,
          };
          expect(storeProtected(target, key, NO_CONTROL)).toBe(![0, access].includes(key));
          expect(storeProtected({ ...target, pageProtected: true }, key, NO_CONTROL)).toBe(true);
        }
      }
    }
  });

  test("with the storage override, key 9 is open to everybody, and nothing else", () => {
    const control = { ...NO_CONTROL, storageOverride: true };
    for (const access of KEYS) {
      for (const key of KEYS) {
        const storage = { access, fetchProtected: true };
        const target = { address: 0x10000, storage, pageProtected: false, twoLowAreas: true };
        const open = [0, access].includes(key) || access === 9;
        expect(storeProtected(target, key, control)).toBe(!open);
        expect(fetchProtected(0x10000, storage, key, control)).toBe(!open);
      }
    }
  });

  test("with the fetch override, the first 2 KiB may be read by everybody", () => {
    const control = { ...NO_CONTROL, fetchOverride: true };
    for (const address of [0, 2047, 2048, 4096]) {
      expect(fetchProtected(address, { access: 0, fetchProtected: true }, 8, control)).toBe(address >= 2048);
    }
  });

  test("low addresses are closed to key 0 too: 0 to 511, and in z/Architecture 4096 to 4607", () => {
    const control = { ...NO_CONTROL, lowAddress: true };
    const closed = (two: boolean) =>
      [0, 511, 512, 4095, 4096, 4607, 4608].filter((at) => lowAddressProtected(at, two, control));
    expect(closed(true)).toEqual([0, 511, 4096, 4607]);
    expect(closed(false)).toEqual([0, 511]);
    expect([0, 511].filter((at) => lowAddressProtected(at, true, NO_CONTROL))).toEqual([]);
  });
});

describe("a store into common storage", () => {
  function run(body: ProgramBody, authorized: boolean): { tcb: Tcb; other: Tcb; test: ReturnType<typeof newSystem> } {
    const test = newSystem({ timeSlice: 4 });
    const one = addSpace(test.machine, "ONE");
    const two = addSpace(test.machine, "TWO");
    one.space.authorized = authorized;
    const tcb = addTask(test.machine, one.rct, "writer", body);
    const other = addTask(test.machine, two.rct, "reader", function* (program) {
      yield* program.compute(60);
      yield* program.svc(SVC_TABLE.time.number);
      yield* program.invalidOperation();
    });
    test.machine.run();
    return { tcb, other, test };
  }

  test("by a program of key 8 is S0C4-04 in that task, and nobody else notices", () => {
    const { tcb, other, test } = run((program) => program.store({ area: "SQA", page: 0 }, 666), false);
    expect(tcb.completion).toEqual({ code: "0C4", reason: 4 });
    expect(other.completion).toEqual({ code: "0C1", reason: 1 });
    expect(test.machine.system.waitState).toBeUndefined();
  });

  test("by an authorized one is silent: every address space sees it", () => {
    const seen: unknown[] = [];
    const { tcb, test } = run(function* (program) {
      yield* program.svc(SVC_TABLE.modeset.number, { parameters: { kind: "psw", key: 0 } });
      seen.push(yield* program.store({ area: "CSA", page: 0, offset: 16 }, 666));
    }, true);
    expect([tcb.completion?.code, seen]).toEqual(["", [666]]);
    for (const { asid } of test.machine.system.spaces()) {
      const result = test.machine.system.storage.load(asid, PROBLEM_PSW, { area: "CSA", page: 0, offset: 16 });
      expect(result).toEqual({ kind: "done", value: 666 });
    }
  });

  test("over PSATOLD ends the whole system at the next error: disabled wait 084, reason 014", () => {
    const { other, test } = run(function* (program) {
      yield* program.svc(SVC_TABLE.modeset.number, { parameters: { kind: "psw", key: 0 } });
      yield* program.store({ area: "PSA", page: 0, offset: 0x21c }, 1);
    }, true);
    expect(test.machine.system.waitState).toMatchObject({ code: 0x084, reason: 0x014 });
    expect(test.machine.system.waitState?.psw).toBe("00020000 80000000 00000000 00014084");
    expect(other.completion).toBeUndefined();
  });

  test("into the area of the interruptions' PSWs is refused to key 0 as well", () => {
    const { tcb } = run(function* (program) {
      yield* program.svc(SVC_TABLE.modeset.number, { parameters: { kind: "psw", key: 0 } });
      yield* program.store({ area: "PSA", page: 0, offset: 0x1c0 }, 1);
    }, true);
    expect(tcb.completion).toEqual({ code: "0C4", reason: 4 });
  });

  test("into the link pack area is refused to key 0 as well: its pages are read-only", () => {
    const { tcb } = run(function* (program) {
      yield* program.svc(SVC_TABLE.modeset.number, { parameters: { kind: "psw", key: 0 } });
      yield* program.store({ area: "PLPA", page: 0 }, 1);
    }, true);
    expect(tcb.completion).toEqual({ code: "0C4", reason: 4 });
  });
});

describe("a reference to storage", () => {
  test("that nobody got is S0C4-11: not every S0C4 is a wrong key", () => {
    const { machine, events } = newSystem();
    const { rct } = addSpace(machine, "JOB");
    addTask(machine, rct, "task", function* (program) {
      yield* program.load({ area: "user region", page: 77 });
    });
    machine.run();
    expect(abends(events)).toEqual([{ unit: "task", code: "0C4", reason: 0x11 }]);
  });

  test("that is only out is a page fault that the program does not notice", () => {
    const { machine, stretches } = newSystem();
    const { rct, space } = addSpace(machine, "JOB");
    const page = machine.system.storage.find(space.asid, { area: "user region", page: 0 });
    expect(page).toBeDefined();
    const seen: unknown[] = [];
    const tcb = addTask(machine, rct, "task", function* (program) {
      yield* program.store({ area: "user region", page: 0 }, 5);
      out(page);
      seen.push(yield* program.load({ area: "user region", page: 0 }));
      seen.push(yield* program.load({ area: "user region", page: 0 }));
    });
    machine.run();
    expect([seen, tcb.completion]).toEqual([[5, 5], { code: "" }]);
    expect(stretches.filter(({ activity }) => activity.name === "RSM brings the page in").length).toBe(1);
  });
});

function out(page: Page | undefined): void {
  if (page !== undefined) page.resident = false;
}

describe.each(ERA_NAMES)("the storage map of %s", (name) => {
  const era = eraOf(name);

  test("has a bar, and areas above it, only where addresses have 64 bits", () => {
    const above = storageMap(era).filter(({ where }) => where === "above the bar");
    expect(above.length > 0).toBe(era.addressBits === 64);
    expect(era.bar.holds).toBe(era.addressBits === 64);
  });

  test("mirrors each area below the line above it, the PSA and the system region excepted", () => {
    const names = storageMap(era).map((area) => area.name);
    const below = storageMap(era).filter(({ where }) => where === "below the line");
    const alone = below.filter((area) => !names.some((other) => other === `extended ${area.name}`));
    expect(alone.map((area) => area.name)).toEqual(["PSA", "system region"]);
  });

  test("refuses a page of an area that it has not", () => {
    const storage = new Storage(era);
    const get = () => storage.get(1, { area: "low user region", page: 0 });
    if (era.bar.holds) expect(get().asid).toBe(1);
    else expect(get).toThrow(RangeError);
  });
});
