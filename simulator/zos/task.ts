/**
 * Making tasks and SRBs, and queueing them where the dispatcher looks (z/OS MVS Diagnosis: Reference, "Processor resources").
 * ATTACH makes every task but the region control task, which has no mother and comes first in its queue.
 */
import { type Ascb, daughtersOf, newEcb, type Srb, type Tcb, tasksOf } from "./control-blocks.ts";
import { PROBLEM_PSW, type Psw } from "./psw.ts";
import type { RecoveryExit } from "./recovery-exit.ts";
import { newRequest, REGISTERS } from "./request-block.ts";

export const HIGHEST_TASK_PRIORITY = 255;

export interface TaskOptions {
  readonly name: string;
  readonly home: Ascb;
  /** Undefined for the region control task, and for it alone. */
  readonly mother: Tcb | undefined;
  readonly priority: number;
  readonly jobStep?: boolean;
  readonly psw?: Psw;
  readonly estai?: Pick<RecoveryExit, "name" | "decide">;
  readonly screen?: ReadonlySet<number>;
}

/** Makes a task with its first request block, and puts it into both chains. @returns the task */
export function newTask(options: TaskOptions): Tcb {
  const { name, home, mother, priority, jobStep = false, psw = PROBLEM_PSW, screen = mother?.screen } = options;
  const tcb: Tcb = {
    ...newUnit(name, home, psw),
    kind: "TCB",
    rb: undefined,
    mother,
    lastDaughter: undefined,
    sister: mother?.lastDaughter,
    next: undefined,
    back: undefined,
    rct: mother === undefined,
    jobStep,
    priority,
    limitPriority: priority,
    flags4: 0,
    flags5: 0,
    savedRegisters: undefined,
    nonPreemptible: false,
    screen,
    estaes: [],
    espie: undefined,
    endEcb: newEcb(),
    abterm: undefined,
    ending: false,
  };
  tcb.rb = newRequest("PRB", name, tcb, psw);
  if (mother !== undefined) mother.lastDaughter = tcb;
  const at = { rb: tcb.rb, psw, registers: tcb.registers, locks: 0 };
  const inherited = mother?.estaes.filter(({ kind }) => kind === "ESTAI") ?? [];
  const own = options.estai === undefined ? [] : [{ ...options.estai, kind: "ESTAI" as const, at }];
  tcb.estaes.push(...inherited.map((exit) => ({ ...exit, at })), ...own);
  enqueueTask(tcb);
  return tcb;
}

/** Puts a task behind the last one of its priority or a higher one; the region control task is always first. */
export function enqueueTask(tcb: Tcb): void {
  const { asxb } = tcb.home;
  const before = tasksOf(tcb.home).findLast((one) => one.rct || (!tcb.rct && one.priority >= tcb.priority));
  const after = before === undefined ? asxb.firstTcb : before.next;
  tcb.back = before;
  tcb.next = after;
  if (before === undefined) asxb.firstTcb = tcb;
  else before.next = tcb;
  if (after === undefined) asxb.lastTcb = tcb;
  else after.back = tcb;
}

/** Takes a task out of its address space's queue and out of its mother's daughters. */
export function unchainTask(tcb: Tcb): void {
  dequeueTask(tcb);
  const { mother } = tcb;
  if (mother === undefined) return;
  if (mother.lastDaughter === tcb) mother.lastDaughter = tcb.sister;
  else {
    const before = daughtersOf(mother).find((one) => one.sister === tcb);
    if (before !== undefined) before.sister = tcb.sister;
  }
  tcb.sister = undefined;
}

/** Changes a task's priority, and with it its place in the queue (CHAP). */
export function changePriority(tcb: Tcb, priority: number): void {
  dequeueTask(tcb);
  tcb.priority = Math.max(0, Math.min(priority, tcb.limitPriority));
  enqueueTask(tcb);
}

function dequeueTask(tcb: Tcb): void {
  const { asxb } = tcb.home;
  if (tcb.back === undefined) asxb.firstTcb = tcb.next;
  else tcb.back.next = tcb.next;
  if (tcb.next === undefined) asxb.lastTcb = tcb.back;
  else tcb.next.back = tcb.back;
  tcb.next = undefined;
  tcb.back = undefined;
}

export interface SrbOptions {
  readonly name: string;
  readonly home: Ascb;
  readonly priority: Srb["priority"];
  readonly preemptible?: boolean;
  readonly relatedTask?: Tcb;
}

/** Makes an SRB. It is started by whoever schedules it (IEAMSCHD). */
export function newSrb({ name, home, priority, preemptible = false, relatedTask }: SrbOptions): Srb {
  const psw: Psw = { ...PROBLEM_PSW, key: 0, problem: false };
  return { ...newUnit(name, home, psw), kind: "SRB", priority, preemptible, relatedTask };
}

function newUnit(name: string, home: Ascb, psw: Psw) {
  return {
    name,
    home,
    psw,
    registers: Array.from({ length: REGISTERS }, () => 0),
    locks: [],
    frrs: [],
    eutFrrs: 0,
    primary: home,
    cpu: 0,
    thread: undefined,
    ended: false,
    completion: undefined,
  };
}
