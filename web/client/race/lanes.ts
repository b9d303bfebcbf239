/**
 * Which strips the race shows: for each world the simulated one, the measured one, or both.
 */

import type { Timeline, World } from "../../../simulator/trace/timeline.ts";
import type { Lane } from "../timeline/lane.ts";
import { indexTracks, type TrackIndex } from "../timeline/track-index.ts";
import { WORLDS } from "./worlds.ts";

export type Shown = "simulated" | "measured" | "both";

export interface LaneSource {
  readonly simulated: Timeline | undefined;
  readonly measured: Readonly<Partial<Record<World, Timeline>>>;
  readonly shown: Readonly<Partial<Record<World, Shown>>>;
}

/**
 * The lanes of the race. A world that was not measured shows its simulation, whatever was asked for.
 */
export function raceLanes(source: LaneSource): Lane[] {
  return WORLDS.map(({ world, title, subtitle }) => ({
    id: world,
    world,
    title,
    subtitle,
    tracks: [
      ...tracksOf(source.simulated, world, showsSimulated(source, world)),
      ...tracksOf(source.measured[world], world, showsMeasured(source, world)),
    ],
  }));
}

/**
 * What a lane shows: as chosen; unless chosen, what was measured as soon as there is something.
 */
export function shownOf(source: LaneSource, world: World): Shown {
  if (source.measured[world] === undefined) return "simulated";
  return source.shown[world] ?? "measured";
}

function showsSimulated(source: LaneSource, world: World): boolean {
  return shownOf(source, world) !== "measured";
}

function showsMeasured(source: LaneSource, world: World): boolean {
  return shownOf(source, world) !== "simulated";
}

function tracksOf(timeline: Timeline | undefined, world: World, wanted: boolean): readonly TrackIndex[] {
  if (timeline === undefined || !wanted) return [];
  return indexTracks(timeline).filter(({ track }) => track.world === world);
}
