/**
 * The lanes of any scenario: one a world, with a strip for each of its tracks; the words are the tracks' own.
 */

import type { Timeline, World } from "../../../simulator/trace/timeline.ts";
import { WORLDS } from "../race/worlds.ts";
import type { Lane } from "../timeline/lane.ts";
import { indexTracks } from "../timeline/track-index.ts";

/** What a world is, where its tracks' names do not say it: not how it is started, as in the race. */
const SUBTITLES: Readonly<Record<World, string>> = {
  process: "on the kernel that is there",
  container: "a process with a view of its own, on the same kernel",
  vm: "a second kernel, on a machine made of software",
  "address-space": "z/OS",
};

/** So many strips of one world are seen at once; the others are asked for. */
export const STRIPS_AT_ONCE = 4;

/**
 * @param all whether every strip is shown, or the first few of each world
 */
export function scenarioLanes(timeline: Timeline | undefined, all: boolean): Lane[] {
  if (timeline === undefined) return [];
  const indexed = indexTracks(timeline);
  return WORLDS.flatMap(({ world, title }) => {
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
        subtitle: says ? first.track.name : SUBTITLES[world],
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
