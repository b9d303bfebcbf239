/**
 * A figure as a table: the same figures for those who do not see it, and for those who want to count.
 */

import type { StageBar } from "../../../simulator/trace/stages.ts";
import { DEPTH_OF_MODE } from "../../../simulator/trace/timeline.ts";
import { stageBars } from "./stages.ts";
import type { TrackIndex } from "./track-index.ts";

export interface StageRow {
  readonly stage: string;
  readonly start: number;
  readonly length: number;
  /** Time by depth: above the line, one below, two below. */
  readonly byDepth: readonly [number, number, number];
  /** How many operations it joins. */
  readonly spans: number;
}

/**
 * A track's stages with what each cost.
 */
export function stageRows(index: TrackIndex): StageRow[] {
  return stageBars(index).map((bar) => ({
    stage: bar.stage,
    start: bar.start,
    length: bar.end - bar.start,
    byDepth: byDepth(bar.timeByMode),
    spans: bar.spans,
  }));
}

function byDepth(timeByMode: StageBar["timeByMode"]): [number, number, number] {
  const times = new Map(Object.entries(timeByMode));
  const totals: [number, number, number] = [0, 0, 0];
  for (const [mode, depth] of Object.entries(DEPTH_OF_MODE)) totals[depth] += times.get(mode) ?? 0;
  return totals;
}
