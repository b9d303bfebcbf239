/** `ringside bench report FILE`: a stored report again, as text, as a page, as rows. */

import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { formatReport } from "../bench/report/text.ts";
import type { BenchReport } from "../bench/schema.ts";
import { RingsideError, reasonOf } from "../error.ts";
import { namedReport } from "./bench-source.ts";

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
    .argument("<file>", "ringside.bench/1 as `--json` writes it, or its number in the history; - for standard input")
    .option("--html <file>", "write one HTML file that needs nothing else; - for standard output")
    .option("--csv <file>", "write a row for each sample (RFC 4180); - for standard output")
    .action(showReport);
}

async function showReport(file: string, { html, csv }: ReportArguments): Promise<void> {
  const report = namedReport(file);
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

function write(file: string, text: string): void {
  if (file === STANDARD_OUTPUT) {
    process.stdout.write(text);
    return;
  }
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new RingsideError(`write the report ${file}: ${reasonOf(error)}`, {
      cause: error,
      fix: "name a file in a directory that you may write to",
    });
  }
}
