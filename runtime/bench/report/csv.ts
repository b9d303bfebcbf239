/**
 * A report as comma-separated values (RFC 4180): one row for each sample, tidy: every row says by itself what was measured,
 * where, under which condition. The columns:
 *
 *     part         startup, stage, density, overhead or migration
 *     system       the name of the row that was measured
 *     world        process, container, vm or address-space
 *     accelerator  what executed the guest's instructions; empty where nothing stood between program and processor
 *     version      of the system, as it prints it
 *     workload     byte or serve; empty outside of startup
 *     cache        warm or cold; empty outside of startup
 *     concurrency  how many were asked for at once; empty outside of startup
 *     measure      the mark (firstByte …), the stage, the quantity (getpid …), or of density pss, cgroup, available, disk, start
 *     run          the sample's number, from 1, in the order in which it was taken
 *     round        the round in which it was taken, where that is known: samples of one round are pairs
 *     instances    how many were idle; of density only
 *     value        the figure, with all its digits
 *     unit         ms, bytes, ns or bytes/s
 */

import type { BenchReport, SystemReport } from "../schema.ts";
import { MARK_NAMES } from "../schema.ts";

export const CSV_COLUMNS = [
  "part",
  "system",
  "world",
  "accelerator",
  "version",
  "workload",
  "cache",
  "concurrency",
  "measure",
  "run",
  "round",
  "instances",
  "value",
  "unit",
] as const;

type Row = Partial<Record<(typeof CSV_COLUMNS)[number], string | number>>;

/**
 * The file's text, with a header; lines end as RFC 4180 wants them.
 */
export function csvReport(report: BenchReport): string {
  const lines = [CSV_COLUMNS.join(",")];
  for (const row of rowsOf(report)) lines.push(CSV_COLUMNS.map((column) => field(row[column])).join(","));
  return `${lines.join("\r\n")}\r\n`;
}

function* rowsOf(report: BenchReport): Generator<Row> {
  for (const system of report.systems) yield* startRows(system);
  for (const { name: system, world, accelerator, points } of report.density ?? []) {
    const common = { part: "density", system, world, accelerator: accelerator ?? "" };
    for (const [index, point] of points.entries()) {
      const row = { ...common, run: index + 1, instances: point.instances };
      yield { ...row, measure: "start", value: point.startMs, unit: "ms" };
      const bytes = {
        pss: point.pssBytes,
        cgroup: point.cgroupBytes,
        available: point.availableDropBytes,
        disk: point.diskBytes,
      };
      for (const [measure, value] of Object.entries(bytes)) {
        if (value !== null) yield { ...row, measure, value, unit: "bytes" };
      }
    }
  }
  for (const { name: system, world, accelerator, version, quantities } of report.overhead ?? []) {
    const common = { part: "overhead", system, world, accelerator: accelerator ?? "", version };
    for (const { name: measure, unit, samples } of quantities) yield* samplesOf({ ...common, measure, unit }, samples);
  }
  for (const { name: system, accelerator, version, ...figures } of report.migration ?? []) {
    const common = { part: "migration", system, world: "vm", accelerator: accelerator ?? "", version };
    yield* samplesOf({ ...common, measure: "downtime", unit: "ms" }, figures.downtimeMs?.samplesMs ?? []);
    yield* samplesOf({ ...common, measure: "total", unit: "ms" }, figures.totalMs?.samplesMs ?? []);
    yield* samplesOf({ ...common, measure: "transferred", unit: "bytes" }, figures.transferredBytes ?? []);
  }
}

function* startRows(system: SystemReport): Generator<Row> {
  const { name, world, accelerator, version, marks, rounds, variants = [], stages = [] } = system;
  const common = { part: "startup", system: name, world, accelerator: accelerator ?? "", version };
  const main = { ...common, workload: "byte", cache: "warm", concurrency: 1 };
  const conditions = [
    { ...main, marks, rounds },
    ...variants.map((variant) => ({ ...common, ...variant, rounds: undefined })),
  ];
  for (const { marks: known, rounds: paired, ...condition } of conditions) {
    for (const measure of MARK_NAMES) {
      yield* samplesOf({ ...condition, measure, unit: "ms" }, known[measure]?.samplesMs ?? [], paired);
    }
  }
  for (const { name: measure, samplesMs } of stages) {
    yield* samplesOf({ ...main, part: "stage", measure, unit: "ms" }, samplesMs, rounds);
  }
}

function* samplesOf(row: Row, samples: readonly number[], rounds?: readonly number[]): Generator<Row> {
  // A mark that not every start has cannot be paired by its place.
  const paired = rounds?.length === samples.length ? rounds : undefined;
  for (const [index, value] of samples.entries()) {
    const round = paired?.[index];
    yield { ...row, run: index + 1, value, ...(round === undefined ? {} : { round }) };
  }
}

/** A field, in quotes where it must be; a text that a spreadsheet would take for a formula is kept from being one. */
function field(value: string | number | undefined): string {
  if (value === undefined) return "";
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
