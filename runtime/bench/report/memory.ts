/**
 * Memory against the number of idle instances: points as they were measured, a line through them for each way of
 * measuring. Its slope is what one more instance costs, its intercept what all share.
 */

import { PUBLISHED_MEMORY } from "../published.ts";
import type { DensityReport } from "../schema.ts";
import { type Axis, linearAxis, logAxis } from "./axis.ts";
import { isLine } from "./fit.ts";
import { type Lane, laneFigure, place } from "./lanes.ts";
import { type Content, html, type Markup } from "./markup.ts";
import { type Area, drawPanel, polyline } from "./panel.ts";
import { acceleratorOf, formatBytes, formatBytesTick, formatMs, formatMsTick, WORLDS } from "./words.ts";

type Point = DensityReport["points"][number];

/** The ways of measuring, each with a letter that names it in the drawing too. */
export const METRICS = [
  { key: "pss", letter: "P", name: "proportional set size", of: (point: Point) => point.pssBytes },
  { key: "cgroup", letter: "C", name: "control group", of: (point: Point) => point.cgroupBytes },
  { key: "available", letter: "A", name: "fall of MemAvailable", of: (point: Point) => point.availableDropBytes },
  { key: "disk", letter: "D", name: "disk", of: (point: Point) => point.diskBytes },
] as const;
/** Disk is not memory: it is in the tables only. */
const MEMORY_METRICS = METRICS.filter(({ key }) => key !== "disk");
const LANE_PX = 28;
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/**
 * Panels of memory and of the time of the k-th start; undefined where density was not measured.
 */
export function memoryFigure(density: readonly DensityReport[]): Markup | undefined {
  const measured = density.filter(({ points }) => points.length > 0);
  if (measured.length === 0) return undefined;
  return html`<figure class="panels"><figcaption><b>Memory.</b> All idle instances together against their number: ${MEMORY_METRICS.map(({ letter, name }, index) => html`${index === 0 ? "" : ", "}<b>${letter}</b> ${name}`)}. The three answer different questions and are not to be compared with each
other.</figcaption>
<div class="panel-grid">${measured.map(memoryPanel)}</div></figure>
<figure class="panels"><figcaption><b>The k-th start.</b> How long the start of each took while the others were idle.</figcaption>
<div class="panel-grid">${measured.map(startPanel)}</div></figure>
`;
}

function memoryPanel(density: DensityReport): Markup {
  const { points, lines } = density;
  // What shows no line is noise of the machine, and would press the rest flat.
  const shown = MEMORY_METRICS.filter(({ key }) => lines[key] === undefined || isLine(lines[key]));
  const most = points.flatMap((point) => shown.map(({ of }) => of(point) ?? 0));
  const words = METRICS.flatMap(({ key, letter, name }) => {
    const line = lines[key];
    if (line === undefined) return [];
    const r2 = line.r2.toFixed(3);
    if (!isLine(line))
      return [html`<li><b>${letter}</b> ${name}: no line, the machine’s own noise is larger (R² ${r2})</li>`];
    return [
      html`<li><b>${letter}</b> ${name}: <b>${formatBytes(line.slopeBytes)}</b> for each, ${formatBytes(line.interceptBytes)} shared (R² ${r2})</li>`,
    ];
  });
  return drawPanel({
    ...frame(density),
    y: bytesAxis(Math.max(...most) * 1.05),
    spoken: `${density.name}, memory against instances: ${MEMORY_METRICS.map(({ of, name }) => `${name} ${formatBytes(of(points.at(-1) ?? EMPTY) ?? 0)} at ${points.at(-1)?.instances}`).join(", ")}`,
    draw: (area) => shown.map((metric) => metricLine(area, density, metric)),
    words: html`<ul class="fits">${words}</ul><p class="note">Ended: ${density.stoppedBecause}.</p>`,
  });
}

const EMPTY: Point = {
  instances: 1,
  startMs: 0,
  pssBytes: null,
  cgroupBytes: null,
  availableDropBytes: 0,
  diskBytes: 0,
};

function metricLine(area: Area, { points, lines }: DensityReport, metric: (typeof METRICS)[number]): Content {
  const measured = points.flatMap((point) => {
    const bytes = metric.of(point);
    return bytes === null ? [] : [[area.x(point.instances), area.y(bytes)] as const];
  });
  const last = measured.at(-1);
  if (last === undefined) return undefined;
  const fit = lines[metric.key];
  const ends = [0, points.at(-1)?.instances ?? 0];
  const at = (count: number): number => (fit === undefined ? 0 : fit.interceptBytes + fit.slopeBytes * count);
  const fitted = ends.map((count) => [area.x(count), area.y(at(count))] as const);
  return [
    fit === undefined ? undefined : polyline(`series fit ${metric.key}`, fitted, 0),
    measured.map(([x, y]) => html`<circle class="point ${metric.key}" cx="${place(x)}" cy="${place(y)}" r="2.5"/>`),
    html`<text class="start mark" x="${place(last[0] + 4)}" y="${place(last[1] + 4)}">${metric.letter}</text>`,
  ];
}

