/**
 * The recovery termination manager (z/OS MVS Authorized Assembler Services Guide, "Providing recovery"): functional recovery
 * routines for SRBs and for locked or disabled code, the newest first; then the task's ESTAE-type exits, the newest first,
 * then ESTAI; each lets the program go on or percolates. After the last one the task ends, and nothing else with it.
 */
import type { Activity } from "../machine/activity.ts";
import type { Srb, Tcb, WorkUnit } from "./control-blocks.ts";
import { releaseBeyond } from "./locks.ts";
import { type Completion, completionText, type Decision, type RecoveryExit, Retry, UnitEnd } from "./recovery-exit.ts";
import { currentRequest, purgeRequests, returnSvrb } from "./requests.ts";
import { memterm } from "./space-end.ts";
import { supervisorStep } from "./step.ts";
import type { ZosSystem } from "./system.ts";
import { abterm, endOfTask } from "./task-end.ts";

const RECOVERY = "z/OS MVS Authorized Assembler Services Guide, providing recovery";

/** The PSATOLD that IPL and dispatcher write: a wrong one is found here, too late (wait state 084 reason 014). */
const PSATOLD = { area: "PSA", page: 0, offset: 0x21c } as const;

/**
 * Ends a work unit abnormally, unless one of its recovery exits lets it go on.
 * @throws Retry where an exit does, UnitEnd where none does
 */
export function* abend(
  system: ZosSystem,
  unit: WorkUnit,
  completion: Completion,
  stage: string,
): Generator<Activity, never> {
  const cleanupOnly = unit.kind === "TCB" && (unit.abterm?.cleanupOnly ?? false);
  if (unit.kind === "TCB") unit.abterm = undefined;
  system.observe({ kind: "abend", unit, completion });
  const { supervisor } = system.psaOf(unit);
  supervisor.svc = false;
  supervisor.type6 = false;
  if (isDamaged(system, unit)) return yield* systemEnd(system, unit, stage);
  const state = { completion, cleanupOnly, percolations: 0 };
  if (unit.kind === "SRB" || unit.locks.length > 0 || unit.frrs.length > 0) {
    yield system.step(
      unit,
      stage,
      supervisorStep(`RTM1: ${completionText(completion)}; FRRs, the newest first`, RECOVERY),
    );
    yield* ask(system, unit, unit.frrs, state, stage);
    releaseBeyond(system, unit, 0);
  }
  if (unit.kind === "SRB") return yield* endOfSrb(system, unit, completion, stage);
  return yield* taskRecovery(system, unit, state, stage);
}

interface RecoveryState {
  readonly completion: Completion;
  readonly cleanupOnly: boolean;
  percolations: number;
}

/** RTM2, which is SVC 13, runs under a request block of its own. */
function* taskRecovery(system: ZosSystem, tcb: Tcb, state: RecoveryState, stage: string): Generator<Activity, never> {
  tcb.psw = { ...tcb.psw, key: 0, problem: false, enabled: true };
  tcb.nonPreemptible = false;
  if (tcb.rb !== undefined) tcb.rb.waitCount = 0;
  const taken = tcb.home.svrbPool.take(true);
  if (taken === undefined) return yield* memterm(system, tcb, tcb.home, { code: "0F9" }, stage);
  const { svrb } = taken;
  svrb.routine = "IEAVTRT2";
  svrb.link = currentRequest(tcb);
  tcb.rb = svrb;
  const name = `RTM2, the routine of SVC 13: ${completionText(state.completion)}; ESTAE exits, the newest first`;
  yield system.step(tcb, stage, supervisorStep(name, RECOVERY));
  yield* ask(system, tcb, tcb.estaes, state, stage);
  returnSvrb(tcb);
  return yield* endOfTask(system, tcb, state.completion, stage);
}

/** Asks exits, the newest first. @throws Retry where one lets the program go on */
function* ask(
  system: ZosSystem,
  unit: WorkUnit,
  exits: RecoveryExit[],
  state: RecoveryState,
  stage: string,
): Generator<Activity> {
  for (let exit = exits.pop(); exit !== undefined; exit = exits.pop()) {
    const decision = decide(exit, state);
    yield system.step(unit, stage, supervisorStep(`${exit.kind} ${exit.name}: ${decision}`, RECOVERY));
    if (decision === "retry") {
      goBack(system, unit, exit);
      throw new Retry(exit);
    }
    state.percolations++;
  }
}

function decide(exit: RecoveryExit, state: RecoveryState): Decision {
  const decision = exit.decide({ ...state });
  return state.cleanupOnly || exit.kind === "ESTAI" ? "percolate" : decision;
}

/** A retry goes on where the exit was established: with its request, its state, and the locks it had then. */
function goBack(system: ZosSystem, unit: WorkUnit, exit: RecoveryExit): void {
  if (unit.kind === "TCB") purgeRequests(unit, exit.at.rb);
  releaseBeyond(system, unit, exit.at.locks);
  unit.psw = exit.at.psw;
  unit.registers = exit.at.registers;
}

function* endOfSrb(system: ZosSystem, srb: Srb, completion: Completion, stage: string): Generator<Activity, never> {
  const { relatedTask } = srb;
  const where = relatedTask === undefined ? "" : `, and percolates to its task ${relatedTask.name}`;
  yield system.step(srb, stage, supervisorStep(`the SRB ends${where}`, RECOVERY));
  if (relatedTask !== undefined) abterm(system, relatedTask, { completion, cleanupOnly: false, stage });
  throw new UnitEnd(completion);
}

/** Whether somebody has written over PSATOLD of the PSA. */
function isDamaged(system: ZosSystem, unit: WorkUnit): boolean {
  const page = system.storage.find(unit.home.asid, { ...PSATOLD, page: unit.cpu });
  return (page?.contents.get(PSATOLD.offset) ?? 0) !== 0;
}

function* systemEnd(system: ZosSystem, unit: WorkUnit, stage: string): Generator<Activity, never> {
  const text = "RTM detected a bad PSATOLD value while running in task mode";
  yield system.step(unit, stage, supervisorStep(`${text}: disabled wait 084`, "z/OS MVS System Codes, wait state 084"));
  system.enterWaitState(0x084, 0x014, text);
  throw new UnitEnd({ code: "084" });
}
