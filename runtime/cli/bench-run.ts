/** `ringside bench run PROTOCOL` and `ringside bench verify REPORT`: a comparison again, from what says how it was made. */

import type { Command } from "commander";
import { compareReports, protocolDifferences } from "../bench/compare.ts";
import { formatComparison } from "../bench/compare-text.ts";
import type { BenchProtocol } from "../bench/protocol.ts";
import { readProtocol } from "../bench/protocol-file.ts";
import { formatReport } from "../bench/report/text.ts";
import type { BenchReport } from "../bench/schema.ts";
import { runProtocol } from "../bench/whole.ts";
import { RingsideError } from "../error.ts";
import { announce, deliver, exitCodeOf, INTERRUPTED, interruptible, keep, parseLevel } from "./bench-options.ts";
import { writeReport } from "./bench-report.ts";
import { namedReport } from "./bench-source.ts";

interface OutputArguments {
  readonly json?: string | true;
  readonly html?: string;
  readonly csv?: string;
  readonly history: boolean;
}

interface VerifyArguments extends OutputArguments {
  readonly level: number;
}

/** Adds `run` to `ringside bench`. */
export function addRun(bench: Command): void {
  withOutputs(
    bench
      .command("run")
      .description("a whole comparison, as a protocol file says (ringside.bench-protocol/1)")
      .argument("<protocol>", "a file; every report has its own at .protocol.definition"),
  ).action(async (path: string, options: OutputArguments) => {
    const report = await measured(readProtocol(path));
    await output(report, options);
    process.exitCode = exitCodeOf(report);
  });
}

/** Adds `verify` to `ringside bench`. */
export function addVerify(bench: Command): void {
  withOutputs(
    bench
      .command("verify")
      .description("run a report's protocol again, and say whether the figures agree")
      .argument("<report>", "a file, or a number of the history")
      .option("--level <share>", "of each condition's differences being chance", parseLevel, 0.01),
  )
    .addHelpText("after", "\nThe exit code is 1 where something differs by more than noise.")
    .action(verify);
}

function withOutputs(command: Command): Command {
  return command
    .option("--json [file]", "write ringside.bench/1 to a file, or (- or none) to standard output")
    .option("--html <file>", "write one HTML file that needs nothing else")
    .option("--csv <file>", "write a row for each sample (RFC 4180)")
    .option("--no-history", "do not keep the report");
}

/** Measures what a protocol says, with a line of progress. */
export async function measured(protocol: BenchProtocol): Promise<BenchReport> {
  return await interruptible((measuring) => runProtocol(protocol, { ...measuring, announce }));
}

async function output(report: BenchReport, { json, html, csv, history }: OutputArguments): Promise<void> {
  deliver(report, formatReport(report), report.interrupted, json);
  if (history) keep(report);
  await writeReport(report, { ...(html === undefined ? {} : { html }), ...(csv === undefined ? {} : { csv }) });
}

async function verify(named: string, { level, ...options }: VerifyArguments): Promise<void> {
  const before = namedReport(named);
  const { definition } = before.protocol;
  if (definition === undefined) {
    throw new RingsideError(`bench verify ${named}: the report does not say by what protocol it was made`, {
      fix: "make it again with this version",
    });
  }
  const after = await measured(definition);
  await output(after, options);
  const differences = protocolDifferences(before, after);
  if (differences.length > 0) throw unlike(`verify ${named}`, differences);
  const comparison = compareReports(before, after, level);
  process.stderr.write(`\n${formatComparison(comparison)}`);
  const differs = comparison.rows.some(({ verdict }) => verdict === "slower" || verdict === "faster");
  process.exitCode = after.interrupted ? INTERRUPTED : differs ? 1 : exitCodeOf(after);
}

/** What is said where two reports cannot be compared. */
export function unlike(what: string, differences: readonly string[]): RingsideError {
  return new RingsideError(`bench ${what}: they were not made by the same protocol: ${differences.join("; ")}`, {
    fix: "ringside bench verify REPORT makes one by the same protocol",
  });
}
