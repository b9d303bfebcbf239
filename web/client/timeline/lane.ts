/**
 * A lane of a figure: one world, with a strip for each of its tracks that is shown.
 */

import type { World } from "../../../simulator/trace/timeline.ts";
import type { TrackIndex } from "./track-index.ts";

export interface Lane {
  readonly id: string;
  readonly world: World;
  readonly title: string;
  /** One line on what the world is. */
  readonly subtitle: string;
  readonly tracks: readonly TrackIndex[];
}

/**
 * Whether a lane is drawn against steps, since its world has no public timings.
 */
export function countsSteps(lane: Lane): boolean {
  return lane.tracks.length > 0 && lane.tracks.every(({ track }) => track.unit === "step");
}

/**
 * The tracks that share the time axis.
 */
export function timedTracks(lanes: readonly Lane[]): TrackIndex[] {
  return lanes.flatMap((lane) => lane.tracks.filter(({ track }) => track.unit === "ns"));
}

/**
 * The tracks that are drawn against steps.
 */
export function steppedTracks(lanes: readonly Lane[]): TrackIndex[] {
  return lanes.flatMap((lane) => lane.tracks.filter(({ track }) => track.unit === "step"));
}

/**
 * The last moment of any of the tracks.
 */
export function lastMoment(tracks: readonly TrackIndex[]): number {
  return tracks.reduce((last, { end }) => Math.max(last, end), 0);
}
