/**
 * A z/OS nucleus as a program sees it: its instructions run in problem state, what it asks for is an SVC, and the first
 * use of a page is a program interruption that the program does not notice. One unit a step.
 */
import type { Activity } from "../machine/activity.ts";
import { MARKS } from "../trace/timeline.ts";
import type { Service } from "../workload/services.ts";
import type { Operation, Workload } from "../workload/workload.ts";
import { type Step, stepActivity } from "./step.ts";
import { type IssuerState, svcSteps } from "./svc-path.ts";
import { SVC_TABLE, type SvcRow } from "./svc-table.ts";

/** The SVC that does for a program what Linux's call of that name does. */
const SVC_OF_SERVICE: Partial<Readonly<Record<Service, SvcRow>>> = {
  write: SVC_TABLE.writeToOperator,
  getpid: SVC_TABLE.time,
  exit: SVC_TABLE.exit,
};

const INTERRUPTION = "z/Architecture Principles of Operation, program interruption 11 (hex)";
const PAGE_FAULT: readonly Step[] = [
  fault("page translation exception: program old PSW stored at 150, new one from 1D0 (hex)"),
  fault("the first level interrupt handler suspends the RB"),
  fault("RSM brings the page in"),
  fault("the instruction was nullified: load its PSW again and repeat it"),
];

function fault(name: string): Step {
  return { state: "supervisor", name, evidence: "verified", source: INTERRUPTION };
}

/** What the issuer of a supervisor call wants by it. */
export interface SvcIssue {
  /** `attaches the dump task`. */
  readonly purpose?: string;
  /** Where it is known from that the call is made at this point, if not from the call's own description. */
  readonly from?: Pick<Step, "evidence" | "source">;
}

function issued(step: Step, { purpose, from }: SvcIssue): Step {
  return { ...step, ...from, name: purpose === undefined ? step.name : `${step.name} ${purpose}` };
}

export class Nucleus {
  /** Carries a workload out as the job step's program, from its first instruction to SVC 3. */
  *run(workload: Workload, stage: string): Generator<Activity> {
    for (const operation of workload.operations) yield* this.#carryOut(operation, stage);
  }

  /**
   * Carries one supervisor call out.
   * @param issue what is known of this one call: what it is for, and whether the manuals say that it is made here
   */
  *svc(row: SvcRow, issuer: IssuerState, stage: string, issue: SvcIssue = {}): Generator<Activity> {
    const [first, ...rest] = svcSteps(row, issuer, row.number !== SVC_TABLE.exit.number);
    if (first !== undefined) yield stepActivity(issued(first, issue), stage);
    for (const step of rest) yield stepActivity(step, stage);
  }

  *#carryOut(operation: Operation, stage: string): Generator<Activity> {
    switch (operation.kind) {
      case "compute":
        yield stepActivity(problem(`${operation.instructions} instructions`), stage);
        return;
      case "systemCall":
        yield* this.svc(svcOf(operation.service), "problem", stage);
        return;
      case "pageTouch":
        for (let page = 0; page < operation.pages; page++) {
          for (const step of PAGE_FAULT) yield stepActivity(step, stage);
        }
        return;
      case "spawn":
        yield* this.svc(SVC_TABLE.attach, "problem", stage);
        yield* this.run(operation.program, stage);
        return;
      case "sleep":
        yield* this.svc(SVC_TABLE.wait, "problem", stage);
        return;
      case "disk":
      case "network":
      case "privileged":
        throw new RangeError(`z/OS: an operation of kind ${operation.kind} is not modelled`);
      case "mark":
        yield { kind: "mark", name: MARKS[operation.mark] };
        return;
      default:
        operation satisfies never;
    }
  }
}

function svcOf(service: Service): SvcRow {
  const row = SVC_OF_SERVICE[service];
  if (row === undefined) throw new RangeError(`z/OS: no supervisor call is known for the service ${service}`);
  return row;
}

function problem(name: string): Step {
  return { state: "problem", name, evidence: "verified", source: "the program itself" };
}
