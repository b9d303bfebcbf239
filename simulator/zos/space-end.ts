/**
 * The end of an address space: normal, or by CALLRTM TYPE=MEMTERM, which ends it without any task's recovery (z/OS MVS
 * Authorized Assembler Services Guide, "Resource managers", "CALLRTM"). Its private storage, tasks and SRBs go with it,
 * its ASID can be used again, unless others may still have connections to it (IEF352I).
 */
import type { Activity } from "../machine/activity.ts";
import { type Ascb, type Srb, type Tcb, tasksOf, type WorkUnit } from "./control-blocks.ts";
import { releaseBeyond } from "./locks.ts";
import { type Completion, completionText, UnitEnd } from "./recovery-exit.ts";
import { purgeRequests } from "./requests.ts";
import { supervisorStep } from "./step.ts";
import type { ZosSystem } from "./system.ts";

const RECOVERY = "z/OS MVS Authorized Assembler Services Guide, task and address space termination";
const REUSE = "z/OS MVS System Messages, IEF352I; IEASYSxx RSVNONR";

/**
 * Takes an address space out of the system, without a step: the effects of both its ends.
 * @param except the work unit that carries this out, which ends by itself
 */
export function removeSpace(system: ZosSystem, ascb: Ascb, completion: Completion, except?: WorkUnit): void {
  if (ascb.terminated) return;
  ascb.terminated = true;
  system.asvt.free(ascb, !ascb.ownsLinkageIndex);
  for (const srb of [...ascb.srbs]) {
    if (srb !== except) system.hooks.kill(srb);
    closeSrb(system, srb, completion);
  }
  for (const tcb of tasksOf(ascb)) {
    if (tcb !== except && !tcb.ended) system.hooks.kill(tcb);
    closeTask(system, tcb, completion);
  }
  ascb.asxb.firstTcb = undefined;
  ascb.asxb.lastTcb = undefined;
  system.storage.freeSpace(ascb.asid);
  const lost = ascb.ownsLinkageIndex;
  if (lost) system.observe({ kind: "message", id: "IEF352I", text: `ADDRESS SPACE UNAVAILABLE (ASID ${ascb.asid})` });
  system.observe({ kind: "space", what: "ended", ascb });
}

/** Gives back everything that a task holds: locks, request blocks, recovery routines. */
export function closeTask(system: ZosSystem, tcb: Tcb, completion: Completion): void {
  releaseBeyond(system, tcb, 0);
  purgeRequests(tcb);
  tcb.frrs.length = 0;
  tcb.estaes.length = 0;
  tcb.eutFrrs = 0;
  if (tcb.ended) return;
  tcb.ended = true;
  tcb.completion = completion;
  system.observe({ kind: "ended", unit: tcb, completion });
}

/** The same for an SRB. */
export function closeSrb(system: ZosSystem, srb: Srb, completion: Completion): void {
  releaseBeyond(system, srb, 0);
  srb.home.srbs.delete(srb);
  srb.frrs.length = 0;
  if (srb.ended) return;
  srb.ended = true;
  srb.completion = completion;
  system.observe({ kind: "ended", unit: srb, completion });
}

/** The steps of the end of an address space whose tasks have ended. */
export function* endOfSpace(
  system: ZosSystem,
  unit: WorkUnit,
  ascb: Ascb,
  completion: Completion,
  stage: string,
): Generator<Activity> {
  const lost = ascb.ownsLinkageIndex;
  removeSpace(system, ascb, completion, unit);
  const asid = lost ? "its ASID is not reusable (IEF352I): it owned a linkage index" : "its ASID is free again";
  yield system.step(unit, stage, supervisorStep(`the address space ends; ${asid}`, REUSE));
}

/**
 * Ends an address space at once, no task's recovery asked.
 * @param unit whoever carries it out; where it is of that address space, it does not come back
 */
export function* memterm(
  system: ZosSystem,
  unit: WorkUnit,
  ascb: Ascb,
  completion: Completion,
  stage: string,
): Generator<Activity, never> {
  const name = `CALLRTM TYPE=MEMTERM ${completionText(completion)}: no task of the address space is asked`;
  yield system.step(unit, stage, supervisorStep(name, RECOVERY));
  yield* endOfSpace(system, unit, ascb, completion, stage);
  throw new UnitEnd(completion);
}
