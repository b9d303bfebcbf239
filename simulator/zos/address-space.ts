/** The life of an address space that a START command makes, as one lane of steps: from the command to a free ASID. */
import type { Activity } from "../machine/activity.ts";
import { MARKS } from "../trace/timeline.ts";
import type { Workload } from "../workload/workload.ts";
import type { WorkUnit } from "./control-blocks.ts";
import type { Nucleus } from "./nucleus.ts";
import { OneLane } from "./one-lane.ts";
import { createAddressSpace } from "./space-creation.ts";
import { supervisorCall } from "./svc-path.ts";
import { SVC_TABLE } from "./svc-table.ts";

/**
 * @param nucleus the z/OS that the address space is made in
 * @param workload the program of its job step
 * @returns the whole life of the address space, one unit a step
 */
export function* addressSpaceLife(nucleus: Nucleus, workload: Workload): Generator<Activity> {
  const { system, task: console } = nucleus;
  const lane = new OneLane(system);
  const purpose = "for the START command";
  yield* supervisorCall(system, console, { number: SVC_TABLE.command.number, stage: "request", purpose });
  yield* createAddressSpace(system, console, {
    jobName: workload.name,
    kind: "START",
    priority: 192,
    program: (program) => nucleus.carryOut(workload, program),
  });
  yield* lane.run(stageOf);
  yield { kind: "mark", name: MARKS.gone };
}

/** The stages of the start, by what is dispatched; once the job step task has ended, everything that runs is its end. */
function stageOf(unit: WorkUnit): string {
  if (unit.kind === "TCB" && unit.jobStep) return "program";
  if (unit.kind === "TCB" && unit.home.jobStepEnded) return "gone";
  return unit.name === "RCT" || unit.name === "dump task" ? "tasks" : "job step";
}
