/**
 * The marks of a track as flags: a pole down to the stages, the name and the moment beside its top.
 */

import { select } from "d3";
import { placeFlags } from "./flags.ts";
import { formatPosition } from "./format.ts";
import { FLAG_ROW_PX } from "./geometry.ts";
import { textWidth } from "./measure-text.ts";
import type { StripDrawing } from "./strip-drawing.ts";
import type { Mark } from "./summary.ts";

const FONT = "12px system-ui";
/** Between pole and text, and for the letter spacing that the measure does not know. */
const PADDING_PX = 14;

/**
 * Draws the flags.
 */
export function drawFlags(group: SVGGElement, { marks, window, geometry, index }: StripDrawing): void {
  const moment = (mark: Mark): string => formatPosition(mark.at, index.track.unit);
  const flags = placeFlags(marks, window, (mark) => textWidth(`${mark.name}  ${moment(mark)}`, FONT) + PADDING_PX);
  const baseline = (row: number): number => row * FLAG_ROW_PX + 10;
  const placed = select(group)
    .selectAll("g")
    .data(flags)
    .join((enter) => {
      const flag = enter.append("g");
      flag.append("line");
      const text = flag.append("text");
      text.append("tspan").attr("class", "moment");
      text.append("tspan").attr("class", "name");
      return flag;
    });
  placed
    .select("line")
    .attr("x1", ({ x }) => x)
    .attr("x2", ({ x }) => x)
    .attr("y1", ({ row }) => baseline(row) - 9)
    .attr("y2", geometry.stageY - 2);
  const text = placed
    .select("text")
    .attr("x", ({ x, anchor }) => (anchor === "start" ? x + 5 : x - 5))
    .attr("y", ({ row }) => baseline(row))
    .attr("text-anchor", ({ anchor }) => anchor);
  text.select(".moment").text((flag) => moment(flag));
  text.select(".name").text(({ name }) => `  ${name}`);
}
