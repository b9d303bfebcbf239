/**
 * The control blocks of z/OS and the chains between them, by their own field names in comments (z/OS MVS Diagnosis:
 * Reference, "Processor resources"; z/OS MVS Data Areas): PSA and LCCA one a processor; CVT -> ASVT -> ASCB -> ASXB -> TCBs
 * in the order of priority; TCB -> RBs, the newest first; SRBs, which belong to no task.
 */
import type { Thread } from "../machine/thread.ts";
import type { Psw } from "./psw.ts";
import type { Completion, RecoveryExit } from "./recovery-exit.ts";
import type { Rb, Registers } from "./request-block.ts";
import type { SvrbPool } from "./svrb-pool.ts";

export const LOCK_ORDER = ["LOCAL", "CMS", "SRM", "SALLOC", "DISP"] as const;
export type LockName = (typeof LOCK_ORDER)[number];

/** A lock: at most one work unit has it. LOCAL is one an address space, the others are the system's. */
export interface Lock {
  readonly name: LockName;
  readonly asid: number | undefined;
  holder: WorkUnit | undefined;
  readonly waiters: WorkUnit[];
}

/** @returns a lock that nobody has. */
export function newLock(name: LockName, asid?: number): Lock {
  return { name, asid, holder: undefined, waiters: [] };
}

/** Event control block: what WAIT waits for and POST completes. */
export interface Ecb {
  posted: boolean;
  code: number;
  waiter: { readonly tcb: Tcb; readonly rb: Rb } | undefined;
}

/** @returns an event that has not happened yet. */
export function newEcb(): Ecb {
  return { posted: false, code: 0, waiter: undefined };
}

interface UnitState {
  readonly name: string;
  /** The address space that it belongs to (home); an SRB's is the one that it was scheduled to. */
  readonly home: Ascb;
  psw: Psw;
  registers: Registers;
  /** In the order in which they were taken. */
  readonly locks: Lock[];
  /** Functional recovery routines, the newest last. */
  readonly frrs: RecoveryExit[];
  /** An FRR of a kind that allows enabled, unlocked task mode (EUT): no SVC under it. */
  eutFrrs: number;
  /** Whether primary and home address space differ, by a program call that switched spaces. */
  primary: Ascb;
  /** The processor that it has, or had last. */
  cpu: number;
  thread: Thread | undefined;
  ended: boolean;
}

/** Task control block. */
export interface Tcb extends UnitState {
  readonly kind: "TCB";
  /** TCBRBP: the newest request block. */
  rb: Rb | undefined;
  /** TCBOTC, TCBLTC, TCBNTC: mother, last daughter, sister. */
  readonly mother: Tcb | undefined;
  lastDaughter: Tcb | undefined;
  sister: Tcb | undefined;
  /** TCBTCB and TCBBACK: the queue of the address space. */
  next: Tcb | undefined;
  back: Tcb | undefined;
  readonly rct: boolean;
  readonly jobStep: boolean;
  /** TCBDSP and TCBLMP: 0 to 255. */
  priority: number;
  readonly limitPriority: number;
  /** TCBFLGS4 and TCBFLGS5: the task can be dispatched where both are 0. */
  flags4: number;
  flags5: number;
  /** TCBGRS: the registers during type 1 and type 6 calls. */
  savedRegisters: Registers | undefined;
  /** TCBNONPR. */
  nonPreemptible: boolean;
  /** TCBSVCS: the numbers that screening lets through; undefined where the task is not screened. */
  screen: ReadonlySet<number> | undefined;
  /** ESTAE-type exits, the newest last; ESTAI ones of the mother come first. */
  readonly estaes: RecoveryExit[];
  /** An ESPIE exit: the program interruption codes that it takes. */
  espie: ReadonlySet<number> | undefined;
  /** TCBCMP. */
  completion: Completion | undefined;
  /** Posted at the end of the task, if its mother asked for it. */
  readonly endEcb: Ecb;
  /** An ABEND that somebody else has asked for, taken when the task runs next. */
  abterm: { readonly completion: Completion; readonly cleanupOnly: boolean; readonly stage: string } | undefined;
  /** Whether it is being ended. */
  ending: boolean;
}

