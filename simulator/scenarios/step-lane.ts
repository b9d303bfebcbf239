/** Lanes that count steps: what a lane does is drawn first, counted, and then written down. */
import type { Activity, Burst } from "../machine/activity.ts";
import type { World } from "../trace/timeline.ts";
import { DEPTH_OF_MODE } from "../trace/timeline.ts";
import type { ScenarioInput } from "./scenario.ts";

export interface StepLane {
  /** The track; one world may have several. */
  readonly id: string;
  readonly world: World;
  readonly name: string;
  readonly note: string;
  readonly life: Iterable<Activity>;
}

/** What there is to count in a lane of steps. */
export interface StepCount {
  readonly bursts: readonly Burst[];
  readonly steps: number;
  /** From user to kernel mode, from problem to supervisor state. */
  readonly intoKernel: number;
  readonly intoHypervisor: number;
}

/**
 * Carries a lane out and writes it down from step 0 on.
 * @returns what was counted
 */
export function recordSteps(input: ScenarioInput, { id, world, name, note, life }: StepLane): StepCount {
  const provenance = { ...input.provenance, detail: `${input.provenance.detail}; ${note}` };
  input.recorder.track({ id, name, world, unit: "step", provenance });
  const bursts: Burst[] = [];
  const count = { steps: 0, intoKernel: 0, intoHypervisor: 0 };
  let before = 0;
  for (const activity of life) {
    if (activity.kind === "mark") input.recorder.instant({ track: id, name: activity.name, at: count.steps });
    if (activity.kind !== "burst") continue;
    const { mode, stage, duration, args } = activity;
    const start = count.steps;
    const end = start + duration;
    input.recorder.span({ track: id, name: activity.name, start, end, mode, stage, ...(args && { args }) });
    const depth = DEPTH_OF_MODE[mode];
    if (depth === 1 && before < 1) count.intoKernel++;
    if (depth === 2 && before < 2) count.intoHypervisor++;
    before = depth;
    count.steps = end;
    bursts.push(activity);
  }
  return { ...count, bursts };
}
