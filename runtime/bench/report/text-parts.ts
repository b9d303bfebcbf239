/** The parts of a report for a terminal that not every report has: conditions, density, overhead, migration. */

import type { BenchReport } from "../schema.ts";
import { crowdsOf } from "./crowds.ts";
import { isLine } from "./fit.ts";
import { textTable } from "./text-table.ts";
import {
  acceleratorOf,
  formatBytes,
  formatMs,
  formatQuantity,
  formatRate,
  formatRatio,
  quantityWords,
} from "./words.ts";

/**
 * The parts that this report has, each with a heading.
 */
export function furtherParts(report: BenchReport): string[] {
  return [conditions(report), crowds(report), density(report), overhead(report), migration(report)].filter(
    (part) => part !== "",
  );
}

/** A guest that no hardware runs has that in its name, in every table. */
function named({ name, accelerator }: { readonly name: string; readonly accelerator: string | null }): string {
  return acceleratorOf(accelerator)?.isEmulated ? `${name} (software emulation)` : name;
}

/** A server, and cold caches; what is of several at once has a table of its own. */
function conditions({ systems }: BenchReport): string {
  const rows = systems.flatMap((system) =>
    (system.variants ?? [])
      .filter(({ workload, cache, concurrency }) => concurrency === 1 && (workload !== "byte" || cache !== "warm"))
      .map(({ workload, cache, marks }) => [
        named(system),
        `${workload}, ${cache}`,
        String(marks.firstByte?.samplesMs.length ?? 0),
        ...[marks.firstByte, marks.ready].map((mark) => (mark === undefined ? "–" : formatMs(mark.p50))),
        marks.firstByte === undefined ? "–" : formatMs(marks.firstByte.p99),
      ]),
  );
  return titled(
    "Other conditions",
    ["system", "condition", "n", "first byte p50", "ready p50", "first byte p99"],
    rows,
    2,
  );
}

function crowds(report: BenchReport): string {
  const rows = crowdsOf(report).flatMap(({ system, crowds: all }) =>
    all.map(({ concurrency, p50, p99, variant }) => [
      named(system),
      String(concurrency),
      variant?.inFlight.mean.toFixed(1) ?? "–",
      formatMs(p50),
      formatMs(p99),
      variant === undefined ? "–" : formatRate(variant.startsPerSecond),
    ]),
  );
  const title = `Several at once, on ${report.machine.cores} processors`;
  return titled(title, ["system", "at once", "under way", "p50", "p99", "per second"], rows);
}

function density({ density: all = [] }: BenchReport): string {
  const rows = all.map((one) => {
    const { pss, cgroup, available } = one.lines;
    const slopes = [pss, cgroup, available].map((line) =>
      line === undefined ? "–" : isLine(line) ? formatBytes(line.slopeBytes) : "noise",
    );
    const shared = !isLine(pss) ? "–" : formatBytes(pss.interceptBytes);
    return [named(one), String(one.points.at(-1)?.instances ?? 0), ...slopes, shared, one.stoppedBecause];
  });
  const head = ["system", "instances", "PSS each", "cgroup each", "MemAvailable each", "PSS shared", "ended because"];
  return titled("Memory of one more idle instance", head, rows, 1, 6);
}

function overhead({ overhead: all = [] }: BenchReport): string {
  const names = [...new Set(all.flatMap(({ quantities }) => quantities.map(({ name }) => name)))];
  const rows = names.map((name) => [
    quantityWords(name),
    ...all.map(({ quantities }) => {
      const quantity = quantities.find((one) => one.name === name);
      if (quantity === undefined) return "–";
      const measured = formatQuantity(quantity.p50, quantity.unit);
      return quantity.ratio === null ? measured : `${measured} (${formatRatio(quantity.ratio.value)})`;
    }),
  ]);
  return titled("Overhead, and its ratio to the process", ["operation", ...all.map(named)], rows);
}

function migration({ migration: all = [] }: BenchReport): string {
  const rows = all.map((one) => [
    named(one),
    `${one.succeeded} of ${one.attempts}`,
    String(one.counterComplete),
    ...[one.downtimeMs, one.totalMs].map((mark) => (mark === undefined ? "–" : formatMs(mark.p50))),
  ]);
  return titled("Migration", ["guest", "succeeded", "counter complete", "downtime p50", "whole p50"], rows);
}

function titled(
  title: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  texts = 1,
  textsAgainFrom = Number.POSITIVE_INFINITY,
): string {
  if (rows.length === 0) return "";
  return `${title}\n${textTable([head, ...rows], (column) => column < texts || column >= textsAgainFrom)}`;
}
