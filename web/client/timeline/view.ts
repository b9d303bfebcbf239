/**
 * The window onto the axis: which part of it is on screen. In places (0 to 1, see warp.ts), so that zooming feels the
 * same on either scale.
 */

export interface View {
  readonly from: number;
  readonly to: number;
}

export const WHOLE: View = { from: 0, to: 1 };

/** The narrowest window: ten thousand times in. */
const NARROWEST = 1e-4;

/**
 * The nearest window that lies within the axis and is not too narrow.
 */
export function clampView(view: View): View {
  const width = Math.min(Math.max(view.to - view.from, NARROWEST), 1);
  const from = Math.min(Math.max(view.from, 0), 1 - width);
  return { from, to: from + width };
}

/**
 * Zooms about a place that stays where it is on screen.
 *
 * @param factor above 1: closer
 */
export function zoomView(view: View, factor: number, anchor: number): View {
  return clampView({ from: anchor - (anchor - view.from) / factor, to: anchor + (view.to - anchor) / factor });
}

/**
 * Moves the window by a share of its own width.
 */
export function panView(view: View, share: number): View {
  const width = view.to - view.from;
  const from = Math.min(Math.max(view.from + share * width, 0), 1 - width);
  return { from, to: from + width };
}

/**
 * The least movement that brings a place into the window.
 */
export function revealPlace(view: View, place: number): View {
  if (place >= view.from && place <= view.to) return view;
  const width = view.to - view.from;
  return clampView({ from: place - width / 2, to: place + width / 2 });
}
