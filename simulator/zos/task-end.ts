/**
 * The end of a task, well or not (z/OS MVS Authorized Assembler Services Guide, "Task termination"): its subtasks first,
 * then its resources, then TCBCMP and the mother's ECB. With the job step task the step ends, with the region control
 * task the address space.
 */
import type { Activity } from "../machine/activity.ts";
import { daughtersOf, type Ecb, type Tcb } from "./control-blocks.ts";
import { type Completion, completionText, UnitEnd } from "./recovery-exit.ts";
import { closeTask, endOfSpace } from "./space-end.ts";
import { supervisorStep } from "./step.ts";
import type { ZosSystem } from "./system.ts";
import { unchainTask } from "./task.ts";

const RECOVERY = "z/OS MVS Authorized Assembler Services Guide, task and address space termination";
/** What a subtask is ended with that is detached before it has ended (DETACH; with STAE=YES it would be 33E). */
export const DETACHED: Completion = { code: "13E" };

/** Completes an event: whoever waits for it counts one less, and goes on at nothing left. */
export function post(system: ZosSystem, ecb: Ecb, code: number): void {
  if (ecb.posted) return;
  ecb.posted = true;
  ecb.code = code;
  const { waiter } = ecb;
  if (waiter === undefined) return;
  ecb.waiter = undefined;
  waiter.rb.waitCount = Math.max(0, waiter.rb.waitCount - 1);
  if (waiter.rb.waitCount === 0) system.hooks.wake(waiter.tcb);
}

/** Asks for another task's ABEND (CALLRTM TYPE=ABTERM): it takes it when it runs next. */
export function abterm(system: ZosSystem, tcb: Tcb, asked: NonNullable<Tcb["abterm"]>): void {
  if (tcb.ended || tcb.ending) return;
  tcb.abterm ??= asked;
  tcb.flags4 = 0;
  tcb.flags5 = 0;
  if (tcb.rb !== undefined && tcb.rb.waitCount > 0) {
    tcb.rb.waitCount = 0;
    system.hooks.wake(tcb);
  }
  system.hooks.recheck();
}

/**
 * Ends a task.
 * @throws UnitEnd always: nothing of the task runs after it
 */
export function* endOfTask(
  system: ZosSystem,
  tcb: Tcb,
  completion: Completion,
  stage: string,
): Generator<Activity, never> {
  tcb.ending = true;
  tcb.psw = { ...tcb.psw, key: 0, problem: false, enabled: true };
  yield* endDaughters(system, tcb, stage);
  const name = "end of task: subtasks detached, resource managers, TCBCMP set";
  yield system.step(tcb, stage, supervisorStep(name, RECOVERY));
  closeTask(system, tcb, completion);
  unchainTask(tcb);
  post(system, tcb.endEcb, completion.code === "" ? 0 : 1);
  if (tcb.jobStep) {
    tcb.home.jobStepEnded = true;
    const how = completion.code === "" ? "" : ` with ${completionText(completion)}`;
    yield system.step(tcb, stage, supervisorStep(`the job step task has ended: the step ends${how}`, RECOVERY));
  }
  if (tcb.rct) yield* endOfSpace(system, tcb, tcb.home, completion, stage);
  throw new UnitEnd(completion);
}

function* endDaughters(system: ZosSystem, tcb: Tcb, stage: string): Generator<Activity> {
  for (let living = livingDaughters(tcb); living.length > 0; living = livingDaughters(tcb)) {
    for (const daughter of living) abterm(system, daughter, { completion: DETACHED, cleanupOnly: true, stage });
    yield system.step(tcb, stage, supervisorStep(`DETACH of ${living.length} subtasks: each ends first`, RECOVERY));
    // A lane that is alone has nobody else who could carry the subtask's end out.
    if (living.some((daughter) => daughter.thread === undefined)) return closeAll(system, living);
    const waiting = living.find((daughter) => !daughter.endEcb.posted);
    if (waiting !== undefined && tcb.rb !== undefined) yield* untilEnded(waiting, { tcb, rb: tcb.rb });
  }
}

/** Waits until a task has ended. @param waiter who waits, and by which of its requests */
export function* untilEnded(task: Tcb, waiter: NonNullable<Ecb["waiter"]>): Generator<Activity> {
  if (task.endEcb.posted) return;
  waiter.rb.waitCount = 1;
  task.endEcb.waiter = waiter;
  yield { kind: "block", reason: `end of ${task.name}`, enter: () => waiter.rb.waitCount === 0 };
}

/** @returns a task's daughters that have not ended. */
export function livingDaughters(tcb: Tcb): Tcb[] {
  return daughtersOf(tcb).filter((daughter) => !daughter.ended);
}

function closeAll(system: ZosSystem, tasks: readonly Tcb[]): void {
  for (const tcb of tasks) {
    closeAll(system, livingDaughters(tcb));
    closeTask(system, tcb, DETACHED);
    unchainTask(tcb);
  }
}