function startPanel(density: DensityReport): Markup {
  const { points } = density;
  return drawPanel({
    ...frame(density),
    y: linearAxis(Math.max(...points.map(({ startMs }) => startMs)) * 1.05, formatMsTick),
    spoken: `${density.name}: the first start took ${formatMs(points[0]?.startMs ?? 0)}, the last ${formatMs(points.at(-1)?.startMs ?? 0)}`,
    draw: (area) =>
      polyline(
        "series",
        points.map(({ instances, startMs }) => [area.x(instances), area.y(startMs)] as const),
        2.5,
      ),
  });
}

/** From 0, with ticks that are round in the unit that they are all written in. */
function bytesAxis(most: number): Axis {
  // A unit of which there are at least two, so that no tick is a fraction of it.
  const power = Math.min(Math.max(0, Math.floor(Math.log2(Math.max(most, 1) / 2) / 10)), UNITS.length - 1);
  const unit = 1024 ** power;
  return linearAxis(most, (bytes) => (bytes === 0 ? "0" : `${bytes / unit}\u202f${UNITS[power]}`), unit);
}

/** Of whole things: no half of one. */
function countAxis(most: number): Axis {
  const axis = linearAxis(most, String);
  return { ...axis, ticks: axis.ticks.filter(({ label }) => /^\d+$/.test(label)) };
}

function frame({ name, world, accelerator, points }: DensityReport) {
  const known = acceleratorOf(accelerator);
  return {
    title: name,
    detail: known?.words,
    world,
    isEmulated: known?.isEmulated ?? false,
    x: countAxis((points.at(-1)?.instances ?? 1) * 1.06),
    xName: "idle instances",
  };
}

/**
 * What one more instance costs, system by system, with published figures beside; undefined where there is no line.
 */
export function slopeFigure(density: readonly DensityReport[]): Markup | undefined {
  const fitted = density.filter(({ lines }) => MEMORY_METRICS.some(({ key }) => isLine(lines[key])));
  if (fitted.length === 0) return undefined;
  const worlds = new Set(fitted.map(({ world }) => world));
  const published = PUBLISHED_MEMORY.filter(({ world }) => worlds.has(world));
  const slopes = fitted.flatMap(({ lines }) =>
    MEMORY_METRICS.map(({ key }) => (isLine(lines[key]) ? lines[key].slopeBytes : 0)),
  );
  const axis = logAxis([...slopes, ...published.map(({ bytes }) => bytes)], formatBytesTick, 2);
  const measuredLane = (report: DensityReport): Lane => {
    const known = acceleratorOf(report.accelerator);
    const marks = MEMORY_METRICS.flatMap(({ key, letter, name }) => {
      const line = report.lines[key];
      return !isLine(line) || line.slopeBytes <= 0 ? [] : [{ letter, name, bytes: line.slopeBytes }];
    });
    return {
      name: report.name,
      detail: known?.words,
      value: html`<b>${marks[0] === undefined ? "–" : formatBytes(marks[0].bytes)}</b> <small>${marks[0]?.letter}</small>`,
      world: report.world,
      isEmulated: known?.isEmulated ?? false,
      heightPx: LANE_PX,
      drawing: marks.map(
        ({ letter, bytes }) => html`<text class="mark" x="${place(axis.at(bytes))}%" y="18">${letter}</text>`,
      ),
      spoken: `${report.name}, for one more: ${marks.map(({ name, bytes }) => `${name} ${formatBytes(bytes)}`).join(", ")}`,
    };
  };
  const publishedLane = (row: (typeof PUBLISHED_MEMORY)[number]): Lane => {
    const at = axis.at(row.bytes);
    const words = `${formatBytes(row.bytes)}, ${row.metric}`;
    const side =
      at > 50 ? html` x="${place(at - 1)}%" text-anchor="end"` : html` x="${place(at + 1)}%" text-anchor="start"`;
    return {
      name: html`<a href="#published-${row.id}">${row.what}</a>`,
      detail: row.accelerator === undefined ? "published" : html`published, ${row.accelerator}`,
      value: html`<small>${row.date.slice(0, 4)}</small>`,
      world: row.world,
      isEmulated: false,
      isPublished: true,
      heightPx: LANE_PX,
      drawing: [
        html`<line class="dotted" x1="${place(at)}%" x2="${place(at)}%" y2="100%"/>`,
        html`<text class="beside" y="18"${side}>${words}</text>`,
      ],
      spoken: `Published: ${row.what}, ${words}`,
    };
  };
  return laneFigure({
    title: "Memory for one more",
    caption: html`The slopes of the lines below. Dotted: published by others for other machines.`,
    axis,
    groups: WORLDS.map(({ world, title }) => ({
      title,
      lanes: [
        ...fitted.filter((report) => report.world === world).map(measuredLane),
        ...published.filter((row) => row.world === world).map(publishedLane),
      ],
    })),
  });
}
