/**
 * The figures of a report as tables: what every drawing shows, to be read, copied and heard.
 */

import {
  PUBLISHED_COSTS,
  PUBLISHED_MEMORY,
  PUBLISHED_MIGRATIONS,
  PUBLISHED_STARTS,
  type PublishedMark,
} from "../published.ts";
import type { BenchReport, MarkName, SystemReport } from "../schema.ts";
import { MARK_NAMES } from "../schema.ts";
import { crowdsOf } from "./crowds.ts";
import { type Content, html, type Markup, withCode } from "./markup.ts";
import { METRICS } from "./memory.ts";
import {
  acceleratorOf,
  formatBytes,
  formatMs,
  formatQuantity,
  formatRate,
  formatRatio,
  MARKS,
  quantityWords,
  WORLDS,
} from "./words.ts";

/** One column: its title, and what stands in it. Text goes to the left, figures to the right. */
interface Column<Row> {
  readonly title: string;
  readonly isText?: true;
  of(row: Row): Content;
}

const NONE = "–";

/** The systems that others are set against, where they were measured. */
const ANCHORS = ["process", "floor", "crun"] as const;

/** What a published figure comes nearest to, of ours. */
const PUBLISHED_MARKS: Readonly<Record<PublishedMark, string>> = {
  firstInstruction: "first instruction",
  firstByte: "first byte",
  ready: "ready",
  gone: "gone",
  downtime: "downtime",
  total: "whole migration",
};

/**
 * A table that may be wider than a phone; it then moves sideways by itself.
 */
export function table<Row>(caption: string, rows: readonly Row[], columns: readonly Column<Row>[]): Markup {
  const cell = ({ isText, of }: Column<Row>, row: Row, index: number): Markup => {
    if (index === 0) return html`<th scope="row">${of(row)}</th>`;
    return isText ? html`<td class="text">${of(row)}</td>` : html`<td>${of(row)}</td>`;
  };
  return html`<div class="wide" role="region" tabindex="0" aria-label="${caption}"><table><caption>${caption}</caption>
<thead><tr>${columns.map(({ title, isText }) => html`<th scope="col"${isText ? html` class="text"` : undefined}>${title}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${columns.map((column, index) => cell(column, row, index))}</tr>\n`)}</tbody></table></div>
`;
}

/**
 * A table that is opened by whoever wants it, and stands open on paper.
 */
export function folded(summary: string, content: Content): Markup {
  return html`<details><summary>${summary}</summary>${content}</details>
`;
}

/**
 * Every system with its marks, and ratios of medians to those that others are set against.
 */
export function startTable({ systems }: BenchReport): Markup {
  const anchors = ANCHORS.flatMap((anchor) => {
    const p50 = systems.find(({ name }) => name === anchor)?.marks.firstByte?.p50;
    return p50 === undefined || p50 === 0 ? [] : [{ anchor, p50 }];
  });
  const columns: Column<SystemReport>[] = [
    { title: "system", isText: true, of: named },
    { title: "n", of: ({ marks }) => marks.firstByte?.samplesMs.length ?? 0 },
    { title: "first byte p50", of: figure("firstByte", "p50") },
    {
      title: "95 % interval",
      of: ({ marks }) =>
        marks.firstByte === undefined ? NONE : marks.firstByte.ci95.map((end) => formatMs(end)).join(" to "),
    },
    { title: "p95", of: figure("firstByte", "p95") },
    { title: "p99", of: figure("firstByte", "p99") },
    ...anchors.map(({ anchor, p50 }) => ({
      title: `× ${anchor}`,
      of: ({ marks }: SystemReport) => (marks.firstByte === undefined ? NONE : formatRatio(marks.firstByte.p50 / p50)),
    })),
  ];
  return table("First byte, world by world, the fastest first", inOrder(systems), columns);
}

/**
 * All marks of all systems and conditions.
 */
