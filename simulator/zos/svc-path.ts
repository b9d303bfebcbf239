/**
 * The way of one supervisor call: the instruction, the exchange of PSWs by the hardware, the SVC first level interrupt
 * handler, the routine, and the way back, each step with what it does to the control blocks. The handler's steps follow
 * IBM's own IEAVESVC of MVS 3.8, as shipped in usermod ZP60013; the table entries and register conventions of today's
 * z/OS are the same (z/OS MVS Diagnosis: Reference).
 */
import type { Activity } from "../machine/activity.ts";
import type { Tcb, WorkUnit } from "./control-blocks.ts";
import { lockOf, obtain, tryLock, waitForLock } from "./locks.ts";
import type { Psw } from "./psw.ts";
import type { Rb, Registers } from "./request-block.ts";
import { currentRequest } from "./requests.ts";
import { memterm } from "./space-end.ts";
import { type Step, supervisorStep } from "./step.ts";
import type { SvcOutcome, SvcRequest, SvcResult } from "./svc-call.ts";
import { backToCaller, type Issue, leave, leaveHandler, refused } from "./svc-exit.ts";
import { refusalOf, SVC_FORBIDDEN } from "./svc-refusal.ts";
import { routineOf } from "./svc-routines.ts";
import type { SvcRow } from "./svc-table.ts";
import type { ZosSystem } from "./system.ts";

const PRINCIPLES = "z/Architecture Principles of Operation, SA22-7832: supervisor-call interruption";
const HANDLER = "IEAVESVC, the SVC first-level interrupt handler of MVS 3.8";
const CONVENTIONS = "z/OS MVS Diagnosis: Reference, register conventions for SVC routines";

/**
 * Issues a supervisor call and carries it out.
 * @param unit whoever issues it; only an enabled task with no lock in its own address space may
 * @returns registers 0, 1 and 15 as the routine leaves them; the others are the caller's
 * @throws UnitEnd, Retry where it comes to an ABEND
 */
export function* supervisorCall(
  system: ZosSystem,
  unit: WorkUnit,
  request: SvcRequest,
): Generator<Activity, SvcResult> {
  const registers = withParameters(unit.registers, request);
  const issue: Issue = { system, request, id: system.nextSvcId(), caller: unit.psw, registers };
  for (;;) {
    unit.registers = registers;
    const result = yield* once(unit, issue);
    if (result !== undefined) return result;
  }
}

/** @returns undefined where the PSW was backed up to the SVC, which is to be executed again */
function* once(unit: WorkUnit, issue: Issue): Generator<Activity, SvcResult | undefined> {
  const { system, request, id, caller } = issue;
  const plain = rowAt(system, request.number);
  yield system.step(unit, request.stage, instruction(plain, request, caller));
  yield* exchangePsws(unit, issue);
  system.observe({ kind: "svc", what: "issued", unit, row: plain, id });
  yield* flih(unit, issue, "switch to the handler's recovery stack", () => {
    system.psaOf(unit).recoveryStack = "SVC FLIH";
    system.psaOf(unit).supervisor.svc = true;
  });
  yield* flih(unit, issue, "save registers 0 to 15 in the LCCA", () => {
    system.psaOf(unit).svcRegisters = unit.registers;
  });
  yield* flih(unit, issue, "refuse SRB mode, locks held, disabled issuers (S0F8)");
  const refusal = refusalOf(unit, caller, plain);
  if (unit.kind === "SRB" || refusal !== undefined) {
    system.observe({ kind: "svc", what: "refused", unit, row: plain, id });
    return yield* refused(unit, issue, { code: SVC_FORBIDDEN, reason: refusal ?? 0 });
  }
  return yield* forTask(unit, issue, plain);
}

