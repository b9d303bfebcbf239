/**
 * The cursor's moment in one sentence a lane, for those who hear the page.
 */

import { formatNs } from "./format.ts";
import type { Lane } from "./lane.ts";
import { readoutAt } from "./readout.ts";
import { type TrackIndex, WORDS_OF_MODE } from "./track-index.ts";

/**
 * What all lanes on the time axis were doing at a moment.
 */
export function spokenMoment(lanes: readonly Lane[], time: number): string {
  const sentences = lanes.flatMap(({ title, tracks }) =>
    tracks
      .filter(({ track }) => track.unit === "ns")
      .map(
        (index) =>
          `${tracks.length > 1 ? `${title}, ${index.track.provenance.kind}` : title}: ${spokenTrack(index, time)}.`,
      ),
  );
  return [`${formatNs(time)}.`, ...sentences].join(" ");
}

function spokenTrack(index: TrackIndex, time: number): string {
  const readout = readoutAt(index, time);
  switch (readout.kind) {
    case "before":
      return "not started";
    case "after":
      return "gone";
    case "idle":
      return "nothing recorded";
    case "in":
      return `${readout.span.name}, ${WORDS_OF_MODE[readout.span.mode]}`;
  }
}
