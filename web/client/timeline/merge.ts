/**
 * The tracks that a figure shows, as one timeline: what is saved is what is seen.
 */

import type { Timeline } from "../../../simulator/trace/timeline.ts";
import type { TrackIndex } from "./track-index.ts";

/**
 * One timeline of the tracks given. Two tracks of different timelines may have one id (a world simulated, and measured);
 * here every track gets its own.
 */
export function mergeTracks(title: string, tracks: readonly TrackIndex[]): Timeline {
  const named = tracks.map((index, at) => ({ index, id: `${at + 1}-${index.track.id}` }));
  return {
    title,
    tracks: named.map(({ index, id }) => ({
      ...index.track,
      id,
      name: `${index.track.name} (${index.track.provenance.kind})`,
    })),
    spans: named.flatMap(({ index, id }) => index.spans.map((span) => ({ ...span, track: id }))),
    instants: named.flatMap(({ index, id }) => index.instants.map((instant) => ({ ...instant, track: id }))),
    counters: named.flatMap(({ index, id }) =>
      index.timeline.counters
        .filter(({ track }) => track === index.track.id)
        .map((sample) => ({ ...sample, track: id })),
    ),
  };
}
