/**
 * Where the stage bars under a waterline go.
 */

import { type StageBar, stagesOf } from "../../../simulator/trace/stages.ts";
import type { TrackIndex } from "./track-index.ts";

const bars = new WeakMap<TrackIndex, readonly StageBar[]>();

/**
 * The stage bars of a track, in time's order.
 */
export function stageBars(index: TrackIndex): readonly StageBar[] {
  const known = bars.get(index);
  if (known !== undefined) return known;
  const made = stagesOf(index.timeline, index.track.id);
  bars.set(index, made);
  return made;
}

export interface PlacedStage {
  readonly name: string;
  readonly x0: number;
  readonly x1: number;
  /** Whether its name fits between its ends. */
  readonly labelled: boolean;
}

/**
 * The stages that are on screen, kept to their visible part.
 *
 * @param measure the width of a name in pixels
 */
export function placeStages(
  stages: readonly StageBar[],
  window: { readonly widthPx: number; readonly project: (time: number) => number },
  measure: (name: string) => number,
): PlacedStage[] {
  return stages.flatMap(({ stage, start, end }) => {
    const x0 = Math.max(window.project(start), 0);
    const x1 = Math.min(window.project(end), window.widthPx);
    return x1 <= x0 ? [] : [{ name: stage, x0, x1, labelled: x1 - x0 >= measure(stage) }];
  });
}
