/**
 * Program interruptions and what becomes of them (z/Architecture Principles of Operation, "Program interruption"; z/OS MVS
 * System Codes, 0Cx): the same exchange of PSWs as for an SVC, but for a reason that the program did not ask for. A page
 * that is only out is brought in, and the program never knows; anything else is an ESPIE exit's, or an ABEND.
 */
import type { Activity } from "../machine/activity.ts";
import type { WorkUnit } from "./control-blocks.ts";
import { abend } from "./recovery.ts";
import type { Completion } from "./recovery-exit.ts";
import { type Step, supervisorStep } from "./step.ts";
import { type Access, PAGE_TRANSLATION, type PageRef } from "./storage.ts";
import type { ZosSystem } from "./system.ts";

const PRINCIPLES = "z/Architecture Principles of Operation, program interruption";
const CODES = "z/OS MVS System Codes, 0Cx";

export const OPERATION = 0x01;
export const PRIVILEGED_OPERATION = 0x02;

const NAMES: ReadonlyMap<number, string> = new Map([
  [0x01, "operation"],
  [0x02, "privileged operation"],
  [0x03, "execute"],
  [0x04, "protection"],
  [0x05, "addressing"],
  [0x06, "specification"],
  [0x07, "data"],
  [0x08, "fixed-point overflow"],
  [0x09, "fixed-point divide"],
  [0x10, "segment translation"],
  [0x11, "page translation"],
  [0x38, "ASCE type"],
  [0x39, "region first translation"],
  [0x3a, "region second translation"],
  [0x3b, "region third translation"],
]);

/** For these the PSW is moved back to the instruction, so that it can be executed again. */
const NULLIFYING: ReadonlySet<number> = new Set([0x10, 0x11, 0x38, 0x39, 0x3a, 0x3b]);
/** Operation, privileged operation, execute: nothing of the instruction is done. */
const SUPPRESSING: ReadonlySet<number> = new Set([0x01, 0x02, 0x03]);
/** These end as 0C4, the interruption's own code as reason. */
const AS_0C4: ReadonlySet<number> = new Set([0x04, ...NULLIFYING]);

/** @returns the ABEND that a program interruption ends in where nobody takes it. */
export function completionOf(code: number): Completion {
  if (AS_0C4.has(code)) return { code: "0C4", reason: code };
  return { code: `0C${code.toString(16).toUpperCase()}`, reason: code };
}

/**
 * Carries a program interruption out.
 * @returns where an ESPIE exit has taken it
 * @throws UnitEnd, Retry where it ends in an ABEND
 */
export function* programInterruption(
  system: ZosSystem,
  unit: WorkUnit,
  code: number,
  stage: string,
): Generator<Activity> {
  const caller = unit.psw;
  yield* exchange(system, unit, code, stage);
  if (unit.kind === "TCB" && unit.espie?.has(code) === true) {
    yield system.step(unit, stage, supervisorStep("the task's ESPIE exit gets control", CODES));
    unit.psw = caller;
    return;
  }
  const completion = completionOf(code);
  unit.psw = caller;
  yield system.step(
    unit,
    stage,
    supervisorStep(
      `no exit takes it: CALLRTM, abend S${completion.code} reason ${code.toString(16).toUpperCase()}`,
      CODES,
    ),
  );
  yield* abend(system, unit, completion, stage);
}

function* exchange(system: ZosSystem, unit: WorkUnit, code: number, stage: string): Generator<Activity> {
  const { program } = system.era.lowcore.psws;
  const [old, fresh] = [program.oldPsw, program.newPsw].map((offset) => offset.toString(16).toUpperCase());
  const psa = system.psaOf(unit);
  psa.programOldPsw = unit.psw;
  psa.programCode = code;
  unit.psw = { ...psa.svcNewPsw, problem: false };
  const effect = NULLIFYING.has(code) ? "nullified" : SUPPRESSING.has(code) ? "suppressed" : "suppressed or completed";
  const name = `program interruption ${code.toString(16).toUpperCase()} (${NAMES.get(code) ?? "other"}): the instruction is ${effect}, old PSW stored at ${old}, new one from ${fresh} (hex)`;
  yield system.step(unit, stage, supervisorStep(name, PRINCIPLES));
}

const PAGE_IN: readonly Step[] = [
  supervisorStep("the first level interrupt handler suspends the RB", PRINCIPLES),
  supervisorStep("RSM brings the page in", PRINCIPLES),
  supervisorStep("the instruction was nullified: load its PSW again and repeat it", PRINCIPLES),
];

/** A page that is valid, but out: the program does not notice. */
export function* pageFault(system: ZosSystem, unit: WorkUnit, stage: string): Generator<Activity> {
  const caller = unit.psw;
  yield* exchange(system, unit, PAGE_TRANSLATION, stage);
  for (const step of PAGE_IN) yield system.step(unit, stage, step);
  unit.psw = caller;
}

/**
 * Reads or writes storage as an instruction of the work unit.
 * @param attempt the access itself, tried again after a page fault
 * @returns what was read or written; undefined where an ESPIE exit has taken the interruption
 */
export function* access(
  system: ZosSystem,
  unit: WorkUnit,
  what: { readonly ref: PageRef; readonly stage: string; readonly attempt: () => Access },
): Generator<Activity, number | undefined> {
  for (;;) {
    const result = what.attempt();
    switch (result.kind) {
      case "done":
        return result.value;
      case "out":
        yield* pageFault(system, unit, what.stage);
        result.page.resident = true;
        break;
      case "interruption":
        yield* programInterruption(system, unit, result.code, what.stage);
        return undefined;
      default:
        result satisfies never;
    }
  }
}
