/** What is always true of a running z/OS, whatever runs on it: chains that fit together, SVRBs and locks that are accounted for. */
import { type Ascb, daughtersOf, LOCK_ORDER, requestsOf, type Tcb, tasksOf } from "./control-blocks.ts";
import type { Rb } from "./request-block.ts";
import type { ZosSystem } from "./system.ts";

/** @returns what is wrong, one sentence each; empty for a sound system. */
export function checkSystem(system: ZosSystem): string[] {
  return [
    ...system.spaces().flatMap((ascb) => [...checkTasks(ascb), ...checkSvrbs(ascb), ...checkLocalLock(ascb)]),
    ...Object.values(system.locks).flatMap(({ name, holder }) =>
      holder !== undefined && !holder.locks.some((lock) => lock.name === name)
        ? [`${holder.name} holds ${name} and does not know it`]
        : [],
    ),
    ...checkAsvt(system),
  ];
}

/** The queue is one of tasks in order, forwards as backwards; each has a mother in it, the region control task none. */
function checkTasks(ascb: Ascb): string[] {
  const tasks = tasksOf(ascb);
  return tasks.flatMap((tcb, index) => {
    const problems: string[] = [];
    const before = tasks[index - 1];
    if (tcb.back !== before) problems.push("does not point back to the task before it");
    if (before !== undefined && !before.rct && before.priority < tcb.priority)
      problems.push("comes after a lower task");
    if (tcb.rct !== (tcb.mother === undefined)) problems.push("has no mother, or is the RCT with one");
    if (tcb.mother !== undefined && !tcb.ended && !daughtersOf(tcb.mother).includes(tcb)) {
      problems.push("is not among its mother's daughters");
    }
    if (index === tasks.length - 1 && ascb.asxb.lastTcb !== tcb) problems.push("is last and the ASXB says otherwise");
    return problems.map((problem) => `ASID ${ascb.asid}, ${tcb.name}: ${problem}`);
  });
}

/** Every SVRB that was ever got is in the pool or on exactly one chain. */
function checkSvrbs(ascb: Ascb): string[] {
  const { asid, svrbPool } = ascb;
  const chained = tasksOf(ascb).flatMap((tcb) => requestsOf(tcb).filter(isSvrb));
  const problems: string[] = [];
  if (svrbPool.free + chained.length !== svrbPool.made) {
    problems.push(`ASID ${asid}: ${svrbPool.made} SVRBs, ${svrbPool.free} free and ${chained.length} chained`);
  }
  if (new Set(chained).size !== chained.length) problems.push(`ASID ${asid}: an SVRB is on two chains`);
  return problems;
}

function isSvrb({ kind }: Rb): boolean {
  return kind === "SVRB";
}

function checkLocalLock({ asid, localLock, type1 }: Ascb): string[] {
  const { holder } = localLock;
  const problems: string[] = [];
  if (holder !== undefined && holder.home.asid !== asid)
    problems.push(`ASID ${asid}: its LOCAL lock is ${holder.name}'s`);
  if (holder?.ended === true) problems.push(`ASID ${asid}: ${holder.name} has ended with the LOCAL lock`);
  if (type1 && holder === undefined) problems.push(`ASID ${asid}: a type 1 call runs without the LOCAL lock`);
  if (holder !== undefined) problems.push(...checkOrder(holder));
  return problems;
}

function checkOrder({ name, locks }: Pick<Tcb, "name" | "locks">): string[] {
  const ranks = locks.map((lock) => LOCK_ORDER.indexOf(lock.name));
  const sorted = ranks.every((rank, index) => index === 0 || (ranks[index - 1] ?? 0) < rank);
  return sorted ? [] : [`${name} holds locks out of order: ${locks.map((lock) => lock.name).join(" ")}`];
}

function checkAsvt({ asvt }: ZosSystem): string[] {
  return asvt.spaces().flatMap((ascb) => {
    const problems: string[] = [];
    if (asvt.at(ascb.asid) !== ascb) problems.push(`ASID ${ascb.asid} is not at its entry`);
    if (ascb.terminated) problems.push(`ASID ${ascb.asid} has ended and is still in the ASVT`);
    return problems;
  });
}
