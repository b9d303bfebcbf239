/**
 * The distribution of a mark, one lane for each system: the share of starts that had got there by each moment (the
 * empirical cumulative distribution function), on a logarithmic axis, and below it a stroke for every single sample.
 * Published figures of other machines are dotted lines, with what executed the guest beside each.
 */

import type { PublishedStart } from "../published.ts";
import type { MarkName, SystemReport } from "../schema.ts";
import { percentile } from "../statistics.ts";
import { type Axis, logAxis } from "./axis.ts";
import { type Lane, laneFigure, place } from "./lanes.ts";
import { type Content, html, type Markup } from "./markup.ts";
import { acceleratorOf, formatMs, formatMsTick, MARKS, WORLDS } from "./words.ts";

const LANE_PX = 46;
/** The curve's own part of a lane; below it lie the strokes of the samples. */
const CURVE_PX = 34;
const STROKES_PX = 8;
/** Half of all starts: where the median lies. */
const MIDDLE_PX = CURVE_PX / 2 + 2;
const PUBLISHED_PX = 28;

/** What is drawn of one system. */
export interface Distribution {
  readonly system: Pick<SystemReport, "name" | "world" | "accelerator">;
  readonly samplesMs: readonly number[];
  /** Of the median. */
  readonly ci95: readonly [number, number];
}

/**
 * The figure of one mark; undefined where no system has it.
 *
 * @param mark which
 * @param distributions of the systems that have it
 * @param published all published figures; those of this mark and of the worlds that were measured are drawn
 */
export function ecdfFigure(
  mark: MarkName,
  distributions: readonly Distribution[],
  published: readonly PublishedStart[],
): Markup | undefined {
  if (distributions.length === 0) return undefined;
  const worlds = new Set(distributions.map(({ system }) => system.world));
  const beside = published.filter((row) => row.mark === mark && worlds.has(row.world));
  const axis = logAxis(
    [...distributions.flatMap(({ samplesMs }) => samplesMs), ...beside.map(({ valueMs }) => valueMs)],
    formatMsTick,
  );
  const { title, what } = MARKS[mark];
  return laneFigure({
    title,
    caption: html`Milliseconds from the request until ${what}. Each curve rises from 0 to all starts; every stroke below it is one
start, none is left out. The dot is the median, the bar its 95 % interval.${
      beside.length === 0
        ? undefined
        : html` Dotted:
published by others for other machines, sources <a href="#published">below</a>; a ratio between them and these is not a measurement.`
    }`,
    axis,
    isRead: true,
    groups: WORLDS.map(({ world, title: name }) => ({
      title: name,
      lanes: [
        ...distributions
          .filter(({ system }) => system.world === world)
          .toSorted((one, other) => medianOf(one) - medianOf(other))
          .map((distribution) => distributionLane(distribution, axis, linesOf(distribution, beside))),
        ...beside.filter((row) => row.world === world).map((row) => publishedLane(row, axis)),
      ],
    })),
  });
}

function medianOf({ samplesMs }: Distribution): number {
  return percentile(Float64Array.from(samplesMs).sort(), 0.5);
}

function linesOf({ system: { name } }: Distribution, beside: readonly PublishedStart[]): PublishedStart[] {
  return beside.filter(({ systems }) => systems.some((one) => name === one || name.startsWith(`${one}-`)));
}

/**
 * The lane of one distribution.
 *
 * @param lines published figures that are drawn into it
 */
export function distributionLane(
  { system, samplesMs, ci95 }: Distribution,
  axis: Axis,
  lines: readonly PublishedStart[],
): Lane {
  const { name, world } = system;
  const accelerator = acceleratorOf(system.accelerator);
  const sorted = Float64Array.from(samplesMs).sort();
  const [p50, p99] = [percentile(sorted, 0.5), percentile(sorted, 0.99)];
  const places = [...sorted].map((sample) => axis.at(sample));
  const [low, high] = ci95.map((end) => place(axis.at(end)));
  const most = sorted.at(-1) ?? p99;
  return {
    name,
    detail: accelerator?.words,
    value: html`<b>${formatMs(p50)}</b> <small>p99 ${formatMs(p99)}</small>`,
    world,
    isEmulated: accelerator?.isEmulated ?? false,
    heightPx: LANE_PX,
    places,
    drawing: [
      html`<svg y="2" height="${CURVE_PX}" viewBox="0 0 100 100" preserveAspectRatio="none">${curve(places)}</svg>`,
      html`<svg y="${CURVE_PX + 2}" height="${STROKES_PX}" viewBox="0 0 100 1" preserveAspectRatio="none"><path class="strokes" d="${strokes(places)}"/></svg>`,
      lines.map(({ valueMs }) => dottedLine(axis.at(valueMs))),
      html`<line class="bar" x1="${low}%" x2="${high}%" y1="${MIDDLE_PX}" y2="${MIDDLE_PX}"/>`,
      html`<circle class="dot" cx="${place(axis.at(p50))}%" cy="${MIDDLE_PX}" r="3.5"/>`,
    ],
    spoken: `${name}${accelerator === undefined ? "" : `, ${accelerator.words}`}: ${sorted.length} starts, fastest ${formatMs(sorted[0] ?? p50)}, median ${formatMs(p50)}, 99th percentile ${formatMs(p99)}, slowest ${formatMs(most)}`,
  };
}

/** A step up at every sample: the line, and the area under it. */
function curve(places: readonly number[]): Content {
  let line = "M0 100";
  places.forEach((at, index) => {
    line += `H${place(at)}V${place(100 - ((index + 1) / places.length) * 100)}`;
  });
  line += "H100";
  return [html`<path class="area" d="${line}V100Z"/>`, html`<path class="curve" d="${line}"/>`];
}

function strokes(places: readonly number[]): string {
  return places.map((at) => `M${place(at)} 0V1`).join("");
}

function dottedLine(at: number): Markup {
  return html`<line class="dotted" x1="${place(at)}%" x2="${place(at)}%" y2="100%"/>`;
}

/**
 * The lane of a published figure: a dotted line, with its value and its machine beside it.
 */
export function publishedLane(row: PublishedStart, axis: Axis): Lane {
  const { what, accelerator, machine, date, valueMs, world, id } = row;
  const at = axis.at(valueMs);
  const words = `${formatMs(valueMs)}, ${machine}`;
  const side =
    at > 55 ? html` x="${place(at - 1)}%" text-anchor="end"` : html` x="${place(at + 1)}%" text-anchor="start"`;
  return {
    name: html`<a href="#published-${id}">${what}</a>`,
    detail: accelerator === undefined ? "published" : html`published, ${accelerator}`,
    value: html`<small>${date.slice(0, 4)}</small>`,
    world,
    isEmulated: false,
    isPublished: true,
    heightPx: PUBLISHED_PX,
    drawing: [dottedLine(at), html`<text class="beside" y="18"${side}>${words}</text>`],
    spoken: `Published: ${what}${accelerator === undefined ? "" : `, ${accelerator}`}, ${words}`,
  };
}
