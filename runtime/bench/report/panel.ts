/**
 * Small drawings of one quantity against another, as many beside each other as the page is wide: a fixed coordinate
 * system that is shown at about its own size.
 */

import type { Axis } from "./axis.ts";
import { place } from "./lanes.ts";
import { type Content, html, type Markup } from "./markup.ts";

const WIDTH = 360;
const HEIGHT = 220;
const LEFT = 60;
const RIGHT = 14;
const TOP = 16;
const BOTTOM = 36;

/** A panel's drawing area, from values to coordinates. */
export interface Area {
  x(value: number): number;
  y(value: number): number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface Panel {
  readonly title: Content;
  readonly detail?: Content;
  readonly world: string;
  readonly isEmulated: boolean;
  readonly x: Axis;
  readonly y: Axis;
  readonly xName: string;
  /** What the drawing shows, for those who do not see it. */
  readonly spoken: string;
  draw(area: Area): Content;
  /** Under the drawing. */
  readonly words?: Content;
}

/**
 * One panel.
 */
export function drawPanel(panel: Panel): Markup {
  const { title, detail, world, isEmulated, x, y, xName, spoken, words } = panel;
  const area: Area = {
    x: (value) => LEFT + (x.at(value) / 100) * (WIDTH - LEFT - RIGHT),
    y: (value) => HEIGHT - BOTTOM - (y.at(value) / 100) * (HEIGHT - TOP - BOTTOM),
    left: LEFT,
    right: WIDTH - RIGHT,
    top: TOP,
    bottom: HEIGHT - BOTTOM,
  };
  const hatch = html`<rect class="hatch" x="${LEFT}" y="${TOP}" width="${area.right - LEFT}" height="${area.bottom - TOP}"/>`;
  return html`<section class="panel${isEmulated ? " emulated" : ""}" data-world="${world}"><h3>${title}${detail === undefined ? undefined : html` <small>${detail}</small>`}</h3>
<svg role="img" aria-label="${spoken}" viewBox="0 0 ${WIDTH} ${HEIGHT}">
${isEmulated ? hatch : undefined}${y.ticks.map(({ at, label }) => {
  const height = place(area.bottom - (at / 100) * (area.bottom - TOP));
  return html`<line class="grid" x1="${LEFT}" x2="${area.right}" y1="${height}" y2="${height}"/><text class="end" x="${LEFT - 6}" y="${Number(height) + 4}">${label}</text>`;
})}${x.ticks.map(({ at, label }) => html`<text x="${place(LEFT + (at / 100) * (area.right - LEFT))}" y="${area.bottom + 15}">${label}</text>`)}
<text x="${(LEFT + area.right) / 2}" y="${HEIGHT - 5}">${xName}</text>
${panel.draw(area)}</svg>${words}</section>
`;
}

/**
 * A line through points, drawn with them.
 *
 * @param kind its class
 * @param points in coordinates
 * @param radius of each point; 0 for none
 */
export function polyline(kind: string, points: readonly (readonly [number, number])[], radius: number): Content {
  const path = points.map(([x, y], index) => `${index === 0 ? "M" : "L"}${place(x)} ${place(y)}`).join("");
  return [
    html`<path class="${kind}" d="${path}"/>`,
    radius === 0
      ? undefined
      : points.map(([x, y]) => html`<circle class="${kind}" cx="${place(x)}" cy="${place(y)}" r="${radius}"/>`),
  ];
}
