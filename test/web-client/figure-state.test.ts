/** A figure without a screen: stepping, playing, zooming, and its keys. */

import { describe, expect, it } from "vitest";
import { FigureState } from "../../web/client/timeline/figure-state.ts";
import { pressKey } from "../../web/client/timeline/keyboard.ts";
import { WHOLE } from "../../web/client/timeline/view.ts";
import { trackOf } from "./timelines.ts";

function figure(): FigureState {
  const state = new FigureState();
  const track = trackOf(
    [
      { mode: "user", start: 0, end: 100_000 },
      { mode: "kernel", start: 100_000, end: 400_000 },
      { mode: "user", start: 400_000, end: 1_000_000 },
    ],
    { marks: { "first byte": 450_000, gone: 1_000_000 } },
  );
  const steps = trackOf(
    Array.from({ length: 10 }, (_, at) => ({ mode: "supervisor" as const, start: at, end: at + 1 })),
    { unit: "step" },
  );
  const lane = { world: "process" as const, title: "Process", subtitle: "" };
  state.lanes.value = [
    { ...lane, id: "timed", tracks: [track] },
    { ...lane, id: "stepped", world: "address-space", tracks: [steps] },
  ];
  return state;
}

describe("a figure", () => {
  it("ends a little beyond its last moment, and never counts steps as time", () => {
    expect(figure().end.value).toBeCloseTo(1_040_000);
  });

  it("steps from event to event, there and back", () => {
    const state = figure();
    const visited = Array.from({ length: 4 }, () => {
      state.step(1);
      return state.cursor.value;
    });
    expect(visited).toEqual([100_000, 400_000, 450_000, 1_000_000]);
    state.step(-1, 10);
    expect(state.cursor.value).toBe(0);
  });

  it("moves the stepped lane by whole steps beside it", () => {
    const state = figure();
    state.home();
    state.step(1, 3);
    expect(state.stepCursor.value).toBe(3);
    state.toEnd();
    expect(state.stepCursor.value).toBe(9);
  });

  it("plays from the left edge of the window to the right one, and stops there", () => {
    const state = figure();
    state.togglePlay();
    let frames = 0;
    while (state.playing.value && frames < 10_000) {
      state.advance(50);
      frames++;
    }
    expect(state.playing.value).toBe(false);
    expect(state.cursor.value).toBeCloseTo(state.end.value, 0);
    expect(state.stepCursor.value).toBe(9);
  });

  it("starts over when it is played again at the end", () => {
    const state = figure();
    state.moveTo(state.end.value);
    state.togglePlay();
    expect(state.playing.value).toBe(true);
    expect(state.cursor.value).toBe(0);
  });

  it("brings the cursor on screen when it is moved off it", () => {
    const state = figure();
    state.fitTo(0, 100_000);
    state.moveTo(900_000);
    const place = state.warp.value.toPlace(900_000);
    expect(place).toBeGreaterThanOrEqual(state.view.value.from);
    expect(place).toBeLessThanOrEqual(state.view.value.to);
  });

  it("keeps the cursor under the pointer while that is there, and where it was when it has gone", () => {
    const state = figure();
    state.moveTo(100_000);
    state.hover.value = 5;
    expect(state.shownTime.value).toBe(5);
    state.hover.value = undefined;
    expect(state.shownTime.value).toBe(100_000);
  });

  it("does what the keys say", () => {
    const state = figure();
    expect(pressKey(state, "w", false)).toBe(true);
    expect(state.view.value.to - state.view.value.from).toBeLessThan(1);
    pressKey(state, "F", false);
    expect(state.view.value).toEqual(WHOLE);
    pressKey(state, " ", false);
    expect(state.playing.value).toBe(true);
    pressKey(state, "ArrowRight", false);
    expect(state.playing.value).toBe(false);
    pressKey(state, "]", false);
    expect(state.speed.value).toBe(2);
    expect(pressKey(state, "q", false)).toBe(false);
  });
});
