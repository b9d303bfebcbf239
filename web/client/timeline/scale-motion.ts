/**
 * The change from one scale to the other: the axis bends over a quarter of a second, so that the eye can follow every
 * tooth to its new place. At once under reduced motion.
 */

import type { FigureState } from "./figure-state.ts";
import { WHOLE } from "./view.ts";
import { kneeBetween, kneeOf, type ScaleKind } from "./warp.ts";

const DURATION_MS = 250;

/**
 * Changes the scale of a figure. The window opens to the whole, since the part that was shown is elsewhere now.
 */
export function changeScale(state: FigureState, kind: ScaleKind): void {
  if (state.scale.value === kind) return;
  const from = kneeOf(state.scale.value, state.end.value);
  const to = kneeOf(kind, state.end.value);
  state.scale.value = kind;
  state.view.value = WHOLE;
  if (window.matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  state.knee.value = from;
  const started = performance.now();
  const tick = (now: number): void => {
    const share = Math.min(Math.max((now - started) / DURATION_MS, 0), 1);
    state.knee.value = share < 1 ? kneeBetween(from, to, share * share * (3 - 2 * share)) : undefined;
    if (share < 1) requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}
