/**
 * The axis over the lanes: ticks, and the moments that they stand for.
 */

import { select } from "d3";
import type { TimeUnit } from "../../../simulator/trace/timeline.ts";
import { formatTick } from "./format.ts";
import { MARGIN } from "./geometry.ts";
import type { Tick } from "./ticks.ts";

export const AXIS_HEIGHT_PX = 26;

/**
 * Draws the axis, in place of what the element showed before.
 *
 * @param side where the lanes are
 */
export function drawAxis(
  svg: SVGSVGElement,
  axis: {
    readonly ticks: readonly Tick[];
    readonly widthPx: number;
    readonly unit: TimeUnit;
    readonly side: "below" | "above";
  },
): void {
  const width = axis.widthPx + MARGIN.left + MARGIN.right;
  const edge = axis.side === "below" ? AXIS_HEIGHT_PX - 0.5 : 0.5;
  const inward = axis.side === "below" ? -1 : 1;
  const root = select(svg).attr("width", width).attr("height", AXIS_HEIGHT_PX);
  const group = root.selectAll("g").data([axis]).join("g").attr("transform", `translate(${MARGIN.left},0)`);
  group
    .selectAll("path")
    .data([axis])
    .join("path")
    .attr(
      "d",
      `M0,${edge}H${axis.widthPx}` +
        axis.ticks.map(({ x, labelled }) => `M${x},${edge}v${inward * (labelled ? 6 : 3)}`).join(""),
    );
  group
    .selectAll("text")
    .data(axis.ticks.filter((tick) => tick.labelled))
    .join("text")
    .attr("x", ({ x }) => x)
    .attr("y", axis.side === "below" ? AXIS_HEIGHT_PX - 10 : 19)
    .text(({ time }) => (axis.unit === "ns" ? formatTick(time) : String(time)));
}
