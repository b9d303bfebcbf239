/** `ringside bench history` and `ringside bench show ID`: the reports that were made here. */

import type { Command } from "commander";
import { History, type HistoryEntry } from "../bench/history.ts";
import { formatReport } from "../bench/report/text.ts";
import { deliver } from "./bench-options.ts";
import { writeReport } from "./bench-report.ts";
import { namedReport } from "./bench-source.ts";
import { tableText } from "./table.ts";

interface ShowArguments {
  readonly json?: string | true;
  readonly html?: string;
  readonly csv?: string;
}

/** Adds `history` to `ringside bench`. */
export function addHistory(bench: Command): void {
  bench
    .command("history")
    .description("the reports that were made here, the latest first")
    .option("--json", "print ringside.bench-history/1")
    .action(({ json }: { readonly json?: true }) => {
      using history = new History();
      const reports = history.list();
      process.stdout.write(
        json ? `${JSON.stringify({ schema: "ringside.bench-history/1", reports }, null, 2)}\n` : listed(reports),
      );
    });
}

/** Adds `show` to `ringside bench`. */
export function addShow(bench: Command): void {
  bench
    .command("show")
    .description("one of them again, as text, as a page, as rows")
    .argument("<id>", "its number in ringside bench history")
    .option("--json [file]", "write ringside.bench/1 to a file, or (- or none) to standard output")
    .option("--html <file>", "write one HTML file that needs nothing else")
    .option("--csv <file>", "write a row for each sample (RFC 4180)")
    .action(async (id: string, { json, html, csv }: ShowArguments) => {
      const report = namedReport(id);
      await writeReport(report, { ...(html === undefined ? {} : { html }), ...(csv === undefined ? {} : { csv }) });
      deliver(report, formatReport(report), false, json);
    });
}

function listed(reports: readonly HistoryEntry[]): string {
  if (reports.length === 0) return "No report has been kept yet.\n";
  return tableText([
    ["ID", "STARTED (UTC)", "BENCHMARK", "SYSTEMS", "KERNEL", ""],
    ...reports.map(({ id, startedAt, benchmark, systems, kernel, interrupted }) => [
      String(id),
      startedAt.slice(0, 16).replace("T", " "),
      benchmark,
      String(systems),
      kernel,
      interrupted ? "interrupted" : "",
    ]),
  ]);
}
