/**
 * Where a scenario's captions stand in a run: each once, with its place in every world that has one.
 */

import { placeCaptions } from "../../../simulator/scenarios/captions.ts";
import type { Caption } from "../../../simulator/scenarios/scenario.ts";
import type { Timeline, TimeUnit, World } from "../../../simulator/trace/timeline.ts";

export interface CaptionPlace {
  readonly world: World;
  readonly at: number;
  readonly unit: TimeUnit;
}

export interface CaptionWords {
  readonly text: string;
  /** The first place in each world. */
  readonly places: readonly CaptionPlace[];
}

/**
 * The captions that lie on something, in the order in which the scenario has them.
 */
export function captionWords(captions: readonly Caption[], timeline: Timeline): CaptionWords[] {
  const placed = placeCaptions(captions, timeline);
  return captions.flatMap(({ text }) => {
    const first = new Map<World, CaptionPlace>();
    for (const one of placed.filter((candidate) => candidate.text === text)) {
      const track = timeline.tracks.find(({ id }) => id === one.track);
      if (track === undefined) continue;
      const known = first.get(track.world);
      if (known === undefined || one.at < known.at) first.set(track.world, { ...track, at: one.at });
    }
    return first.size === 0 ? [] : [{ text, places: [...first.values()] }];
  });
}
