/**
 * The hatches that repeat the depth: none above the line, strokes in the kernel, crossed strokes in the hypervisor, as
 * an engraver would shade them. The strokes are in the paper's colour, cut out of the fill.
 */

import { select } from "d3";

/** One row a depth below the surface: the strokes of an 6 by 6 tile. */
const HATCHES = [
  { depth: 1, tile: 6, strokes: "M-1,1 L1,-1 M0,6 L6,0 M5,7 L7,5" },
  { depth: 2, tile: 5, strokes: "M-1,1 L1,-1 M0,5 L5,0 M4,6 L6,4 M-1,4 L1,6 M0,0 L5,5 M4,-1 L6,1" },
] as const;

/**
 * Makes the hatches of one SVG element, and the clip that keeps teeth within the plot.
 */
export function drawDefinitions(
  svg: SVGSVGElement,
  id: string,
  plot: { readonly widthPx: number; readonly heightPx: number },
): void {
  const definitions = select(svg).selectAll<SVGDefsElement, string>("defs").data([id]).join("defs");
  definitions
    .selectAll("clipPath")
    .data([plot])
    .join((enter) => {
      const clip = enter.append("clipPath");
      clip.append("rect").attr("x", -0.5);
      return clip;
    })
    .attr("id", clipId(id))
    .select("rect")
    .attr("width", ({ widthPx }) => widthPx + 1)
    .attr("height", ({ heightPx }) => heightPx);
  definitions
    .selectAll("pattern")
    .data(HATCHES)
    .join((enter) => {
      const pattern = enter.append("pattern");
      pattern.append("path").attr("class", "hatch-stroke");
      return pattern;
    })
    .attr("id", ({ depth }) => hatchId(id, depth))
    .attr("patternUnits", "userSpaceOnUse")
    .attr("width", ({ tile }) => tile)
    .attr("height", ({ tile }) => tile)
    .select("path")
    .attr("d", ({ strokes }) => strokes);
}

/**
 * The name of the plot's clip within the document.
 */
export function clipId(id: string): string {
  return `${id}-clip`;
}

/**
 * The name of the hatch of a depth within the document.
 */
export function hatchId(id: string, depth: number): string {
  return `${id}-hatch-${depth}`;
}