function* forTask(tcb: Tcb, issue: Issue, plain: SvcRow): Generator<Activity, SvcResult | undefined> {
  const { system, request, id, caller } = issue;
  const rb = currentRequest(tcb);
  yield* flih(tcb, issue, "load the addresses of TCB and RB");
  yield* flih(tcb, issue, "move the old PSW, the length code and the SVC number into the RB", () => {
    rb.oldPsw = caller;
    rb.interruptLength = request.length ?? 2;
    rb.interruptCode = request.number;
  });
  yield* flih(tcb, issue, "screen the number (TCBSVCS)");
  if (tcb.screen !== undefined && !tcb.screen.has(request.number)) {
    yield* flih(tcb, issue, "not allowed: the subsystem's own entry gets control instead of the routine");
    system.observe({ kind: "svc", what: "screened", unit: tcb, row: plain, id });
    return yield* leave(tcb, issue, { r15: 4 });
  }
  yield* flih(tcb, issue, "find the entry in the SVC table, test authorisation (S047)");
  const row = plain.esr === undefined ? plain : plain.esr.get(request.r15 ?? 0);
  if (row === undefined) return yield* refused(tcb, issue, { code: "16D" });
  if (row.apf === true && !isAuthorized(tcb, caller)) {
    system.observe({ kind: "svc", what: "refused", unit: tcb, row, id });
    return yield* refused(tcb, issue, { code: "047" });
  }
  if (row.nonPreemptible === true) tcb.nonPreemptible = true;
  switch (row.type) {
    case 1:
      return yield* type1(tcb, issue, row, rb);
    case 6:
      return yield* type6(tcb, issue, row, rb);
    case 2:
    case 3:
    case 4:
      return yield* withSvrb(tcb, issue, row, rb);
    default:
      return row.type satisfies never;
  }
}

/** The LOCAL lock is held throughout; where somebody else has it, the SVC is executed again later. */
function* type1(tcb: Tcb, issue: Issue, row: SvcRow, rb: Rb): Generator<Activity, SvcResult | undefined> {
  const { system, caller } = issue;
  yield* typeStep(tcb, issue, row, "save the registers in the TCB", () => {
    tcb.savedRegisters = tcb.registers;
  });
  const lock = lockOf(system, tcb, "LOCAL");
  yield* typeStep(tcb, issue, row, "take the LOCAL lock or go back and issue the SVC again later");
  if (!tryLock(tcb, lock)) {
    yield* typeStep(tcb, issue, row, "the lock is taken: move the PSW back by the length code, to the dispatcher");
    system.observe({ kind: "svc", what: "backed up", unit: tcb, row, id: issue.id });
    leaveHandler(tcb, issue);
    tcb.psw = caller;
    tcb.nonPreemptible = false;
    yield* waitForLock(tcb, lock);
    return undefined;
  }
  yield* typeStep(tcb, issue, row, "enable interruptions", () => {
    tcb.home.type1 = true;
    enable(tcb, issue);
  });
  for (const name of row.locks) if (name !== "LOCAL") yield* obtain(system, tcb, name, issue.request.stage);
  const outcome = yield* routine(tcb, issue, row, rb);
  return yield* leave(tcb, issue, outcome, row);
}

/** No lock and no SVRB; it stays disabled from the interruption to its end, and never uses the exit prologue. */
function* type6(tcb: Tcb, issue: Issue, row: SvcRow, rb: Rb): Generator<Activity, SvcResult> {
  const { system, request } = issue;
  const psa = system.psaOf(tcb);
  yield* typeStep(tcb, issue, row, "save the registers in the TCB, stay disabled", () => {
    tcb.savedRegisters = tcb.registers;
    psa.supervisor.type6 = true;
  });
  const outcome = yield* routine(tcb, issue, row, rb);
  psa.supervisor.type6 = false;
  const exit = outcome.srb === undefined ? (outcome.next === "dispatch" ? "DISPATCH" : "CALLER") : "SRB";
  yield system.step(tcb, request.stage, { ...supervisorStep(`T6EXIT ${exit}`, HANDLER), evidence: row.evidence });
  return yield* backToCaller(tcb, issue, outcome, row);
}

/** Types 2, 3 and 4 have a request block of their own, so they may wait and issue supervisor calls themselves. */
function* withSvrb(tcb: Tcb, issue: Issue, row: SvcRow, rb: Rb): Generator<Activity, SvcResult> {
  const { system, request } = issue;
  const taken = tcb.home.svrbPool.take(tcb.ending);
  const got = taken === undefined || taken.got === 0 ? "" : `, after a GETMAIN of ${taken.got} from subpool 255`;
  if (taken !== undefined) chain(tcb, taken.svrb, rb, row);
  yield* typeStep(tcb, issue, row, `take an SVRB from the address space's pool${got}`);
  if (taken === undefined && tcb.ending) return yield* memterm(system, tcb, tcb.home, { code: "0F9" }, request.stage);
  if (taken === undefined) return yield* refused(tcb, issue, { code: "0F9" });
  const { svrb } = taken;
  yield* typeStep(tcb, issue, row, "chain the SVRB, save the registers in it", () => {
    svrb.registers = tcb.registers;
    svrb.oldPsw = { ...tcb.psw, enabled: true };
  });
  const locks = row.locks.length === 0 ? "" : `, take ${row.locks.join(" and ")}`;
  yield* typeStep(tcb, issue, row, `enable interruptions${locks}`, () => enable(tcb, issue));
  for (const name of row.locks) yield* obtain(system, tcb, name, request.stage);
  const outcome = yield* routine(tcb, issue, row, svrb);
  return yield* leave(tcb, issue, outcome, row);
}

