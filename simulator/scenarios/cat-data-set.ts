/**
 * What cat is on z/OS: a data set of 80-byte records is read with QSAM and written to SYSOUT. OPEN and CLOSE are supervisor
 * calls; GET and PUT are branches to the access method, which issues EXCP when it needs a block (z/OS DFSMS Using Data
 * Sets, "Processing a sequential data set"; z/OS DFSMS Macro Instructions for Data Sets).
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
import { Z_OS_STEPS } from "./lane.ts";
import { integerOf, type ScenarioInput } from "./scenario.ts";
import { recordSteps } from "./step-lane.ts";

const RECORD_BYTES = 80;
const STAGE = "cat";
/** A lane shows so many records one by one; the rest of a block is one step that stands for them. */
const SHOWN_RECORDS = 4;

interface Counts {
  calls: number;
  reads: number;
  records: number;
}

/** Carries it out and writes it down as the lane of z/OS. */
export function catDataSet(input: ScenarioInput, bytes: number): void {
  const { knobs, metric } = input;
  const blockRecords = Math.max(1, Math.floor(integerOf(knobs, "blockSize") / RECORD_BYTES));
  const counts: Counts = { calls: 0, reads: 0, records: 0 };
  const world = "address-space";
  const lane = life(
    { records: Math.ceil(bytes / RECORD_BYTES), blockRecords, buffers: integerOf(knobs, "buffers") },
    counts,
  );
  const name = "z/OS address space (steps, not time)";
  recordSteps(input, { id: world, world, name, note: Z_OS_STEPS, life: lane });
  metric(world, "calls", counts.calls);
  metric(world, "diskReads", counts.reads);
  metric(world, "records", counts.records);
}

interface DataSet {
  readonly records: number;
  readonly blockRecords: number;
  readonly buffers: number;
}

function* life(dataSet: DataSet, counts: Counts): Generator<Activity> {
  const system = new ZosSystem({});
  buildMaster(system);
  const { home, rct } = buildSpace(system, { jobName: "CAT", priority: 192 });
  const tcb = newTask({ name: "job step task", home, mother: rct, priority: 192, jobStep: true, psw: PROBLEM_PSW });
  const program = new ZosProgram(system, tcb, STAGE);
  yield { kind: "mark", name: MARKS.firstInstruction };
  try {
    yield* body(program, dataSet, counts);
    yield* issue(program, counts, SVC_TABLE.exit.number);
  } catch (error) {
    if (!(error instanceof UnitEnd)) throw error;
  }
  yield { kind: "mark", name: MARKS.gone };
}

function* body(program: ZosProgram, { records, blockRecords, buffers }: DataSet, counts: Counts): Generator<Activity> {
  yield* issue(program, counts, SVC_TABLE.open.number, "of the input and of SYSOUT");
  const atOnce = blockRecords * buffers;
  for (let done = 0; done < records; done += atOnce) {
    const part = Math.min(atOnce, records - done);
    yield* blocks(program, counts, `to read ${Math.ceil(part / blockRecords)} blocks`);
    counts.reads++;
    yield* copy(program, part, counts);
    yield* blocks(program, counts, `to write ${Math.ceil(part / blockRecords)} blocks`);
    if (done === 0) yield { kind: "mark", name: MARKS.firstByte };
  }
  yield* program.compute(1, "GET: end of data, the EODAD routine gets control");
  yield* issue(program, counts, SVC_TABLE.close.number, "of both");
}

/** The access method starts the channel program and waits for its end. */
function* blocks(program: ZosProgram, counts: Counts, purpose: string): Generator<Activity> {
  yield* issue(program, counts, SVC_TABLE.excp.number, purpose);
  const done = newEcb();
  // A lane of steps has no time that could pass: what is waited for has happened when it is looked at.
  done.posted = true;
  counts.calls++;
  yield* program.wait(done);
}

function* copy(program: ZosProgram, records: number, counts: Counts): Generator<Activity> {
  const shown = Math.min(SHOWN_RECORDS, records);
  for (let record = 0; record < shown; record++) {
    yield* program.compute(1, "GET: the next record, from the buffer");
    yield* program.compute(1, "PUT: into the buffer of SYSOUT");
  }
  if (records > shown) yield* program.compute(1, `GET and PUT of ${records - shown} more records`);
  counts.records += records;
}

function* issue(program: ZosProgram, counts: Counts, number: number, purpose?: string): Generator<Activity> {
  counts.calls++;
  yield* program.svc(number, purpose === undefined ? {} : { purpose });
}
