/**
 * Teeth and shades as SVG path data (SVG 2, 9.3). One path for all of a kind keeps the document small: a VM's boot has
 * thousands of teeth.
 */

import type { StripGeometry } from "./geometry.ts";
import type { Shade, Tooth } from "./teeth.ts";

const round = (value: number): number => Math.round(value * 10) / 10;

/** The sliver of paper before a tooth that follows a visit too short to be drawn. */
const NOTCH_PX = 1;

/**
 * The area between the waterline and the depth, of every box given.
 */
export function boxesPath(
  boxes: readonly { readonly x0: number; readonly x1: number; readonly depth: number; readonly notched?: boolean }[],
  geometry: StripGeometry,
): string {
  return boxes
    .map(({ x0, x1, depth, notched }) => ({ depth, x1, x0: notched === true ? x0 + NOTCH_PX : x0 }))
    .map(
      ({ x0, x1, depth }) =>
        `M${round(x0)},${geometry.waterlineY}H${round(x1)}V${geometry.levelY(depth)}H${round(x0)}Z`,
    )
    .join("");
}

/** Teeth that touch share an edge; the line goes on from one to the next. */
const TOUCHING_PX = 0.5;

/**
 * The line that the track follows: level along each tooth, upright at each crossing, back to the waterline at a gap.
 */
export function outlinePath(teeth: readonly Tooth[], geometry: StripGeometry): string {
  let path = "";
  let end = -Infinity;
  for (const tooth of teeth) {
    const touches = tooth.x0 - end < TOUCHING_PX;
    if (!touches) path += `${path === "" ? "" : `V${geometry.waterlineY}`}M${round(tooth.x0)},${geometry.waterlineY}`;
    else if (tooth.notched) path += `V${geometry.waterlineY}M${round(tooth.x0 + NOTCH_PX)},${geometry.waterlineY}`;
    path += `V${geometry.levelY(tooth.depth)}H${round(tooth.x1)}`;
    end = tooth.x1;
  }
  return path === "" ? "" : `${path}V${geometry.waterlineY}`;
}

/**
 * The shades of one depth, by level.
 */
export function groupShades(
  shades: readonly Shade[],
): { readonly depth: number; readonly level: number; readonly boxes: Shade[] }[] {
  const groups = Map.groupBy(shades, ({ depth, level }) => `${depth}/${level}`);
  return [...groups.values()].flatMap((boxes) => {
    const first = boxes[0];
    return first === undefined ? [] : [{ depth: first.depth, level: first.level, boxes }];
  });
}