function* routine(tcb: Tcb, issue: Issue, row: SvcRow, rb: Rb): Generator<Activity, SvcOutcome> {
  const { system, request, caller } = issue;
  system.observe({ kind: "svc", what: "entered", unit: tcb, row, id: issue.id });
  const where = row.type === 3 || row.type === 4 ? "in the link pack area" : "in the nucleus";
  const name = `${row.module ?? `IGC routine of SVC ${row.number}`}, ${where}: ${row.does}`;
  yield system.step(tcb, request.stage, { ...supervisorStep(name, CONVENTIONS), evidence: row.evidence });
  const routine = routineOf(system, row);
  const call = { system, tcb, row, request, rb, caller };
  return routine.kind === "at once" ? routine.run(call) : yield* routine.run(call);
}

/** An SVRB is never in nobody's hands: it is on the chain from the moment that it is out of the pool. */
function chain(tcb: Tcb, svrb: Rb, rb: Rb, row: SvcRow): void {
  svrb.routine = row.module ?? `IGC of SVC ${row.number}`;
  svrb.link = rb;
  tcb.rb = svrb;
}

/** The interruption itself: two PSWs and a number. No register is saved, there is no stack. */
function* exchangePsws(unit: WorkUnit, { system, request, caller }: Issue): Generator<Activity> {
  const { svc } = system.era.lowcore.psws;
  const [code, old, fresh] = [system.era.lowcore.svcCode, svc.oldPsw, svc.newPsw].map((offset) =>
    offset.toString(16).toUpperCase(),
  );
  const psa = system.psaOf(unit);
  psa.svcOldPsw = caller;
  psa.svcNumber = request.number;
  psa.svcLength = request.length ?? 2;
  unit.psw = psa.svcNewPsw;
  yield system.step(unit, request.stage, {
    ...supervisorStep(
      `the hardware stores the SVC number at ${code} and the old PSW at ${old}, and loads the new PSW from ${fresh} (hex)`,
      PRINCIPLES,
    ),
    state: unit.psw.problem ? "problem" : "supervisor",
  });
  // The handler's own instructions are privileged: under a new PSW with the problem bit on, the first one fails.
  if (unit.psw.problem) yield* refused(unit, { system, request, caller, id: -1, registers: [] }, { code: "0C2" });
}

/** From here on the FLIH's stack and flag are not needed: whoever interrupts may issue an SVC of his own. */
function enable(tcb: Tcb, issue: Issue): void {
  leaveHandler(tcb, issue);
  tcb.psw = { ...tcb.psw, enabled: true };
}

/** TESTAUTH: supervisor state, a system key, or an APF-authorized job step. */
export function isAuthorized(tcb: Tcb, caller: Psw): boolean {
  return !caller.problem || caller.key < 8 || tcb.home.authorized;
}

function rowAt(system: ZosSystem, number: number): SvcRow {
  const row = system.svcTable[number];
  if (row === undefined) throw new RangeError(`there is no SVC ${number}: the number is one byte`);
  return row;
}

function withParameters(registers: Registers, { r0, r1, r15 }: SvcRequest): Registers {
  const given = new Map([
    [0, r0],
    [1, r1],
    [15, r15],
  ]);
  return registers.map((value, index) => given.get(index) ?? value);
}

function instruction(row: SvcRow, { purpose, from }: SvcRequest, caller: Psw): Step {
  const name = `SVC ${row.number} (${row.macro})${purpose === undefined ? "" : ` ${purpose}`}`;
  const state = caller.problem ? "problem" : "supervisor";
  return { state, name, evidence: row.evidence, source: CONVENTIONS, ...from };
}

function* flih(unit: WorkUnit, { system, request }: Issue, name: string, effect = () => {}): Generator<Activity> {
  effect();
  yield system.step(unit, request.stage, supervisorStep(name, HANDLER));
}

function* typeStep(
  tcb: Tcb,
  { system, request }: Issue,
  row: SvcRow,
  name: string,
  effect = () => {},
): Generator<Activity> {
  effect();
  yield system.step(tcb, request.stage, { ...supervisorStep(name, HANDLER), evidence: row.evidence });
}
