/** `ringside bench report FILE`: a stored report again, as text, as a page, as rows. */

import { readFileSync, writeFileSync } from "node:fs";
import type { Command } from "commander";
import * as z from "zod";
import { formatReport } from "../bench/report/text.ts";
import { type BenchReport, benchReportSchema } from "../bench/schema.ts";
import { RingsideError } from "../error.ts";

interface ReportArguments {
  readonly html?: string;
  readonly csv?: string;
}

const STANDARD_OUTPUT = "-";

/** Adds `report` to `ringside bench`. */
export function addReport(bench: Command): void {
  bench
    .command("report")
    .description("show a stored report again, and make its page and its rows")
    .argument("<file>", "ringside.bench/1 as `--json` writes it; - for standard input")
    .option("--html <file>", "write one HTML file that needs nothing else; - for standard output")
    .option("--csv <file>", "write a row for each sample (RFC 4180); - for standard output")
    .action(showReport);
}

async function showReport(file: string, { html, csv }: ReportArguments): Promise<void> {
  const report = readReport(file);
  await writeReport(report, { ...(html === undefined ? {} : { html }), ...(csv === undefined ? {} : { csv }) });
  if (html !== STANDARD_OUTPUT && csv !== STANDARD_OUTPUT) process.stdout.write(formatReport(report));
}

/**
 * Writes a report as a page and as rows, where that is asked for. What draws is loaded only then.
 *
 * @throws RingsideError where a file cannot be written
 */
export async function writeReport(report: BenchReport, { html, csv }: ReportArguments): Promise<void> {
  if (html !== undefined) {
    const { htmlReport } = await import("../bench/report/html.ts");
    write(html, htmlReport(report));
  }
  if (csv !== undefined) {
    const { csvReport } = await import("../bench/report/csv.ts");
    write(csv, csvReport(report));
  }
}

/**
 * Reads a report.
 *
 * @param file `-` for standard input
 * @throws RingsideError where it cannot be read, or is no report of this format
 */
export function readReport(file: string): BenchReport {
  const doing = `read the benchmark report ${file === STANDARD_OUTPUT ? "from standard input" : file}`;
  const fix = "give a file that `ringside bench … --json FILE` has written";
  let text: string;
  try {
    text = readFileSync(file === STANDARD_OUTPUT ? 0 : file, "utf8");
  } catch (error) {
    throw new RingsideError(`${doing}: ${messageOf(error)}`, { cause: error, fix });
  }
  const parsed = benchReportSchema.safeParse(parseJson(text, doing, fix));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? "" : `${z.core.toDotPath(issue.path)}: `;
  throw new RingsideError(`${doing}: it is not ringside.bench/1: ${where}${issue?.message}`, {
    cause: parsed.error,
    fix,
  });
}

function parseJson(text: string, doing: string, fix: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RingsideError(`${doing}: ${messageOf(error)}`, { cause: error, fix });
  }
}

function write(file: string, text: string): void {
  if (file === STANDARD_OUTPUT) {
    process.stdout.write(text);
    return;
  }
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new RingsideError(`write the report ${file}: ${messageOf(error)}`, {
      cause: error,
      fix: "name a file in a directory that you may write to",
    });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
