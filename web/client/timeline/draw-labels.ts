/**
 * What a span did, written into its tooth where there is room; where there is little, only its mode's letter. Seams part
 * spans that follow each other at one depth.
 */

import { select } from "d3";
import { DEPTH_OF_MODE } from "../../../simulator/trace/timeline.ts";
import type { StripGeometry } from "./geometry.ts";
import { textWidth } from "./measure-text.ts";
import type { StripDrawing } from "./strip-drawing.ts";
import type { Window } from "./teeth.ts";
import { LETTER_OF_MODE, lastStartedBy, type TrackIndex } from "./track-index.ts";

const FONT = "11px system-ui";
const NARROWEST_LABEL_PX = 16;
const NARROWEST_SEAM_PX = 4;

interface Labelled {
  readonly x0: number;
  readonly x1: number;
  readonly depth: number;
  readonly text: string;
  readonly touches: boolean;
}

/**
 * Writes the labels and draws the seams.
 */
export function drawSpanLabels(group: SVGGElement, { index, window, geometry }: StripDrawing): void {
  const spans = [...wideSpans(index, window)];
  select(group)
    .selectAll("text")
    .data(spans.filter(({ text }) => text !== ""))
    .join("text")
    .attr("class", ({ depth }) => `on-depth-${depth}`)
    .attr("x", ({ x0, x1 }) => (x0 + x1) / 2)
    .attr("y", ({ depth }) => textY(depth, geometry))
    .text(({ text }) => text);
  select(group)
    .selectAll("path")
    .data([spans.filter(({ touches }) => touches)])
    .join("path")
    .attr("class", "seam")
    .attr("d", (seams) =>
      seams.map(({ x0, depth }) => `M${x0},${geometry.waterlineY}V${geometry.levelY(depth)}`).join(""),
    );
}

function textY(depth: number, geometry: StripGeometry): number {
  const near = depth < 2 ? geometry.waterlineY : geometry.levelY(depth - 1);
  return (near + geometry.levelY(depth)) / 2;
}

function* wideSpans(index: TrackIndex, window: Window): Generator<Labelled> {
  for (let at = Math.max(0, lastStartedBy(index, window.from)); at < index.spans.length; at++) {
    const span = index.spans[at];
    if (span === undefined || span.start >= window.to) return;
    const x0 = Math.max(window.project(span.start), 0);
    const x1 = Math.min(window.project(span.end), window.widthPx);
    if (x1 - x0 < NARROWEST_SEAM_PX) continue;
    const before = index.spans[at - 1];
    const touches =
      before !== undefined &&
      DEPTH_OF_MODE[before.mode] === DEPTH_OF_MODE[span.mode] &&
      x0 > 0 &&
      x0 - window.project(before.end) < 1;
    const room = x1 - x0 - 8;
    const letter = room + 8 >= NARROWEST_LABEL_PX ? LETTER_OF_MODE[span.mode] : "";
    yield {
      x0,
      x1,
      depth: DEPTH_OF_MODE[span.mode],
      touches,
      text: textWidth(span.name, FONT) <= room ? span.name : letter,
    };
  }
}
