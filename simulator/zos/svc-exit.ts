/**
 * How a supervisor call ends: by the exit prologue IEAVEEXP, which gives back locks, SVRB and registers (types 1 to 4); back
 * to the caller or to the dispatcher (all types); by the end of the task; or by an ABEND instead.
 */
import type { Activity } from "../machine/activity.ts";
import type { Tcb, WorkUnit } from "./control-blocks.ts";
import { releaseBeyond } from "./locks.ts";
import type { Psw } from "./psw.ts";
import { abend } from "./recovery.ts";
import type { Completion } from "./recovery-exit.ts";
import type { Registers } from "./request-block.ts";
import { currentRequest, returnSvrb } from "./requests.ts";
import { supervisorStep } from "./step.ts";
import type { SvcOutcome, SvcRequest, SvcResult } from "./svc-call.ts";
import type { SvcRow } from "./svc-table.ts";
import type { ZosSystem } from "./system.ts";
import { endOfTask, livingDaughters } from "./task-end.ts";

const HANDLER = "IEAVESVC, the SVC first-level interrupt handler of MVS 3.8";
const CONVENTIONS = "z/OS MVS Diagnosis: Reference, register conventions for SVC routines";

/** One supervisor call on its way, however often it has to be executed. */
export interface Issue {
  readonly system: ZosSystem;
  readonly request: SvcRequest;
  readonly id: number;
  readonly caller: Psw;
  readonly registers: Registers;
}

/** The exit prologue IEAVEEXP: locks, SVRB, registers, and then whoever is next. */
export function* leave(tcb: Tcb, issue: Issue, outcome: SvcOutcome, row?: SvcRow): Generator<Activity, SvcResult> {
  const { system, request } = issue;
  if (outcome.next === "end of task") {
    releaseBeyond(system, tcb, 0);
    if (row !== undefined) system.observe({ kind: "svc", what: "completed", unit: tcb, row, id: issue.id });
    // A task that ends well has ended its subtasks before; else it does not end well.
    if (livingDaughters(tcb).length > 0) return yield* abend(system, tcb, { code: "A03" }, request.stage);
    return yield* endOfTask(system, tcb, { code: "" }, request.stage);
  }
  const releases = tcb.locks.length === 0 ? "" : "release the locks, ";
  const name = `exit prologue: ${releases}give the registers back, load the issuer's PSW`;
  yield system.step(tcb, request.stage, {
    ...supervisorStep(name, CONVENTIONS),
    ...(row === undefined ? {} : { evidence: row.evidence }),
  });
  return yield* backToCaller(tcb, issue, outcome, row);
}

/** Back where the call came from, or to the dispatcher where the task is to wait now. */
export function* backToCaller(
  tcb: Tcb,
  issue: Issue,
  outcome: SvcOutcome,
  row: SvcRow | undefined,
): Generator<Activity, SvcResult> {
  const { system, caller, registers } = issue;
  releaseBeyond(system, tcb, 0);
  leaveHandler(tcb, issue);
  if (row?.nonPreemptible === true) {
    tcb.nonPreemptible = false;
    system.hooks.recheck();
  }
  if (row !== undefined && row.type !== 1 && row.type !== 6) returnSvrb(tcb);
  const { r0 = registers[0] ?? 0, r1 = registers[1] ?? 0, r15 = 0 } = outcome;
  tcb.registers = registers.map((value, index) => (index === 0 ? r0 : index === 1 ? r1 : index === 15 ? r15 : value));
  tcb.psw = { ...caller, ...outcome.psw };
  if (row !== undefined) system.observe({ kind: "svc", what: "completed", unit: tcb, row, id: issue.id });
  const rb = currentRequest(tcb);
  rb.oldPsw = tcb.psw;
  if (rb.waitCount > 0) yield { kind: "block", reason: "WAIT", enter: () => rb.waitCount === 0 };
  if (tcb.abterm !== undefined && !tcb.ending) yield* abend(system, tcb, tcb.abterm.completion, tcb.abterm.stage);
  return { r0, r1, r15 };
}

/** The handler does not go on: an ABEND of whoever issued the call, in the state that it had. */
export function* refused(unit: WorkUnit, issue: Issue, completion: Completion): Generator<Activity, never> {
  const { system, request, caller } = issue;
  const reason = completion.reason === undefined ? "" : `, reason ${hex(completion.reason)}`;
  yield system.step(
    unit,
    request.stage,
    supervisorStep(`CALLRTM: abend S${completion.code}${reason}`, `${HANDLER}; z/OS MVS System Codes`),
  );
  leaveHandler(unit, issue);
  unit.psw = caller;
  return yield* abend(system, unit, completion, request.stage);
}

/** The handler's recovery stack and flag are not needed any more. */
export function leaveHandler(unit: WorkUnit, { system }: Issue): void {
  const psa = system.psaOf(unit);
  psa.recoveryStack = "normal";
  psa.supervisor.svc = false;
}

function hex(value: number): string {
  return value.toString(16).toUpperCase().padStart(2, "0");
}
