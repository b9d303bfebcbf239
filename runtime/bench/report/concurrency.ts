/**
 * Starts that are asked for at the same time: how long the median and the slowest hundredth take, against how many. The
 * upright line is the number of processors: beyond it starts can only wait for each other.
 */

import { scaleLog } from "d3";
import type { BenchReport, SystemReport } from "../schema.ts";
import { type Axis, logAxis } from "./axis.ts";
import { type Crowd, crowdsOf } from "./crowds.ts";
import { type Content, html, type Markup } from "./markup.ts";
import { type Area, drawPanel, polyline } from "./panel.ts";
import { acceleratorOf, formatMs, formatMsTick } from "./words.ts";

/**
 * The figure; undefined where everything was started one at a time.
 */
export function concurrencyFigure(report: BenchReport): Markup | undefined {
  const rows = crowdsOf(report);
  if (rows.length === 0) return undefined;
  const numbers = [...new Set(rows.flatMap(({ crowds }) => crowds.map(({ concurrency }) => concurrency)))];
  const x = crowdAxis(numbers, report.machine.cores);
  return html`<figure class="panels"><figcaption><b>Several at once.</b> First byte against the number of starts that were asked for at
once: the full line is the median, the dashed one the 99th percentile. The upright line marks the number of processors of this machine. How many really were under way is in the table.</figcaption>
<div class="panel-grid">${rows.map(({ system, crowds }) => crowdPanel(system, crowds, x, report.machine.cores))}</div></figure>
`;
}

function crowdPanel(system: SystemReport, crowds: readonly Crowd[], x: Axis, cores: number): Markup {
  const accelerator = acceleratorOf(system.accelerator);
  const y = logAxis(
    crowds.flatMap(({ p50, p99 }) => [p50, p99]),
    formatMsTick,
  );
  return drawPanel({
    title: system.name,
    detail: accelerator?.words,
    world: system.world,
    isEmulated: accelerator?.isEmulated ?? false,
    x,
    y,
    xName: "started at once",
    spoken: `${system.name}: ${crowds.map(({ concurrency, p50, p99 }) => `${concurrency} at once, median ${formatMs(p50)}, 99th percentile ${formatMs(p99)}`).join("; ")}`,
    draw: (area) => [coresLine(area, cores), ends(area, crowds)],
  });
}

function coresLine(area: Area, cores: number): Content {
  const x = area.x(cores);
  return [
    html`<line class="cores" x1="${x}" x2="${x}" y1="${area.top}" y2="${area.bottom}"/>`,
    html`<text x="${x}" y="${area.top - 5}">${cores === 1 ? "1 processor" : `${cores} processors`}</text>`,
  ];
}

function ends(area: Area, crowds: readonly Crowd[]): Content {
  const points = (of: (crowd: Crowd) => number) =>
    crowds.map((crowd) => [area.x(crowd.concurrency), area.y(of(crowd))] as const);
  return [
    polyline(
      "series dashed",
      points(({ p99 }) => p99),
      2.5,
    ),
    polyline(
      "series",
      points(({ p50 }) => p50),
      3.5,
    ),
  ];
}

/** Doublings lie equally far apart; every number that was tried is named. */
function crowdAxis(numbers: readonly number[], cores: number): Axis {
  const all = [...numbers, cores];
  const [from, to] = [Math.min(...all), Math.max(...all)];
  const scale = scaleLog()
    .domain([from, Math.max(to, from * 2)])
    .range([4, 96])
    .clamp(true);
  const ticks = numbers
    .toSorted((one, other) => one - other)
    .map((value) => ({ at: scale(value), label: String(value) }));
  return { kind: "log", from, to, at: (value) => scale(value), ticks };
}