export function markTable({ systems }: BenchReport): Markup {
  const rows = inOrder(systems).flatMap((system) => [
    { system, condition: "byte, warm, 1 at a time", marks: system.marks },
    ...(system.variants ?? []).map((variant) => ({
      system,
      condition: `${variant.workload}, ${variant.cache}, ${variant.concurrency} at a time`,
      marks: variant.marks,
    })),
  ]);
  const entries = rows.flatMap((row) =>
    MARK_NAMES.flatMap((mark) => (row.marks[mark] === undefined ? [] : [{ ...row, mark, summary: row.marks[mark] }])),
  );
  return table("All marks", entries, [
    { title: "system", isText: true, of: ({ system }) => named(system) },
    { title: "condition", isText: true, of: ({ condition }) => condition },
    { title: "mark", isText: true, of: ({ mark }) => MARKS[mark].title },
    { title: "n", of: ({ summary }) => summary.samplesMs.length },
    { title: "least", of: ({ summary }) => formatMs(least(summary.samplesMs)) },
    { title: "p50", of: ({ summary }) => formatMs(summary.p50) },
    { title: "95 % interval", of: ({ summary }) => summary.ci95.map((end) => formatMs(end)).join(" to ") },
    { title: "p95", of: ({ summary }) => formatMs(summary.p95) },
    { title: "p99", of: ({ summary }) => formatMs(summary.p99) },
    { title: "most", of: ({ summary }) => formatMs(most(summary.samplesMs)) },
  ]);
}

/**
 * Several at once: with how many really were under way, and how many starts came to their end in a second.
 */
export function crowdTable(report: BenchReport): Markup {
  const rows = crowdsOf(report).flatMap(({ system, crowds }) => crowds.map((crowd) => ({ system, ...crowd })));
  return table("Several at once", rows, [
    { title: "system", isText: true, of: ({ system }) => named(system) },
    { title: "at once", of: ({ concurrency }) => concurrency },
    { title: "under way, mean", of: ({ variant }) => variant?.inFlight.mean.toFixed(1) ?? NONE },
    { title: "most", of: ({ variant }) => variant?.inFlight.max ?? NONE },
    { title: "p50", of: ({ p50 }) => formatMs(p50) },
    { title: "p99", of: ({ p99 }) => formatMs(p99) },
    {
      title: "starts per second",
      of: ({ variant }) => (variant === undefined ? NONE : formatRate(variant.startsPerSecond)),
    },
  ]);
}

/**
 * Density, point by point.
 */
export function densityTable({ density = [] }: BenchReport): Markup {
  const rows = density.flatMap((report) => report.points.map((point) => ({ report, point })));
  return table("Memory, disk and start time of N idle instances", rows, [
    { title: "system", isText: true, of: ({ report }) => named(report) },
    { title: "instances", of: ({ point }) => point.instances },
    { title: "its start", of: ({ point }) => formatMs(point.startMs) },
    ...METRICS.map(({ name, of }) => ({
      title: name,
      of: ({ point }: (typeof rows)[number]) => {
        const bytes = of(point);
        return bytes === null ? NONE : formatBytes(bytes);
      },
    })),
  ]);
}

/**
 * The overhead benchmark in its own units.
 */
export function overheadTable({ overhead = [] }: BenchReport): Markup {
  const rows = overhead.flatMap((world) => world.quantities.map((quantity) => ({ world, quantity })));
  return table("Overhead", rows, [
    { title: "operation", isText: true, of: ({ quantity }) => quantityWords(quantity.name) },
    { title: "system", isText: true, of: ({ world }) => named(world) },
    { title: "n", of: ({ quantity }) => quantity.samples.length },
    { title: "p50", of: ({ quantity }) => formatQuantity(quantity.p50, quantity.unit) },
    { title: "p95", of: ({ quantity }) => formatQuantity(quantity.p95, quantity.unit) },
    {
      title: "× process",
      of: ({ quantity: { ratio } }) => (ratio === null ? NONE : formatRatio(ratio.value)),
    },
  ]);
}

/**
 * What a process has not got, and so no ratio: exits to the monitor; undefined where nothing is of that kind.
 */
