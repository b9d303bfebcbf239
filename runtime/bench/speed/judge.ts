/** Figures and goals to verdicts. */

import type { BenchReport } from "../schema.ts";
import type { Reason } from "../system.ts";
import { GOALS, type GoalRow, type Source } from "./goals.ts";
import type { Quantity } from "./quantity.ts";
import type { Figure, SpeedRow } from "./schema.ts";

/** What was measured. */
export interface Measured {
  readonly starts: Pick<BenchReport, "systems" | "unavailable">;
  readonly quantities: ReadonlyMap<string, Quantity>;
}

/** Judges every goal; one without figures is unavailable, with the reason of the first that is missing. */
export function judgeAll(measured: Measured, goals: readonly GoalRow[] = GOALS): SpeedRow[] {
  return goals.map((row) => judge(row, measured));
}

function judge({ measure, goal, ours, other }: GoalRow, measured: Measured): SpeedRow {
  return judgeRow({ measure, goal }, look(ours, measured), other === undefined ? undefined : look(other, measured));
}

/**
 * Judges one goal.
 * @param other what ours is divided by; undefined where the goal is an absolute one
 */
export function judgeRow(
  { measure, goal }: Pick<GoalRow, "measure" | "goal">,
  ours: Quantity,
  other: Quantity | undefined,
): SpeedRow {
  if (ours.kind === "none") return unavailable(measure, goal, ours);
  if (other?.kind === "none") return unavailable(measure, goal, other);
  const ratio = other === undefined ? null : ours.figure.value / other.figure.value;
  const value = ratio ?? ours.figure.value;
  const reached = goal.bound === "at most" ? value <= goal.value : value >= goal.value;
  const verdict = reached ? "pass" : "short";
  return { measure, goal, ours: ours.figure, other: other?.figure ?? null, ratio, verdict };
}

function unavailable(measure: string, goal: GoalRow["goal"], { reason, fix }: Reason): SpeedRow {
  return { measure, goal, verdict: "unavailable", reason, fix };
}

function look(source: Source, { starts, quantities }: Measured): Quantity {
  if ("quantity" in source) {
    return quantities.get(source.quantity) ?? notMeasured(`${source.quantity}: not measured, the run was ended before`);
  }
  const { system: name, mark } = source;
  const found = starts.systems.find((system) => system.name === name)?.marks[mark];
  if (found !== undefined) {
    const figure: Figure = { system: name, value: found.p50, unit: "ms", n: found.samplesMs.length };
    return { kind: "figure", figure };
  }
  const reason = starts.unavailable.find((each) => each.name === name);
  if (reason !== undefined) return { kind: "none", reason: `${name}: ${reason.reason}`, fix: reason.fix };
  return notMeasured(`${name}: not measured, the run was ended before`);
}

function notMeasured(reason: string): Quantity {
  return { kind: "none", reason, fix: "npm run bench:runtime" };
}
