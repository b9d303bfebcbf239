/**
 * Where the flags of the marks hang: one row each, going down like stairs, so that no label ever crosses the pole of
 * another. Near the right edge a label stands left of its pole.
 */

import type { Mark } from "./summary.ts";

export interface Flag extends Mark {
  readonly x: number;
  readonly row: number;
  readonly anchor: "start" | "end";
}

/**
 * Places the flags of the marks that are on screen.
 *
 * @param measure the width of a mark's label in pixels
 */
export function placeFlags(
  marks: readonly Mark[],
  window: { readonly widthPx: number; readonly project: (time: number) => number },
  measure: (mark: Mark) => number,
): Flag[] {
  return marks.flatMap((mark, row) => {
    const x = window.project(mark.at);
    if (x < -0.5 || x > window.widthPx + 0.5) return [];
    return [{ ...mark, x, row, anchor: x + measure(mark) > window.widthPx ? ("end" as const) : ("start" as const) }];
  });
}
