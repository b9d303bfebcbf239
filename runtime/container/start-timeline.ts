/**
 * A real start as a timeline: the steps that the launcher stamped, between them the launcher's own code, then the
 * program, and after its end the steps that take away what was made for it. Step times are taken around system calls, so
 * a step is time in the kernel, give or take the few nanoseconds of the stamp itself.
 */
import { hostname, release } from "node:os";
import type { ExitRecord, StepTime } from "../../native/kernel.ts";
import { OPERATIONS } from "../../native/plan/operations.ts";
import type { Plan } from "../../native/plan/plan.ts";
import {
  type Instant,
  MARKS,
  type Mode,
  type Provenance,
  type Span,
  type Timeline,
  type World,
} from "../../simulator/trace/timeline.ts";
import type { ObservedMarks, PlanReportRow } from "./running.ts";

export interface StartFacts {
  readonly title: string;
  readonly world: World;
  readonly plan: Plan;
  readonly steps: readonly StepTime[];
  /** When the start was asked for. */
  readonly requestedNs: number;
  readonly startedNs: number;
  /** ISO 8601. */
  readonly date: string;
}

/** Where the figures of this machine come from. */
export function measuredHere(date: string): Provenance {
  return { kind: "measured", detail: `${hostname()}, Linux ${release()}`, n: 1, date };
}

/** The plan's rows with their times, in the order of the plan. */
export function planReport(plan: Plan, steps: readonly StepTime[], requestedNs: number): PlanReportRow[] {
  return steps.flatMap(({ index, startNs, endNs, errno }) => {
    const step = plan[index];
    if (step === undefined) return [];
    const { manual, calls } = OPERATIONS[step.op];
    const { stage, op, why } = step;
    return [{ stage, op, why, manual, calls, startNs: startNs - requestedNs, endNs: endNs - requestedNs, errno }];
  });
}

/** Adds spans one after the other; parent and child run at the same time for a moment, and a lane is one line. */
class Lane {
  readonly spans: Span[] = [];
  readonly #track: string;
  #end = 0;

  constructor(track: string) {
    this.#track = track;
  }

  until(end: number, name: string, mode: Mode, stage: string, args?: Span["args"]): void {
    if (end <= this.#end) return;
    const span = { track: this.#track, name, start: this.#end, end, mode, stage };
    this.spans.push(args === undefined ? span : { ...span, args });
    this.#end = end;
  }
}

function addSteps(lane: Lane, rows: readonly PlanReportRow[]): void {
  for (const { startNs, endNs, op, calls, stage, why, manual } of rows) {
    lane.until(startNs, "the launcher's own code", "user", stage);
    lane.until(endNs, `${op}: ${calls}`, "kernel", stage, { why, manual });
  }
}

/**
 * Draws the start up to now, or up to the end when `exit` is known.
 * @returns one track, in nanoseconds since the request
 */
export function startTimeline(facts: StartFacts, exit: ExitRecord | undefined, marks: ObservedMarks = {}): Timeline {
  const { requestedNs, startedNs, world, title, date } = facts;
  const lane = new Lane(world);
  const rows = planReport(facts.plan, facts.steps, requestedNs).toSorted((a, b) => a.startNs - b.startNs);
  const firstStage = rows[0]?.stage ?? "exec";
  lane.until(rows[0]?.startNs ?? 0, "compile the plan, send it to the launcher", "user", "plan");
  addSteps(lane, rows);
  lane.until(startedNs - requestedNs, "execve", "kernel", rows.at(-1)?.stage ?? firstStage);
  if (exit !== undefined) {
    lane.until(exit.exitedNs - requestedNs, "the program", "user", "program");
    addSteps(lane, planReport(facts.plan, exit.steps ?? [], requestedNs));
  }
  return {
    title,
    tracks: [{ id: world, name: title, world, unit: "ns", provenance: measuredHere(date) }],
    spans: lane.spans,
    instants: instants(facts, exit, marks),
    counters: [],
  };
}

function instants(
  { world, requestedNs, startedNs }: StartFacts,
  exit: ExitRecord | undefined,
  marks: ObservedMarks,
): Instant[] {
  const first = marks.firstByteNs === undefined ? startedNs : Math.min(startedNs, marks.firstByteNs);
  const all: Instant[] = [{ track: world, name: MARKS.firstInstruction, at: first - requestedNs }];
  if (marks.firstByteNs !== undefined) {
    all.push({ track: world, name: MARKS.firstByte, at: marks.firstByteNs - requestedNs });
  }
  if (exit !== undefined) {
    const goneNs = exit.steps?.at(-1)?.endNs ?? exit.exitedNs;
    all.push({ track: world, name: MARKS.gone, at: goneNs - requestedNs });
  }
  return all;
}
