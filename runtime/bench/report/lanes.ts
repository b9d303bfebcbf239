/**
 * Figures made of lanes: one row for each system, all on one axis, with its name before and its figure behind. A lane's
 * drawing is an SVG whose horizontal places are percentages, so it is as wide as the page, and its letters stay readable
 * on a phone and on paper.
 */

import type { World } from "../../../simulator/trace/timeline.ts";
import type { Axis } from "./axis.ts";
import { type Content, html, type Markup } from "./markup.ts";

export interface Lane {
  readonly name: Content;
  /** Under the name, smaller: who executes a guest's instructions. */
  readonly detail?: Content;
  readonly value: Content;
  readonly world: World;
  /** Hatched: no hardware ran it. */
  readonly isEmulated: boolean;
  /** Somebody else's figure, of another machine. */
  readonly isPublished?: boolean;
  /** Between 0 and `heightPx`, horizontally in percent. */
  readonly drawing: Content;
  readonly heightPx: number;
  /** Under the drawing, as wide as it. */
  readonly below?: Content;
  /** What the drawing shows, for those who do not see it. */
  readonly spoken: string;
  /** Ascending places of samples on the axis: the pointer reads shares from them. */
  readonly places?: readonly number[];
}

export interface LaneGroup {
  readonly title: Content;
  readonly lanes: readonly Lane[];
}

export interface LaneFigure {
  readonly title: string;
  /** How it is to be read. */
  readonly caption: Content;
  readonly axis: Axis;
  readonly groups: readonly LaneGroup[];
  /** The pointer reads times and shares from it. */
  readonly isRead?: boolean;
}

/**
 * The figure; groups without lanes are left out.
 */
export function laneFigure({ title, caption, axis, groups, isRead }: LaneFigure): Markup {
  const scale = isRead ? html` data-from="${axis.from}" data-to="${axis.to}"` : undefined;
  return html`<figure class="lanes"${scale}>
<figcaption><b>${title}.</b> ${caption}</figcaption>
${groups.filter(({ lanes }) => lanes.length > 0).map((group) => laneGroup(group, axis))}
</figure>
`;
}

function laneGroup({ title, lanes }: LaneGroup, axis: Axis): Markup {
  return html`<section class="group"><h3>${title}</h3>
${lanes.map((lane) => drawLane(lane, axis))}
<div class="lane axis" aria-hidden="true"><span></span><svg height="18">${axis.ticks.map(axisLabel)}</svg><span></span></div>
</section>
`;
}

function drawLane(lane: Lane, axis: Axis): Markup {
  const { name, detail, value, world, isEmulated, isPublished, drawing, heightPx, spoken, places, below } = lane;
  const kind = [isEmulated ? " emulated" : "", isPublished ? " published" : ""].join("");
  return html`<div class="lane${kind}" data-world="${world}">
<div class="name">${name}${detail === undefined ? undefined : html`<small>${detail}</small>`}</div>
<svg role="img" aria-label="${spoken}" height="${heightPx}"${places === undefined ? undefined : html` data-places="${places.map(place).join(" ")}"`}>
${isEmulated ? html`<rect class="hatch" width="100%" height="100%"/>` : undefined}${axis.ticks.map(({ at }) => html`<line class="grid" x1="${place(at)}%" x2="${place(at)}%" y2="100%"/>`)}${drawing}</svg>
<div class="value">${value}</div>${below === undefined ? undefined : html`<div class="below">${below}</div>`}</div>
`;
}

function axisLabel({ at, label }: Axis["ticks"][number]): Markup {
  const anchor = at < 4 ? "start" : "end";
  return html`<text x="${place(at)}%" y="13"${at < 4 || at > 96 ? html` text-anchor="${anchor}"` : undefined}>${label}</text>`;
}

/**
 * A place in hundredths of the width, as it is written: a thousandth of that is less than any pixel.
 */
export function place(at: number): string {
  return String(Math.round(at * 1000) / 1000);
}
