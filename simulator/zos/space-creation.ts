/**
 * How an address space comes to be (z/OS MVS System Messages, CC602I; abend 0B8; z/OS MVS Diagnosis: Reference, "Processor
 * resources"): an entry of the ASVT, an ASCB, storage of its own beside the common one, and the region control task, which
 * attaches all the others. Steps that only the old logic manuals describe are flagged `recalled`.
 */
import type { Activity } from "../machine/activity.ts";
import { type Ascb, type Asxb, newEcb, newLock, type Tcb, type WorkUnit } from "./control-blocks.ts";
import { type ProgramBody, taskLife, type ZosProgram } from "./program.ts";
import { PROBLEM_PSW } from "./psw.ts";
import { abend } from "./recovery.ts";
import { type Evidence, supervisorStep } from "./step.ts";
import { storageMap } from "./storage-map.ts";
import { SVC_TABLE } from "./svc-table.ts";
import { SvrbPool } from "./svrb-pool.ts";
import type { ZosSystem } from "./system.ts";
import { HIGHEST_TASK_PRIORITY, newTask } from "./task.ts";

const CREATION = "z/OS MVS System Messages, CC602I: the reasons for which an address space is not created";
const RESOURCES = "z/OS MVS Diagnosis: Reference, processor resources";
const LOGIC = "MVS logic manuals, from memory, unconfirmed";
const BASICS = "z/OS Basic Skills, address spaces";
const START_FAILS = "z/OS MVS System Codes, abend 0B8 and its reasons";
const EXTENDED = "z/OS MVS Extended Addressability, creating address spaces (ASCRE)";

/** Who asks for it: START and MOUNT commands, LOGON, a program by ASCRE, an initiator for a batch job. */
export type SpaceKind = "START" | "MOUNT" | "LOGON" | "ASCRE" | "batch";

/** What can be in the way, and how it is told. */
export type CreationFault = "no storage for the ASCB" | StartFault;

/** The reasons of abend 0B8 (z/OS MVS System Codes). */
export const START_FAULTS = {
  "the command code in the CSCB is incorrect": 0x04,
  "the TIOT cannot be built": 0x08,
  "the internal reader cannot be opened or written to": 0x0c,
  "the initialization returns an undefined code": 0x10,
  "the address space cannot be made nonswappable": 0x14,
  "the REQSWAP SYSEVENT fails": 0x18,
  "the address space does not initialize completely": 0x1c,
  "the internal reader cannot be allocated": 0x20,
} as const;
export type StartFault = keyof typeof START_FAULTS;

export interface SpaceRequest {
  readonly jobName: string;
  readonly kind: SpaceKind;
  /** The dispatching priority that WLM gives it. */
  readonly priority: number;
  readonly authorized?: boolean;
  readonly ownsLinkageIndex?: boolean;
  readonly fault?: CreationFault;
  /** What the job step task does; the stage of its steps is `program`. */
  readonly program: ProgramBody;
}

/** What follows the region control task, by who asked (z/OS Basic Skills; that MOUNT and LOGON do so, is recalled). */
const AFTER_RCT: Readonly<
  Record<SpaceKind, { readonly name: string; readonly source: string; readonly evidence: Evidence }>
> = {
  START: { name: "an initiator takes the job over", source: LOGIC, evidence: "recalled" },
  batch: { name: "an initiator takes the job over", source: LOGIC, evidence: "recalled" },
  MOUNT: { name: "the mount command's own program takes over", source: LOGIC, evidence: "recalled" },
  LOGON: { name: "the terminal monitor program takes over", source: LOGIC, evidence: "recalled" },
  ASCRE: { name: "the INIT routine runs, then the first program", source: EXTENDED, evidence: "verified" },
};

/**
 * Makes an address space and lets its region control task begin.
 * @param unit whoever does it: a task of the master address space
 * @returns undefined where it could not be made; a message says why
 */
