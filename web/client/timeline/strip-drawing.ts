/**
 * What the drawing of one strip needs to know: the track, the window onto it, and the room that it has.
 */

import type { StripGeometry } from "./geometry.ts";
import type { Mark } from "./summary.ts";
import type { Window } from "./teeth.ts";
import type { Tick } from "./ticks.ts";
import type { TrackIndex } from "./track-index.ts";

export interface StripDrawing {
  readonly index: TrackIndex;
  readonly marks: readonly Mark[];
  readonly window: Window;
  readonly geometry: StripGeometry;
  readonly ticks: readonly Tick[];
  /** Unique in the document: the hatches are named after it. */
  readonly id: string;
}
