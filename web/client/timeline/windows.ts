/**
 * From time to pixels, for the part of the axis that is on screen.
 */

import type { Window } from "./teeth.ts";
import type { TrackIndex } from "./track-index.ts";
import type { View } from "./view.ts";
import type { Warp } from "./warp.ts";

/**
 * The window of the shared time axis.
 */
export function timeWindow(warp: Warp, view: View, widthPx: number): Window {
  const scale = widthPx / (view.to - view.from);
  return {
    from: warp.toTime(view.from),
    to: warp.toTime(view.to),
    widthPx,
    project: (time) => (warp.toPlace(time) - view.from) * scale,
  };
}

/**
 * The window of a track that counts steps: always whole, each step as wide as the next.
 */
export function stepWindow(index: TrackIndex, widthPx: number): Window {
  const to = Math.max(index.end, 1);
  return { from: 0, to, widthPx, project: (step) => (step / to) * widthPx };
}
