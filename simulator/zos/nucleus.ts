/**
 * A z/OS as a program of every world sees it: its instructions run in problem state, what it asks for is an SVC, and the
 * first use of a page is a program interruption that it does not notice. One unit a step. What z/OS has no supervisor
 * call for is refused by name.
 */

import type { Activity } from "../machine/activity.ts";
import { MARKS } from "../trace/timeline.ts";
import type { Service } from "../workload/services.ts";
import { instructionsText, messageText } from "../workload/words.ts";
import type { Operation, PrivilegedInstruction, Workload } from "../workload/workload.ts";
import { buildSpace } from "./build-space.ts";
import { newEcb, type Tcb } from "./control-blocks.ts";
import type { EraName } from "./era.ts";
import { buildMaster } from "./master.ts";
import { ZosProgram } from "./program.ts";
import { pageFault } from "./program-check.ts";
import { PROBLEM_PSW } from "./psw.ts";
import { UnitEnd } from "./recovery-exit.ts";
import { SVC_TABLE, type SvcRow } from "./svc-table.ts";
import { ZosSystem } from "./system.ts";
import { newTask } from "./task.ts";

/** The SVC that does for a program what Linux's call of that name does, as near as there is one. */
const SVC_OF_SERVICE: Partial<Readonly<Record<Service, SvcRow>>> = {
  open: SVC_TABLE.open,
  close: SVC_TABLE.close,
  read: SVC_TABLE.excp,
  pread: SVC_TABLE.excp,
  write: SVC_TABLE.writeToOperator,
  mmap: SVC_TABLE.getmainAnywhere,
  munmap: SVC_TABLE.getmainAnywhere,
  brk: SVC_TABLE.getmainAnywhere,
  fork: SVC_TABLE.attach,
  execve: SVC_TABLE.link,
  exit: SVC_TABLE.exit,
  getpid: SVC_TABLE.time,
  clock_gettime: SVC_TABLE.time,
  nanosleep: SVC_TABLE.stimer,
};

/** The instruction of z/Architecture for what only a kernel may execute. */
export const INSTRUCTIONS: Readonly<Record<PrivilegedInstruction, string>> = {
  halt: "LPSWE (a PSW with the wait bit)",
  loadPageTable: "LCTLG (control register 1)",
  disableInterrupts: "STNSM",
  startInputOutput: "SSCH",
};

export class Nucleus {
  readonly system: ZosSystem;
  /** A task of the master address space: who carries out what no program asked for. */
  readonly task: Tcb;

  constructor(era: EraName = "z/OS") {
    this.system = new ZosSystem({ era });
    this.task = buildMaster(this.system);
  }

  /** Carries a workload out as the job step's program of an address space that is there already. */
  *run(workload: Workload, stage: string): Generator<Activity> {
    const { home, rct } = buildSpace(this.system, { jobName: workload.name, priority: 192 });
    const jobStep = newTask({
      name: "job step task",
      home,
      mother: rct,
      priority: 192,
      jobStep: true,
      psw: PROBLEM_PSW,
    });
    try {
      yield* this.carryOut(workload, new ZosProgram(this.system, jobStep, stage));
    } catch (error) {
      if (!(error instanceof UnitEnd)) throw error;
    }
  }

  /** Carries a workload out as a task's program. @throws UnitEnd where it ends the task, well or not */
  *carryOut(workload: Workload, program: ZosProgram): Generator<Activity> {
    for (const operation of workload.operations) yield* this.#operation(operation, program);
  }

  *#operation(operation: Operation, program: ZosProgram): Generator<Activity> {
    switch (operation.kind) {
      case "compute":
        yield* program.compute(1, instructionsText(operation.instructions));
        return;
      case "systemCall":
        yield* program.svc(svcOf(operation.service).number);
        return;
      case "pageTouch":
        for (let page = 0; page < operation.pages; page++) yield* pageFault(this.system, program.unit, program.stage);
        return;
      case "spawn":
        yield* program.svc(SVC_TABLE.attach.number);
        yield* this.carryOut(operation.program, program);
        return;
      case "sleep":
        yield* program.wait(happened());
        return;
      case "disk":
        yield* program.svc(SVC_TABLE.excp.number, { purpose: `to ${operation.access} ${operation.bytes} bytes` });
        yield* program.wait(happened());
        return;
      case "network":
        yield* program.svc(SVC_TABLE.tpio.number, { purpose: `to ${messageText(operation)}` });
        return;
      case "privileged":
        yield* program.privileged(INSTRUCTIONS[operation.instruction]);
        return;
      case "mark":
        yield { kind: "mark", name: MARKS[operation.mark] };
        return;
      default:
        operation satisfies never;
    }
  }
}

/** A lane of steps has no time that could pass: what is waited for has happened when it is looked at. */
function happened() {
  const ecb = newEcb();
  ecb.posted = true;
  return ecb;
}

function svcOf(service: Service): SvcRow {
  const row = SVC_OF_SERVICE[service];
  if (row === undefined) throw new RangeError(`z/OS: no supervisor call is known for the service ${service}`);
  return row;
}
