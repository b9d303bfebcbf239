/**
 * The stages under a waterline: one line each with a gap to the next, the name below where it fits.
 */

import { select } from "d3";
import { textWidth } from "./measure-text.ts";
import { placeStages, stageBars } from "./stages.ts";
import type { StripDrawing } from "./strip-drawing.ts";

const FONT = "11px system-ui";

/**
 * Draws the stages.
 */
export function drawStages(group: SVGGElement, { index, window, geometry }: StripDrawing): void {
  const stages = placeStages(stageBars(index), window, (name) => textWidth(name, FONT) + 6);
  select(group)
    .selectAll("line")
    .data(stages)
    .join("line")
    .attr("x1", ({ x0 }) => x0)
    // The gap that parts two stages, as long as there is room for one.
    .attr("x2", ({ x0, x1 }) => (x1 - x0 > 3 ? x1 - 1.5 : x1))
    .attr("y1", geometry.stageY)
    .attr("y2", geometry.stageY);
  select(group)
    .selectAll("text")
    .data(stages.filter((stage) => stage.labelled))
    .join("text")
    .attr("x", ({ x0, x1 }) => (x0 + x1) / 2)
    .attr("y", geometry.stageY + 14)
    .text(({ name }) => name);
}
