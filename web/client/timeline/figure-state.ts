/**
 * What a figure shows of its lanes: scale, window, cursor, playing. It lives outside the element that draws it, so that
 * a page can keep it in its address and several views can share one cursor. No DOM, no clock: time comes in through
 * `advance`.
 */

import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import { type Lane, lastMoment, steppedTracks, timedTracks } from "./lane.ts";
import { neighbourEvent } from "./track-index.ts";
import { clampView, panView, revealPlace, type View, WHOLE, zoomView } from "./view.ts";
import { createWarp, kneeOf, type ScaleKind, type Warp } from "./warp.ts";

/** How long the cursor takes from one edge of the window to the other, at speed 1. */
const SWEEP_MS = 12_000;
export const SPEEDS: readonly number[] = [0.25, 0.5, 1, 2, 4];

export class FigureState {
  readonly lanes: Signal<readonly Lane[]> = signal([]);
  readonly scale: Signal<ScaleKind> = signal("log");
  /** The knee that is drawn: equal to the scale's but during the change from one to the other. */
  readonly knee: Signal<number | undefined> = signal(undefined);
  readonly view: Signal<View> = signal(WHOLE);
  /** Where the cursor was put, in ns. */
  readonly cursor: Signal<number | undefined> = signal(undefined);
  /** Where the pointer is; wins over the cursor while it is there. */
  readonly hover: Signal<number | undefined> = signal(undefined);
  /** The position on tracks that count steps: they have no time, so they do not follow the cursor. */
  readonly stepCursor: Signal<number | undefined> = signal(undefined);
  readonly stepHover: Signal<number | undefined> = signal(undefined);
  readonly playing: Signal<boolean> = signal(false);
  readonly speed: Signal<number> = signal(1);

  /** The end of the axis: a little beyond the last moment, so that the last mark does not lie on the edge. */
  readonly end: ReadonlySignal<number> = computed(() => Math.max(lastMoment(timedTracks(this.lanes.value)) * 1.04, 1));
  readonly warp: ReadonlySignal<Warp> = computed(() =>
    createWarp(this.knee.value ?? kneeOf(this.scale.value, this.end.value), this.end.value),
  );
  readonly shownTime: ReadonlySignal<number | undefined> = computed(() => this.hover.value ?? this.cursor.value);
  readonly shownStep: ReadonlySignal<number | undefined> = computed(
    () => this.stepHover.value ?? this.stepCursor.value,
  );

  /** Zooms about the cursor, or about the middle where the cursor is not on screen. */
  zoom(factor: number, anchor: number = this.#anchor()): void {
    this.view.value = zoomView(this.view.value, factor, anchor);
  }

  pan(share: number): void {
    this.view.value = panView(this.view.value, share);
  }

  fit(): void {
    this.view.value = WHOLE;
  }

  /** Shows the time from `from` to `to` with a little air behind it. */
  fitTo(from: number, to: number): void {
    const { warp } = this;
    this.view.value = clampView({
      from: warp.value.toPlace(from),
      to: warp.value.toPlace(Math.min(to + (to - from) * 0.04, this.end.value)),
    });
  }

  /** Puts the cursor somewhere and brings it on screen. */
  moveTo(time: number): void {
    this.cursor.value = Math.min(Math.max(time, 0), this.end.value);
    this.hover.value = undefined;
    this.view.value = revealPlace(this.view.value, this.warp.value.toPlace(this.cursor.value));
  }

  /** To the next thing that happens in any lane, or the one before, `count` times. */
  step(direction: 1 | -1, count = 1): void {
    this.playing.value = false;
    const tracks = timedTracks(this.lanes.value);
    let time = this.cursor.value ?? 0;
    for (let done = 0; done < count; done++) time = neighbourEvent(tracks, time, direction) ?? time;
    this.moveTo(time);
    this.#stepTracks(direction * count);
  }

  home(): void {
    this.playing.value = false;
    this.moveTo(0);
    if (this.#stepEnd() > 0) this.stepCursor.value = 0;
  }

  toEnd(): void {
    this.playing.value = false;
    this.moveTo(lastMoment(timedTracks(this.lanes.value)));
    if (this.#stepEnd() > 0) this.stepCursor.value = this.#stepEnd() - 1;
  }

  togglePlay(): void {
    this.hover.value = undefined;
    if (!this.playing.value && this.#place() >= this.view.value.to - 1e-6) {
      this.cursor.value = this.warp.value.toTime(this.view.value.from);
      if (this.#stepEnd() > 0) this.stepCursor.value = 0;
    }
    this.playing.value = !this.playing.value;
  }

  /** Lets the cursor run on, at an even pace on screen. Stops at the window's edge. */
  advance(elapsedMs: number): void {
    const { from, to } = this.view.value;
    const place = this.#place() + (elapsedMs / SWEEP_MS) * this.speed.value * (to - from);
    const share = Math.min(1, Math.max(0, (place - from) / (to - from)));
    this.cursor.value = this.warp.value.toTime(Math.min(place, to));
    if (this.#stepEnd() > 0) this.stepCursor.value = Math.min(share * this.#stepEnd(), this.#stepEnd() - 1);
    if (place >= to) this.playing.value = false;
  }

  /** The next faster or slower speed. */
  changeSpeed(direction: 1 | -1): void {
    const at = SPEEDS.indexOf(this.speed.value) + direction;
    this.speed.value = SPEEDS[Math.min(Math.max(at, 0), SPEEDS.length - 1)] ?? 1;
  }

  #place(): number {
    return this.warp.value.toPlace(this.cursor.value ?? 0);
  }

  #anchor(): number {
    const { from, to } = this.view.value;
    const shown = this.shownTime.value;
    const place = shown === undefined ? undefined : this.warp.value.toPlace(shown);
    return place !== undefined && place >= from && place <= to ? place : (from + to) / 2;
  }

  #stepEnd(): number {
    return lastMoment(steppedTracks(this.lanes.value));
  }

  #stepTracks(steps: number): void {
    const end = this.#stepEnd();
    if (end === 0) return;
    this.stepCursor.value = Math.min(Math.max(Math.floor(this.stepCursor.value ?? 0) + steps, 0), end - 1);
  }
}