export const SRB_PRIORITIES = ["global", "local"] as const;

/** Service request block: work for an address space that is no task, and outranks all of its tasks. */
export interface Srb extends UnitState {
  readonly kind: "SRB";
  readonly priority: (typeof SRB_PRIORITIES)[number];
  readonly preemptible: boolean;
  /** The task that an ABEND percolates to. */
  readonly relatedTask: Tcb | undefined;
  completion: Completion | undefined;
}

export type WorkUnit = Tcb | Srb;

/** Address space control block. */
export interface Ascb {
  readonly asid: number;
  jobName: string;
  readonly asxb: Asxb;
  /** ASCBDP: the dispatching priority, 0 to 255, that WLM gives. */
  priority: number;
  /** Out: its private storage is on disk, and nothing of it is dispatched. */
  swapped: "in" | "out";
  readonly localLock: Lock;
  /** ASCBSUPC: the pool of SVRBs. */
  readonly svrbPool: SvrbPool;
  /** ASCBSRBS counts them: scheduled to it, and not ended. */
  readonly srbs: Set<Srb>;
  /** ASCBTYP1: a type 1 supervisor call runs. */
  type1: boolean;
  /** JSCBAUTH: the job step came from an APF-authorized library with AC(1). */
  authorized: boolean;
  /** Whether it owns a linkage index: others can have connections to it, so that its ASID is lost. */
  ownsLinkageIndex: boolean;
  jobStepEnded: boolean;
  terminated: boolean;
}

/** ASCB extension: the queue of the tasks, the highest priority first. */
export interface Asxb {
  firstTcb: Tcb | undefined;
  lastTcb: Tcb | undefined;
}

/** Prefixed save area, with what of the LCCA takes part: the only storage of a processor's own. */
export interface Psa {
  readonly cpu: number;
  /** PSATOLD: undefined while an SRB runs. */
  currentTcb: Tcb | undefined;
  /** PSAAOLD. */
  currentAscb: Ascb | undefined;
  /** LCCASRBM. */
  srbMode: boolean;
  /** PSASUP1: what the supervisor is in the middle of. */
  readonly supervisor: { svc: boolean; type6: boolean; dispatcher: boolean };
  /** PSACSTK: the recovery stack in use. */
  recoveryStack: "normal" | "SVC FLIH";
  /** FLCSNPSW: data, and the only reason why an SVC enters supervisor state. */
  svcNewPsw: Psw;
  svcOldPsw: Psw | undefined;
  programOldPsw: Psw | undefined;
  svcNumber: number | undefined;
  svcLength: number;
  programCode: number | undefined;
  /** LCCASGPR. */
  svcRegisters: Registers | undefined;
}

/** @returns the work unit's tasks of an address space, in the order of the queue. */
export function tasksOf(ascb: Ascb): Tcb[] {
  const tasks: Tcb[] = [];
  for (let tcb = ascb.asxb.firstTcb; tcb !== undefined; tcb = tcb.next) tasks.push(tcb);
  return tasks;
}

/** @returns a task's daughters, the newest first. */
export function daughtersOf(tcb: Tcb): Tcb[] {
  const daughters: Tcb[] = [];
  for (let one = tcb.lastDaughter; one !== undefined; one = one.sister) daughters.push(one);
  return daughters;
}

/** @returns a task's request blocks, the newest first. */
export function requestsOf(tcb: Tcb): Rb[] {
  const chain: Rb[] = [];
  let rb: Rb["link"] = tcb.rb;
  while (rb !== undefined && rb.kind !== "TCB") {
    chain.push(rb);
    rb = rb.link;
  }
  return chain;
}

/** @returns whether the dispatcher may choose the task (flags, and the wait count of its newest request). */
export function isDispatchable(tcb: Tcb): boolean {
  return tcb.flags4 === 0 && tcb.flags5 === 0 && (tcb.rb?.waitCount ?? 0) === 0;
}
