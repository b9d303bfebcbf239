/**
 * The keys of a figure (Perfetto's for the window, a player's for time).
 */

import type { FigureState } from "./figure-state.ts";

const PAN = 0.25;
const ZOOM = 1.5;

const ACTIONS: Readonly<Record<string, (state: FigureState, shift: boolean) => void>> = {
  " ": (state) => state.togglePlay(),
  ArrowRight: (state, shift) => state.step(1, shift ? 10 : 1),
  ArrowLeft: (state, shift) => state.step(-1, shift ? 10 : 1),
  Home: (state) => state.home(),
  End: (state) => state.toEnd(),
  "[": (state) => state.changeSpeed(-1),
  "]": (state) => state.changeSpeed(1),
  w: (state) => state.zoom(ZOOM),
  s: (state) => state.zoom(1 / ZOOM),
  a: (state) => state.pan(-PAN),
  d: (state) => state.pan(PAN),
  f: (state) => state.fit(),
};

/**
 * Does what a key means.
 *
 * @returns whether it means anything
 */
export function pressKey(state: FigureState, key: string, shift: boolean): boolean {
  const action = ACTIONS[key.length === 1 ? key.toLowerCase() : key];
  action?.(state, shift);
  return action !== undefined;
}
