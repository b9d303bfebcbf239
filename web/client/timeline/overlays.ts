/**
 * The cursor over the strips: a hairline through every strip, the moment on the axis, and while playing a veil over
 * what has not happened yet. Moved by transform, so that nothing is laid out anew.
 */

import type { FigureState } from "./figure-state.ts";
import { formatNs } from "./format.ts";
import { MARGIN } from "./geometry.ts";
import { lastMoment, steppedTracks } from "./lane.ts";
import type { Window } from "./teeth.ts";

/**
 * Moves the overlays of a figure to where its state says.
 */
export function moveOverlays(figure: HTMLElement, state: FigureState, window: Window, widthPx: number): void {
  const time = state.shownTime.value;
  const timeX = time === undefined ? undefined : window.project(time);
  const step = state.shownStep.value;
  const steps = Math.max(lastMoment(steppedTracks(state.lanes.value)), 1);
  const stepX = step === undefined ? undefined : ((Math.floor(step) + 0.5) / steps) * widthPx;
  for (const strip of figure.querySelectorAll<HTMLElement>(".strip")) {
    const x = strip.dataset.unit === "step" ? stepX : timeX;
    place(strip.querySelector<HTMLElement>(".cursor-line"), x, widthPx);
    veil(strip.querySelector<HTMLElement>(".veil"), state.playing.value ? x : undefined, widthPx);
  }
  label(figure.querySelector<HTMLElement>(".cursor-time"), time, timeX, widthPx);
}

function place(line: HTMLElement | null, x: number | undefined, widthPx: number): void {
  if (line === null) return;
  const shown = x !== undefined && x >= -0.5 && x <= widthPx + 0.5;
  line.hidden = !shown;
  if (shown) line.style.transform = `translateX(${MARGIN.left + x}px)`;
}

function veil(cover: HTMLElement | null, x: number | undefined, widthPx: number): void {
  if (cover === null) return;
  cover.hidden = x === undefined;
  if (x === undefined) return;
  cover.style.left = `${MARGIN.left + Math.min(Math.max(x, 0), widthPx) + 1}px`;
  cover.style.right = `${MARGIN.right - 1}px`;
}

function label(output: HTMLElement | null, time: number | undefined, x: number | undefined, widthPx: number): void {
  if (output === null) return;
  const shown = time !== undefined && x !== undefined && x >= 0 && x <= widthPx;
  output.hidden = !shown;
  if (!shown) return;
  output.textContent = formatNs(time);
  const half = output.offsetWidth / 2;
  output.style.transform = `translateX(${MARGIN.left + Math.min(Math.max(x, half - MARGIN.left), widthPx - half + MARGIN.right) - half}px)`;
}
