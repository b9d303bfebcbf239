/** What the commands below `ringside bench` have in common: their options, Ctrl-C, the line of progress, what they print. */

import { writeFileSync } from "node:fs";
import { InvalidArgumentError } from "commander";
import { History } from "../bench/history.ts";
import type { BenchReport } from "../bench/schema.ts";
import type { StartupOptions } from "../bench/startup.ts";
import type { SystemRow } from "../bench/system.ts";
import { STARTUP_SYSTEMS } from "../bench/systems.ts";
import { progressLine } from "./bench-progress.ts";

/** As a shell reports an end by SIGINT. */
export const INTERRUPTED = 130;

/** What the commands that measure in rounds are told. */
export interface RoundArguments {
  readonly runs: number;
  readonly warmup: number;
  readonly seed: number;
  /** A file, `-`, or true where the option stands alone. */
  readonly json?: string | true;
}

/**
 * Measures with a line of progress; the first Ctrl-C keeps what has been measured, a second one gets the usual end.
 * @param measure is given the signal and where to tell its steps
 */
export async function interruptible<Report>(
  measure: (measuring: Pick<StartupOptions, "signal" | "progress">) => Promise<Report>,
): Promise<Report> {
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort(new Error("interrupted"));
  process.once("SIGINT", onInterrupt);
  process.once("SIGTERM", onInterrupt);
  const line = progressLine();
  try {
    return await measure({ signal: interrupt.signal, progress: line.show });
  } finally {
    line.clear();
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onInterrupt);
  }
}

/**
 * Writes a report: the words, or JSON where it was asked for; both where the JSON goes elsewhere than the words.
 * @param json a file, `-` or true for standard output
 */
export function deliver(report: unknown, words: string, interrupted: boolean, json: string | true | undefined): void {
  const text = `${JSON.stringify(report, null, 2)}\n`;
  if (json === undefined) {
    process.stdout.write(words);
  } else if (json === true || json === "-") {
    process.stdout.write(text);
    if (process.stderr.isTTY) process.stderr.write(words);
  } else {
    writeFileSync(json, text);
    process.stdout.write(words);
  }
  if (interrupted) process.stderr.write("ringside: interrupted; the report has what had been measured until then\n");
}

/** 130 when interrupted, 125 when nothing could be measured: a script must not take that for a result. */
export function exitCodeOf(report: BenchReport): number {
  if (report.interrupted) return INTERRUPTED;
  const parts = [report.systems, report.density ?? [], report.overhead ?? [], report.migration ?? []];
  return parts.every((part) => part.length === 0) ? 125 : 0;
}

/** Says on standard error, above the line of progress, what the benchmark announces. */
export function announce(line: string): void {
  process.stderr.write(`${process.stderr.isTTY ? "\r\u001b[K" : ""}ringside: ${line}\n`);
}

/** Keeps a report in the history, and says under which number; one without any figure is not kept. */
export function keep(report: BenchReport): void {
  if (exitCodeOf({ ...report, interrupted: false }) !== 0) return;
  using history = new History();
  process.stderr.write(`ringside: kept as report ${history.add(report)} (ringside bench history)\n`);
}

/** Parses a share between 0 and 1. @throws InvalidArgumentError for anything else */
export function parseLevel(written: string): number {
  const value = Number(written);
  if (!(value > 0 && value < 1)) throw new InvalidArgumentError("a number between 0 and 1 is needed, as 0.01.");
  return value;
}

/** Parses `--systems a,b` of the startup benchmark. @throws InvalidArgumentError naming what there is */
export function parseSystems(list: string): ReadonlyMap<string, SystemRow> {
  return chooseRows(list, STARTUP_SYSTEMS);
}

/** The rows of a table that a list such as `a,b` names. @throws InvalidArgumentError naming what there is */
export function chooseRows<Row>(list: string, rows: ReadonlyMap<string, Row>): ReadonlyMap<string, Row> {
  const names = list
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  if (names.length === 0) throw new InvalidArgumentError("name at least one system.");
  return new Map(
    names.map((name) => {
      const row = rows.get(name);
      if (row === undefined)
        throw new InvalidArgumentError(`there is no ${name}; there are ${[...rows.keys()].join(", ")}.`);
      return [name, row];
    }),
  );
}

/** A parser of whole numbers from `least`. */
export function parseCount(least: number): (written: string) => number {
  return (written) => {
    const value = Number(written);
    if (!Number.isSafeInteger(value) || value < least)
      throw new InvalidArgumentError(`a whole number from ${least} is needed.`);
    return value;
  };
}

/** The systems for `--help`, a line each. */
export function systemList(): string {
  const width = Math.max(...[...STARTUP_SYSTEMS.keys()].map((name) => name.length));
  return [...STARTUP_SYSTEMS].map(([name, { what }]) => `  ${name.padEnd(width)}  ${what}`).join("\n");
}
