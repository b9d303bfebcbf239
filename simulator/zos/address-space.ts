/**
 * The life of an address space that a START command makes, step by step (z/OS Basic Skills, "address spaces"; z/OS MVS
 * System Messages CC602I, IEF352I; abend 0B8; z/OS MVS Diagnosis: Reference, "Processor resources"). Steps that only
 * the old logic manuals describe are flagged `recalled`.
 */
import type { Activity } from "../machine/activity.ts";
import { MARKS } from "../trace/timeline.ts";
import type { Workload } from "../workload/workload.ts";
import type { Nucleus, SvcIssue } from "./nucleus.ts";
import { type Step, stepActivity } from "./step.ts";
import { SVC_TABLE } from "./svc-table.ts";

const CREATION = "z/OS MVS System Messages, CC602I: the reasons for which an address space is not created";
const RESOURCES = "z/OS MVS Diagnosis: Reference, processor resources";
const LOGIC = "MVS logic manuals, from memory, unconfirmed";
const BASICS = "z/OS Basic Skills, address spaces";
const START_FAILS = "z/OS MVS System Codes, abend 0B8 and its reasons";
const RECOVERY = "z/OS MVS Authorized Assembler Services Guide, task and address space termination";
const REUSE = "z/OS MVS System Messages, IEF352I; IEASYSxx RSVNONR";

/** That the RCT attaches these two tasks is from the logic manuals; that any task but it is attached, is not. */
const RECALLED = { evidence: "recalled", source: LOGIC } as const;

interface Row {
  readonly stage: string;
  readonly step: Step;
}

/** What the system does before anything runs in the new address space. */
const CREATE: readonly Row[] = [
  supervisor("request", "check the request, build the CSCB", LOGIC, "recalled"),
  supervisor("address space", "find a free entry in the ASVT: an ASID", CREATION),
  supervisor("address space", "get storage for ASCB and ASSB in the SQA", CREATION),
  supervisor("storage", "build region and segment tables, the LSQA", LOGIC, "recalled"),
  supervisor("storage", "map PSA, nucleus, SQA, LPA and CSA: the same common area in every address space", BASICS),
  supervisor("tasks", "build the ASXB", LOGIC, "recalled"),
  supervisor("tasks", "build the RCT's TCB and RB by hand: the only TCB that ATTACH does not make", RESOURCES),
  supervisor("dispatching", "put the ASCB on the dispatching queue", LOGIC, "recalled"),
  supervisor("dispatching", "SYSEVENT MEMCREAT: WLM puts it into a service class", LOGIC, "recalled"),
];

const DISPATCH = "z/OS Basic Skills, what does the dispatcher do; IEAVEDS0 of MVS 3.8";
const dispatchRct = supervisor(
  "tasks",
  "dispatch the RCT: registers from the TCB, PSW from the RB, the new ASCE",
  DISPATCH,
);
const dispatchJob = supervisor("job step", "dispatch the job step task: the PSW has the problem state bit", DISPATCH);

const START_JOB: readonly Row[] = [
  supervisor(
    "job step",
    "START becomes a job: CSCB checked, JCL read, TIOT built (abend 0B8 where that fails)",
    START_FAILS,
  ),
  supervisor("job step", "an initiator takes the job over", LOGIC, "recalled"),
];

const END: readonly Row[] = [
  supervisor("gone", "end of task: subtasks detached, resource managers, TCBCMP set", RECOVERY),
  supervisor("gone", "the job step task has ended: the step ends", RECOVERY),
  supervisor("gone", "the address space ends; its ASID is free again, or not reusable (IEF352I)", REUSE),
];

function supervisor(stage: string, name: string, source: string, evidence: Step["evidence"] = "verified"): Row {
  return { stage, step: { state: "supervisor", name, evidence, source } };
}

/**
 * @param nucleus the z/OS that the address space is made in
 * @param workload the program of its job step
 * @returns the whole life of the address space, one unit a step
 */
export function* addressSpaceLife(nucleus: Nucleus, workload: Workload): Generator<Activity> {
  const attach = (stage: string, purpose: string, from: SvcIssue["from"]) =>
    nucleus.svc(SVC_TABLE.attach, "supervisor", stage, { purpose, ...(from === undefined ? {} : { from }) });
  yield* nucleus.svc(SVC_TABLE.command, "supervisor", "request", { purpose: "for the START command" });
  yield* rows(CREATE);
  yield* rows([dispatchRct]);
  yield* attach("tasks", "of the dump task", RECALLED);
  yield* attach("tasks", "of started task control", RECALLED);
  yield* rows(START_JOB);
  yield* attach("job step", "of the job step task", { evidence: "verified", source: RESOURCES });
  yield* rows([dispatchJob]);
  yield* nucleus.run(workload, "program");
  yield* rows(END);
  yield { kind: "mark", name: MARKS.gone };
}

function* rows(list: readonly Row[]): Generator<Activity> {
  for (const { stage, step } of list) yield stepActivity(step, stage);
}
