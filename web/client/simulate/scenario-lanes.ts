/**
 * The lanes of any scenario: one a world, with a strip for each of its tracks; the words are the tracks' own.
 */

import type { Timeline } from "../../../simulator/trace/timeline.ts";
import { WORLDS } from "../race/worlds.ts";
import type { Lane } from "../timeline/lane.ts";
import { indexTracks } from "../timeline/track-index.ts";

/** So many strips of one world are seen at once; the others are asked for. */
export const STRIPS_AT_ONCE = 4;

/**
 * @param all whether every strip is shown, or the first few of each world
 */
export function scenarioLanes(timeline: Timeline | undefined, all: boolean): Lane[] {
  if (timeline === undefined) return [];
  const indexed = indexTracks(timeline);
  return WORLDS.flatMap(({ world, title, subtitle }) => {
    const tracks = indexed.filter(({ track }) => track.world === world);
    const [first] = tracks;
    if (first === undefined) return [];
    // A name that says no more than the world's leaves the world's own words.
    const says = tracks.length === 1 && !first.track.name.startsWith(title);
    return [
      {
        id: world,
        world,
        title,
        subtitle: says ? first.track.name : subtitle,
        tracks: all ? tracks : tracks.slice(0, STRIPS_AT_ONCE),
      },
    ];
  });
}

/**
 * How many strips the lanes would have more.
 */
export function hiddenStrips(timeline: Timeline | undefined, lanes: readonly Lane[]): number {
  if (timeline === undefined) return 0;
  return indexTracks(timeline).length - lanes.reduce((sum, { tracks }) => sum + tracks.length, 0);
}
