/**
 * Where the time of a start by our own launcher goes: the stages of its plan, each from the end of the step before to the end of
 * its own, so that they add up to the whole with what comes before them (the request on its way: the plan is made, sent and
 * read) and after them (the program, and the removal of what was made for it).
 */

import type { ExitRecord } from "../../native/kernel.ts";
import type { RunningWorld } from "../container/running.ts";
import type { Stage } from "./system.ts";

/** The ends of a start on CLOCK_MONOTONIC. */
export interface StartEnds {
  readonly requestedNs: number;
  readonly goneNs: number;
}

const NS_PER_MS = 1e6;

/** The stages of one start, in the order in which they begin. */
export function planStages(
  { planReport, startedNs }: Pick<RunningWorld, "planReport" | "startedNs">,
  { exitedNs }: Pick<ExitRecord, "exitedNs">,
  { requestedNs, goneNs }: StartEnds,
): Stage[] {
  const steps = planReport.toSorted((one, other) => one.endNs - other.endNs);
  const last = steps.at(-1);
  // The last step is execve(2), whose end is the moment that the kernel switched to the program.
  const shiftNs = last === undefined ? 0 : startedNs - requestedNs - last.endNs;
  const ns = new Map<string, number>();
  let atNs = 0;
  const until = (stage: string, endNs: number) => {
    ns.set(stage, (ns.get(stage) ?? 0) + Math.max(0, endNs - atNs));
    atNs = Math.max(atNs, endNs);
  };
  until("request", (steps[0]?.startNs ?? startedNs - requestedNs) + shiftNs);
  for (const { stage, endNs } of steps) until(stage, endNs + shiftNs);
  until("program", exitedNs - requestedNs);
  until("removal", goneNs - requestedNs);
  return [...ns].map(([name, duration]) => ({ name, ms: duration / NS_PER_MS }));
}