export function* createAddressSpace(
  system: ZosSystem,
  unit: WorkUnit,
  request: SpaceRequest,
): Generator<Activity, Ascb | undefined> {
  const step = (stage: string, name: string, source: string, evidence: Evidence = "verified") =>
    system.step(unit, stage, supervisorStep(name, source, evidence));
  yield step("request", "check the request, build the CSCB", LOGIC, "recalled");
  yield step("address space", "find a free entry in the ASVT: an ASID", CREATION);
  const asid = system.asvt.reserve(request.kind === "START");
  if (asid === undefined) return failed(system, "MAXUSERS WOULD HAVE BEEN EXCEEDED");
  yield step("address space", "get storage for ASCB and ASSB in the SQA", CREATION);
  if (request.fault === "no storage for the ASCB") {
    system.asvt.cancel(asid);
    return failed(system, "THE GETMAIN FOR THE ASCB FAILED");
  }
  const ascb = newSpace(system, asid, request);
  yield step("storage", "build region and segment tables, the LSQA", LOGIC, "recalled");
  yield step("storage", "map PSA, nucleus, SQA, LPA and CSA: the same common area in every address space", BASICS);
  givePrivatePages(system, ascb);
  yield step("tasks", "build the ASXB", LOGIC, "recalled");
  yield step("tasks", "build the RCT's TCB and RB by hand: the only TCB that ATTACH does not make", RESOURCES);
  const rct = newRct(ascb);
  yield step("dispatching", "put the ASCB on the dispatching queue", LOGIC, "recalled");
  yield step("dispatching", "SYSEVENT MEMCREAT: WLM puts it into a service class", LOGIC, "recalled");
  system.asvt.put(ascb);
  system.observe({ kind: "space", what: "created", ascb });
  system.hooks.start(rct, taskLife(system, rct, "tasks", regionControl(request)));
  return ascb;
}

/** @returns a new address space, in no table yet. */
export function newSpace(
  system: ZosSystem,
  asid: number,
  request: Pick<SpaceRequest, "jobName" | "priority" | "ownsLinkageIndex">,
): Ascb {
  const asxb: Asxb = { firstTcb: undefined, lastTcb: undefined };
  return {
    asid,
    jobName: request.jobName,
    asxb,
    priority: request.priority,
    swapped: "in",
    localLock: newLock("LOCAL", asid),
    svrbPool: new SvrbPool(system.svrbStorage),
    srbs: new Set(),
    type1: false,
    authorized: false,
    ownsLinkageIndex: request.ownsLinkageIndex ?? false,
    jobStepEnded: false,
    terminated: false,
  };
}

/** @returns the region control task of an address space, made by hand. */
export function newRct(home: Ascb): Tcb {
  const psw = { ...PROBLEM_PSW, key: 0, problem: false };
  return newTask({ name: "RCT", home, mother: undefined, priority: HIGHEST_TASK_PRIORITY, psw });
}

/** One page in each private area of an address space, the least that can be told apart from another's. */
export function givePrivatePages(system: ZosSystem, { asid }: Ascb): void {
  for (const { name, sharing } of storageMap(system.era)) {
    if (sharing === "private") system.storage.get(asid, { area: name, page: 0 });
  }
}

function failed(system: ZosSystem, text: string): undefined {
  system.observe({ kind: "message", id: "CC602I", text });
  return undefined;
}

/** That the RCT attaches these two tasks is from the logic manuals; that any task but it is attached, is not. */
function regionControl(request: SpaceRequest): ProgramBody {
  return function* (program) {
    const dumpTask = yield* program.attach({ name: "dump task", supervisor: true, from: RECALLED }, waitForEver);
    const control = { name: "started task control", supervisor: true, stage: "job step", from: RECALLED };
    const startedTask = yield* program.attach(control, startJob(request));
    yield* program.wait(startedTask.endEcb);
    program.stage = "gone";
    yield* program.detach(dumpTask);
    yield* end(program, "of the region control task");
  };
}

const RECALLED = { evidence: "recalled", source: LOGIC } as const;

/** That these two end by EXIT, and in this order, is from memory too. */
function* end(program: ZosProgram, purpose: string): Generator<Activity> {
  program.stage = "gone";
  yield* program.svc(SVC_TABLE.exit.number, { purpose, from: RECALLED });
}

function* waitForEver(program: ZosProgram): Generator<Activity> {
  yield* program.wait(newEcb());
}

function startJob(request: SpaceRequest): ProgramBody {
  return function* (program) {
    const { system, unit, stage } = program;
    const command = `${request.kind} becomes a job: CSCB checked, JCL read, TIOT built (abend 0B8 where that fails)`;
    yield system.step(unit, stage, supervisorStep(command, START_FAILS));
    const { fault } = request;
    if (fault !== undefined && fault !== "no storage for the ASCB") {
      yield* abend(system, unit, { code: "0B8", reason: START_FAULTS[fault] }, stage);
    }
    const { name, source, evidence } = AFTER_RCT[request.kind];
    yield system.step(unit, stage, supervisorStep(name, source, evidence));
    const job = {
      name: "job step task",
      jobStep: true,
      stage: "program",
      authorized: request.authorized ?? false,
      from: { evidence: "verified", source: RESOURCES } as const,
    };
    const jobStep = yield* program.attach(job, request.program);
    yield* program.wait(jobStep.endEcb);
    yield* end(program, "of started task control");
  };
}
