/**
 * Guests that were moved while they ran: the pause as the guest's own counter shows it, and the whole, as distributions
 * like those of the starts; and how many of the moves succeeded without a value of the counter missing.
 */

import { PUBLISHED_MIGRATIONS } from "../published.ts";
import type { BenchReport, MigrationReport } from "../schema.ts";
import { type Axis, logAxis } from "./axis.ts";
import { type Distribution, distributionLane, publishedLane } from "./ecdf.ts";
import { laneFigure } from "./lanes.ts";
import { type Content, html, type Markup, withCode } from "./markup.ts";
import { named, table } from "./tables.ts";
import { formatBytes, formatMs, formatMsTick } from "./words.ts";

const PARTS = [
  { mark: "downtime", title: "Downtime", of: ({ downtimeMs }: MigrationReport) => downtimeMs },
  { mark: "total", title: "Whole migration", of: ({ totalMs }: MigrationReport) => totalMs },
] as const;

/**
 * The section; undefined where nothing was migrated.
 */
export function migrationSection({ migration = [] }: BenchReport): Content {
  if (migration.length === 0) return undefined;
  return [html`<h2>Migration</h2>`, figure(migration), outcomes(migration), notes(migration)];
}

function figure(migration: readonly MigrationReport[]): Markup {
  const rows = PARTS.flatMap(({ mark, title, of }) => {
    const distributions = migration.flatMap((guest): Distribution[] => {
      const summary = of(guest);
      if (summary === undefined) return [];
      const { name, accelerator } = guest;
      return [{ system: { name, world: "vm", accelerator }, samplesMs: summary.samplesMs, ci95: summary.ci95 }];
    });
    return [{ title, distributions, published: PUBLISHED_MIGRATIONS.filter((row) => row.mark === mark) }];
  });
  const axis: Axis = logAxis(
    rows.flatMap(({ distributions, published }) => [
      ...distributions.flatMap(({ samplesMs }) => samplesMs),
      ...published.map(({ valueMs }) => valueMs),
    ]),
    formatMsTick,
  );
  return laneFigure({
    title: "Moved while it runs",
    caption: html`The pause is the longest gap between two values that the guest itself counts out. Every stroke is one migration. Dotted:
published by others for other machines.`,
    axis,
    isRead: true,
    groups: rows.map(({ title, distributions, published }) => ({
      title,
      lanes:
        distributions.length === 0
          ? []
          : [
              ...distributions.map((distribution) => distributionLane(distribution, axis, published)),
              ...published.map((row) => publishedLane(row, axis)),
            ],
    })),
  });
}

function outcomes(migration: readonly MigrationReport[]): Markup {
  return table<MigrationReport>("Migrations", migration, [
    { title: "guest", isText: true, of: named },
    { title: "succeeded", of: ({ succeeded, attempts }) => `${succeeded} of ${attempts}` },
    { title: "counter complete", of: ({ counterComplete }) => counterComplete },
    { title: "downtime p50", of: ({ downtimeMs }) => (downtimeMs === undefined ? "–" : formatMs(downtimeMs.p50)) },
    { title: "downtime p99", of: ({ downtimeMs }) => (downtimeMs === undefined ? "–" : formatMs(downtimeMs.p99)) },
    { title: "whole p50", of: ({ totalMs }) => (totalMs === undefined ? "–" : formatMs(totalMs.p50)) },
    {
      title: "moved, most",
      of: ({ transferredBytes = [] }) =>
        transferredBytes.length === 0 ? "–" : formatBytes(Math.max(...transferredBytes)),
    },
  ]);
}

function notes(migration: readonly MigrationReport[]): Markup {
  return html`<ul class="notes">${migration.flatMap(({ name, notes: lines }) => lines.map((line) => html`<li><b>${name}</b>: ${withCode(line)}</li>`))}</ul>
`;
}
