/**
 * The pointer over a figure: moving shows a moment, clicking keeps it, dragging chooses what to zoom into, Ctrl and the
 * wheel zoom, a sideways wheel moves. A finger scrubs: dragging with it moves the cursor.
 */

import type { FigureState } from "./figure-state.ts";
import { MARGIN } from "./geometry.ts";
import { lastMoment, steppedTracks } from "./lane.ts";
import { clampView } from "./view.ts";

/** Less than this is a click with an unsteady hand. */
const DRAG_PX = 5;

export class PointerControl {
  readonly #state: () => FigureState;
  readonly #widthPx: () => number;
  #dragFrom: number | undefined;

  constructor(state: () => FigureState, widthPx: () => number) {
    this.#state = state;
    this.#widthPx = widthPx;
  }

  readonly move = (event: PointerEvent): void => {
    const plot = plotOf(event);
    if (plot === undefined) return;
    const state = this.#state();
    const x = this.#x(event, plot);
    if (isStepped(plot)) {
      state.stepHover.value = this.#stepAt(x);
      if (event.pointerType === "touch") state.stepCursor.value = state.stepHover.value;
      return;
    }
    if (state.playing.value && event.pointerType !== "touch") return;
    state.hover.value = this.#timeAt(x);
    if (event.pointerType === "touch") this.#keep(x);
    else if (this.#dragFrom !== undefined) showBrush(plot, this.#dragFrom, x);
  };

  readonly down = (event: PointerEvent): void => {
    const plot = plotOf(event);
    if (plot === undefined || event.button !== 0) return;
    if (event.pointerType === "touch") {
      this.move(event);
      return;
    }
    plot.setPointerCapture(event.pointerId);
    this.#dragFrom = this.#x(event, plot);
  };

  readonly up = (event: PointerEvent): void => {
    const plot = plotOf(event);
    const from = this.#dragFrom;
    this.#dragFrom = undefined;
    if (plot === undefined || from === undefined) return;
    showBrush(plot, 0, 0);
    const x = this.#x(event, plot);
    if (isStepped(plot)) this.#state().stepCursor.value = this.#stepAt(x);
    else if (Math.abs(x - from) < DRAG_PX) this.#keep(x);
    else this.#zoomTo(Math.min(from, x), Math.max(from, x));
  };

  readonly leave = (event: PointerEvent): void => {
    if (this.#dragFrom !== undefined && event.type === "pointerleave") return;
    this.#dragFrom = undefined;
    const plot = plotOf(event);
    if (plot !== undefined) showBrush(plot, 0, 0);
    const state = this.#state();
    state.hover.value = undefined;
    state.stepHover.value = undefined;
  };

  readonly wheel = (event: WheelEvent): void => {
    const plot = plotOf(event);
    if (plot === undefined || isStepped(plot)) return;
    const state = this.#state();
    const sideways = event.shiftKey ? event.deltaY : event.deltaX;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      state.zoom(Math.exp(-event.deltaY * 0.004), this.#placeAt(this.#x(event, plot)));
    } else if (sideways !== 0) {
      event.preventDefault();
      state.pan(sideways / this.#widthPx());
    }
  };

  #keep(x: number): void {
    const state = this.#state();
    state.playing.value = false;
    state.cursor.value = this.#timeAt(x);
  }

  #zoomTo(from: number, to: number): void {
    this.#state().view.value = clampView({ from: this.#placeAt(from), to: this.#placeAt(to) });
  }

  #x(event: MouseEvent, plot: HTMLElement): number {
    const x = event.clientX - plot.getBoundingClientRect().left - MARGIN.left;
    return Math.min(Math.max(x, 0), this.#widthPx());
  }

  #placeAt(x: number): number {
    const { from, to } = this.#state().view.value;
    return from + (x / this.#widthPx()) * (to - from);
  }

  #timeAt(x: number): number {
    return this.#state().warp.value.toTime(this.#placeAt(x));
  }

  #stepAt(x: number): number {
    const steps = lastMoment(steppedTracks(this.#state().lanes.value));
    return Math.min(Math.floor((x / this.#widthPx()) * steps), steps - 1);
  }
}

function plotOf(event: Event): HTMLElement | undefined {
  return event.currentTarget instanceof HTMLElement ? event.currentTarget : undefined;
}

function isStepped(plot: HTMLElement): boolean {
  return plot.closest<HTMLElement>(".strip")?.dataset.unit === "step";
}

function showBrush(plot: HTMLElement, from: number, to: number): void {
  const brush = plot.querySelector<HTMLElement>(".brush");
  if (brush === null) return;
  brush.hidden = Math.abs(to - from) < DRAG_PX;
  brush.style.left = `${MARGIN.left + Math.min(from, to)}px`;
  brush.style.width = `${Math.abs(to - from)}px`;
}
