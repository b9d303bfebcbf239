/**
 * The waterline's shape at one zoom: what is wide enough to be seen becomes a tooth with its own edges; what is not
 * becomes density, the share of each pixel's time that was spent at that depth. So a fine comb turns into an even
 * shade, never into noise, and a single dip never vanishes.
 */

import { DEPTH_OF_MODE } from "../../../simulator/trace/timeline.ts";
import { lastStartedBy, type TrackIndex } from "./track-index.ts";

export interface Tooth {
  readonly x0: number;
  readonly x1: number;
  readonly depth: number;
  /** The track was elsewhere just before, though too briefly to be seen: the edge is drawn all the same. */
  readonly notched: boolean;
}

/** Neighbouring pixels of about the same density. `level` is 1 to DENSITY_LEVELS. */
export interface Shade {
  readonly x0: number;
  readonly x1: number;
  readonly depth: number;
  readonly level: number;
}

export interface Shape {
  readonly teeth: readonly Tooth[];
  readonly shades: readonly Shade[];
}

export const DENSITY_LEVELS = 6;

/** Narrower than this, a tooth's two edges would be one line. */
export const NARROWEST_TOOTH_PX = 2;

/** A gap that nobody can see does not part two spans of one depth. */
const INVISIBLE_GAP_PX = 0.3;

/** What goes on beyond the edge is drawn a little beyond it, so that no edge of a tooth shows where none is. */
const BEYOND_PX = 8;

export interface Window {
  readonly from: number;
  readonly to: number;
  readonly widthPx: number;
  readonly project: (time: number) => number;
}

/**
 * Cuts the part of a track that is on screen into teeth and shades.
 */
export function shapeOf(index: TrackIndex, window: Window): Shape {
  const teeth: Tooth[] = [];
  const coverage = new Coverage(Math.ceil(window.widthPx));
  let before: Run | undefined;
  for (const run of runsOfOneDepth(index, window)) {
    if (run.x1 - run.x0 < NARROWEST_TOOTH_PX) coverage.add(run);
    else teeth.push({ ...run, notched: before !== undefined && before.x1 - before.x0 < NARROWEST_TOOTH_PX });
    before = run;
  }
  return { teeth, shades: coverage.shades() };
}

type Run = Omit<Tooth, "notched">;

/** Touching spans of one depth, joined, in pixels. */
function* runsOfOneDepth(index: TrackIndex, window: Window): Generator<Run> {
  let run: Run | undefined;
  for (let at = Math.max(0, lastStartedBy(index, window.from)); at < index.spans.length; at++) {
    const span = index.spans[at];
    if (span === undefined || span.start >= window.to) break;
    if (span.end <= window.from) continue;
    const x0 = Math.max(window.project(span.start), -BEYOND_PX);
    const x1 = Math.min(window.project(span.end), window.widthPx + BEYOND_PX);
    const next = { x0, x1, depth: DEPTH_OF_MODE[span.mode] };
    if (run !== undefined && run.depth === next.depth && next.x0 - run.x1 < INVISIBLE_GAP_PX) {
      run = { ...run, x1: next.x1 };
      continue;
    }
    if (run !== undefined) yield run;
    run = next;
  }
  if (run !== undefined) yield run;
}

/** Adds up how much of every pixel is covered, depth by depth. */
class Coverage {
  readonly #depths: readonly Float32Array[];

  constructor(widthPx: number) {
    this.#depths = [0, 1, 2].map(() => new Float32Array(widthPx));
  }

  add(run: Run): void {
    const pixels = this.#depths[run.depth];
    if (pixels === undefined) return;
    for (let x = Math.max(0, Math.floor(run.x0)); x < Math.min(pixels.length, run.x1); x++) {
      pixels[x] = (pixels[x] ?? 0) + Math.min(run.x1, x + 1) - Math.max(run.x0, x);
    }
  }

  shades(): Shade[] {
    return this.#depths.flatMap((pixels, depth) => shadesOf(pixels, depth));
  }
}

function shadesOf(pixels: Float32Array, depth: number): Shade[] {
  const shades: Shade[] = [];
  for (let x = 0; x < pixels.length; x++) {
    const level = Math.min(DENSITY_LEVELS, Math.ceil((pixels[x] ?? 0) * DENSITY_LEVELS));
    const last = shades.at(-1);
    if (last !== undefined && last.level === level && last.x1 === x) shades[shades.length - 1] = { ...last, x1: x + 1 };
    else if (level > 0) shades.push({ x0: x, x1: x + 1, depth, level });
  }
  return shades;
}
