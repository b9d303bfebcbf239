/**
 * How the lines of one world are told apart: they have one hue, so each has a pattern of its own.
 */

import type { World } from "../../../simulator/trace/timeline.ts";

const DASHES: readonly (readonly number[])[] = [
  [],
  [8, 3],
  [3, 3],
  [10, 3, 2, 3],
  [14, 4],
  [2, 5],
  [10, 3, 2, 3, 2, 3],
  [5, 2, 1, 2],
];

/**
 * The pattern of a line: lengths drawn and left out, in turn; none for a full line.
 *
 * @param all in their order
 */
export function dashOf<One extends { readonly world: World }>(all: readonly One[], one: One): readonly number[] {
  const sameWorld = all.filter(({ world }) => world === one.world);
  return DASHES[sameWorld.indexOf(one) % DASHES.length] ?? [];
}
