/**
 * The measures of a strip, in pixels: from the top the flags of the marks, user mode above the line, the levels below
 * it, the stages.
 */

export const FLAG_ROW_PX = 13;
export const ABOVE_PX = 22;
export const LEVEL_PX = 22;
export const STAGE_PX = 20;
/** Room left of the axis for the letters of the levels, and right of it for the last tick's label. */
export const MARGIN = { left: 22, right: 14 } as const;

export interface StripGeometry {
  readonly waterlineY: number;
  readonly stageY: number;
  readonly heightPx: number;
  /** Where time in a mode of this depth is drawn to. */
  levelY(depth: number): number;
}

/**
 * The geometry of a strip.
 *
 * @param flagRows how many marks have a flag
 * @param maxDepth the deepest level that is drawn
 */
export function stripGeometry(flagRows: number, maxDepth: number): StripGeometry {
  const waterlineY = Math.max(flagRows, 1) * FLAG_ROW_PX + 5 + ABOVE_PX;
  const stageY = waterlineY + maxDepth * LEVEL_PX + 8;
  return {
    waterlineY,
    stageY,
    heightPx: stageY + STAGE_PX,
    levelY: (depth) => (depth === 0 ? waterlineY - ABOVE_PX : waterlineY + depth * LEVEL_PX),
  };
}
