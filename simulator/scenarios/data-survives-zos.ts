/**
 * The places that a job can write to on z/OS: its storage, a temporary data set and a cataloged one. The disposition says
 * what becomes of a data set at the step's end (z/OS MVS JCL Reference, SA23-1385, "DISP parameter" and "DSNAME parameter,
 * temporary data sets"). A block is on the volume when its WRITE has been checked: there is no page cache in between.
 */
import type { Activity } from "../machine/activity.ts";
import { MARKS } from "../trace/timeline.ts";
import { buildSpace } from "../zos/build-space.ts";
import { newEcb } from "../zos/control-blocks.ts";
import { buildMaster } from "../zos/master.ts";
import { ZosProgram } from "../zos/program.ts";
import { PROBLEM_PSW } from "../zos/psw.ts";
import { UnitEnd } from "../zos/recovery-exit.ts";
import { SVC_TABLE } from "../zos/svc-table.ts";
import { ZosSystem } from "../zos/system.ts";
import { newTask } from "../zos/task.ts";
import { type DataSettings, verdictOf } from "./data-survives-settings.ts";
import { Z_OS_STEPS } from "./lane.ts";
import type { ScenarioInput } from "./scenario.ts";
import { recordSteps } from "./step-lane.ts";

const WORLD = "address-space";

/** A data set as a DD statement describes it. */
interface DataSet {
  readonly metric: "temporaryDataSet" | "dataSet";
  readonly name: string;
  readonly ddName: string;
  readonly disposition: "DELETE" | "CATLG";
  written: boolean;
}

/** Carries the scenario out as a job of z/OS, and writes its lane of steps down. */
export function dataOnZos(input: ScenarioInput, { end }: DataSettings): void {
  const dataSets: readonly DataSet[] = [
    {
      metric: "temporaryDataSet",
      name: "the temporary data set",
      ddName: "&&WORK",
      disposition: "DELETE",
      written: false,
    },
    { metric: "dataSet", name: "the permanent data set", ddName: "SITE.DATA", disposition: "CATLG", written: false },
  ];
  const name = "z/OS address space (steps, not time)";
  const { steps } = recordSteps(input, { id: WORLD, world: WORLD, name, note: Z_OS_STEPS, life: life(dataSets) });
  const say = (metric: string, place: string, survives: boolean): void => {
    input.metric(WORLD, metric, survives ? 1 : 0);
    input.recorder.instant({ track: WORLD, name: verdictOf(place, survives), at: steps });
  };
  say("memory", "its memory", false);
  for (const dataSet of dataSets) {
    // The step's end deletes what is DELETE; when power fails first, the next IPL's clean-up does.
    const isKept = dataSet.disposition === "CATLG" || (end === "power failure" && !dataSet.ddName.startsWith("&&"));
    say(dataSet.metric, dataSet.name, dataSet.written && isKept);
  }
}

function* life(dataSets: readonly DataSet[]): Generator<Activity> {
  const system = new ZosSystem({});
  buildMaster(system);
  const { home, rct } = buildSpace(system, { jobName: "WRITER", priority: 192 });
  const tcb = newTask({ name: "job step task", home, mother: rct, priority: 192, jobStep: true, psw: PROBLEM_PSW });
  const program = new ZosProgram(system, tcb, "writes");
  try {
    yield* program.compute(1, "stores into its own storage");
    for (const dataSet of dataSets) yield* write(program, dataSet);
    yield* program.svc(SVC_TABLE.exit.number);
  } catch (error) {
    if (!(error instanceof UnitEnd)) throw error;
  }
  yield { kind: "mark", name: MARKS.gone };
}

function* write(program: ZosProgram, dataSet: DataSet): Generator<Activity> {
  yield* program.svc(SVC_TABLE.open.number, { purpose: `of ${dataSet.ddName}` });
  yield* program.svc(SVC_TABLE.excp.number, { purpose: "to write a block" });
  const done = newEcb();
  // A lane of steps has no time that could pass: what is waited for has happened when it is looked at.
  done.posted = true;
  yield* program.wait(done);
  dataSet.written = true;
  yield* program.svc(SVC_TABLE.close.number, { purpose: `of ${dataSet.ddName}` });
}
