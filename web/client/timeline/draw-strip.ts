/**
 * Draws one track as a waterline into an SVG element that nobody else touches. Colours and type come from
 * styles/timeline.css; here is only geometry.
 */

import { select } from "d3";
import { drawFlags } from "./draw-flags.ts";
import { drawSpanLabels } from "./draw-labels.ts";
import { drawStages } from "./draw-stages.ts";
import { MARGIN } from "./geometry.ts";
import { clipId, drawDefinitions, hatchId } from "./hatch.ts";
import { boxesPath, groupShades, outlinePath } from "./profile.ts";
import type { StripDrawing } from "./strip-drawing.ts";
import { DENSITY_LEVELS, type Shape, shapeOf } from "./teeth.ts";
import { LETTER_OF_MODE, modesByDepth } from "./track-index.ts";

/** The strip's layers in the order of painting, each with what draws it. */
const LAYERS: readonly Layer[] = [
  { name: "grid", clipped: false, draw: drawGrid },
  { name: "levels", clipped: false, draw: drawLevels },
  { name: "shades", clipped: true, draw: drawShades },
  { name: "teeth", clipped: true, draw: drawTeeth },
  { name: "surface", clipped: false, draw: drawSurface },
  { name: "span-labels", clipped: true, draw: drawSpanLabels },
  { name: "stages", clipped: false, draw: drawStages },
  { name: "flags", clipped: false, draw: drawFlags },
];

interface Layer {
  readonly name: string;
  readonly clipped: boolean;
  readonly draw: (group: SVGGElement, drawing: StripDrawing, shape: Shape) => void;
}

/**
 * Draws the strip, in place of what the element showed before.
 */
export function drawStrip(svg: SVGSVGElement, drawing: StripDrawing): void {
  const { geometry, window } = drawing;
  const width = window.widthPx + MARGIN.left + MARGIN.right;
  select(svg)
    .attr("width", width)
    .attr("height", geometry.heightPx)
    .attr("viewBox", `0 0 ${width} ${geometry.heightPx}`);
  drawDefinitions(svg, drawing.id, { widthPx: window.widthPx, heightPx: geometry.heightPx });
  const shape = shapeOf(drawing.index, window);
  const groups = select(svg)
    .selectAll<SVGGElement, Layer>("g.layer")
    .data(LAYERS)
    .join("g")
    .attr("class", ({ name }) => `layer ${name}`)
    .attr("clip-path", ({ clipped }) => (clipped ? `url(#${clipId(drawing.id)})` : null))
    .attr("transform", `translate(${MARGIN.left},0)`);
  groups.each(function ({ draw }) {
    if (this instanceof SVGGElement) draw(this, drawing, shape);
  });
}

function drawGrid(group: SVGGElement, { ticks, geometry }: StripDrawing): void {
  select(group)
    .selectAll("line")
    .data(ticks.filter((tick) => tick.labelled))
    .join("line")
    .attr("x1", (tick) => tick.x)
    .attr("x2", (tick) => tick.x)
    .attr("y1", 0)
    .attr("y2", geometry.heightPx);
}

/** The depths as hairlines, each with its letter at the left. */
function drawLevels(group: SVGGElement, { index, geometry, window }: StripDrawing): void {
  const depths = Array.from({ length: index.maxDepth + 1 }, (_, depth) => depth);
  const middle = (depth: number): number =>
    depth === 0
      ? (geometry.waterlineY + geometry.levelY(0)) / 2
      : (geometry.levelY(depth) + (depth === 1 ? geometry.waterlineY : geometry.levelY(depth - 1))) / 2;
  const letters = modesByDepth(index).map((mode) => LETTER_OF_MODE[mode]);
  select(group)
    .selectAll("line")
    .data(depths)
    .join("line")
    .attr("x1", 0)
    .attr("x2", window.widthPx)
    .attr("y1", (depth) => geometry.levelY(depth))
    .attr("y2", (depth) => geometry.levelY(depth));
  select(group)
    .selectAll("text")
    .data(depths)
    .join("text")
    .attr("x", -10)
    .attr("y", (depth) => middle(depth))
    .text((depth) => letters[depth] ?? "");
}

function drawShades(group: SVGGElement, { geometry }: StripDrawing, shape: Shape): void {
  select(group)
    .selectAll("path")
    .data(groupShades(shape.shades))
    .join("path")
    .attr("class", ({ depth }) => `depth-${depth}`)
    // The root lets a thin share be seen; the order of shades stays that of the shares.
    .attr("opacity", ({ level }) => Math.sqrt(level / DENSITY_LEVELS))
    .attr("d", ({ boxes }) => boxesPath(boxes, geometry));
}

/** A hatch would cut what is narrower than its tile into dots. */
const NARROWEST_HATCH_PX = 5;

function drawTeeth(group: SVGGElement, { geometry, id }: StripDrawing, { teeth, shades }: Shape): void {
  const boxes = (depth: number) => teeth.filter((tooth) => tooth.depth === depth);
  const paths = [
    ...[0, 1, 2].map((depth) => ({ kind: `depth-${depth}`, fill: undefined, d: boxesPath(boxes(depth), geometry) })),
    ...[1, 2].map((depth) => ({
      kind: "hatch",
      fill: `url(#${hatchId(id, depth)})`,
      d: boxesPath(
        [
          ...boxes(depth),
          ...shades.filter((shade) => shade.depth === depth && shade.x1 - shade.x0 >= NARROWEST_HATCH_PX),
        ],
        geometry,
      ),
    })),
    { kind: "outline", fill: undefined, d: outlinePath(teeth, geometry) },
  ];
  select(group)
    .selectAll("path")
    .data(paths)
    .join("path")
    .attr("class", ({ kind }) => kind)
    .attr("fill", ({ fill }) => fill ?? null)
    .attr("d", ({ d }) => d);
}

/** The waterline itself: faint all along, firm while the track lives. */
function drawSurface(group: SVGGElement, { index, geometry, window }: StripDrawing): void {
  const clamp = (x: number): number => Math.min(Math.max(x, 0), window.widthPx);
  const lines = [
    { kind: "level-sea", x1: 0, x2: window.widthPx },
    { kind: "life", x1: clamp(window.project(index.start)), x2: clamp(window.project(index.end)) },
  ];
  select(group)
    .selectAll("line")
    .data(lines)
    .join("line")
    .attr("class", ({ kind }) => kind)
    .attr("x1", ({ x1 }) => x1)
    .attr("x2", ({ x2 }) => x2)
    .attr("y1", geometry.waterlineY)
    .attr("y2", geometry.waterlineY);
}