export function exitTable({ overhead = [] }: BenchReport): Markup | undefined {
  const compared = new Set(
    overhead.flatMap(({ quantities }) => quantities.filter(({ ratio }) => ratio !== null).map(({ name }) => name)),
  );
  const rows = overhead
    .filter(({ world }) => world !== "process")
    .flatMap((world) => {
      const own = world.quantities.filter(({ name, ratio }) => ratio === null && !compared.has(name));
      return own.map((quantity) => ({ world, quantity }));
    });
  if (rows.length === 0) return undefined;
  return table("What only a virtual machine has", rows, [
    { title: "operation", isText: true, of: ({ quantity }) => quantityWords(quantity.name) },
    { title: "system", isText: true, of: ({ world }) => named(world) },
    { title: "n", of: ({ quantity }) => quantity.samples.length },
    { title: "p50", of: ({ quantity }) => formatQuantity(quantity.p50, quantity.unit) },
    { title: "p95", of: ({ quantity }) => formatQuantity(quantity.p95, quantity.unit) },
    { title: "what", isText: true, of: ({ quantity }) => withCode(quantity.what) },
  ]);
}

/**
 * Where the published figures come from: the ones that a report of these worlds shows.
 */
export function publishedList(report: BenchReport): Markup {
  const worlds = new Set<string>(report.systems.map(({ world }) => world));
  for (const { world } of [...(report.density ?? []), ...(report.overhead ?? [])]) worlds.add(world);
  if (report.migration !== undefined) worlds.add("vm");
  const starts = report.systems.length === 0 ? [] : PUBLISHED_STARTS;
  const migrations = report.migration === undefined ? [] : PUBLISHED_MIGRATIONS;
  const memory = report.density === undefined ? [] : PUBLISHED_MEMORY;
  const costs = report.overhead === undefined ? [] : PUBLISHED_COSTS;
  const rows = [
    ...[...starts, ...migrations].map((row) => ({ row, value: formatMs(row.valueMs), of: PUBLISHED_MARKS[row.mark] })),
    ...memory.map((row) => ({ row, value: formatBytes(row.bytes), of: row.metric })),
    ...costs.map((row) => ({ row, value: formatMs(row.valueNs / 1e6), of: "one operation" })),
  ].filter(({ row }) => worlds.has(row.world));
  return html`<dl class="published">${rows.map(
    ({
      row,
      value,
      of,
    }) => html`<div id="published-${row.id}"><dt>${row.what}</dt><dd><b>${value}</b>, ${of}; ${row.accelerator ?? "the host’s kernel"}, ${row.machine}, ${row.date}<br>${row.source}</dd></div>
`,
  )}</dl>
`;
}

/**
 * A system's name, and under it what executes a guest's instructions.
 */
export function named({ name, accelerator }: { readonly name: string; readonly accelerator: string | null }): Content {
  const known = acceleratorOf(accelerator);
  return known === undefined
    ? name
    : html`${name} <small class="${known.isEmulated ? "emulated" : ""}">${known.words}</small>`;
}

/**
 * The systems in the order of the worlds, in each the fastest first.
 */
export function inOrder(systems: readonly SystemReport[]): SystemReport[] {
  const rank = (system: SystemReport): number => WORLDS.findIndex(({ world }) => world === system.world);
  const median = ({ marks }: SystemReport): number => marks.firstByte?.p50 ?? Number.POSITIVE_INFINITY;
  return systems.toSorted((one, other) => rank(one) - rank(other) || median(one) - median(other));
}

function figure(mark: MarkName, key: "p50" | "p95" | "p99"): (system: SystemReport) => string {
  return ({ marks }) => {
    const summary = marks[mark];
    return summary === undefined ? NONE : formatMs(summary[key]);
  };
}

function least(samples: readonly number[]): number {
  return samples.reduce((one, other) => Math.min(one, other), Number.POSITIVE_INFINITY);
}

function most(samples: readonly number[]): number {
  return samples.reduce((one, other) => Math.max(one, other), 0);
}
