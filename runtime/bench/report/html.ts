/**
 * A report as one HTML file that needs nothing else: no network, no font, no script but a few lines for the pointer, which
 * the file's own content security policy (CSP level 3) names by their hash, so that no other script in it could ever run.
 */

import { createHash } from "node:crypto";
import { PUBLISHED_STARTS } from "../published.ts";
import { type BenchReport, MARK_NAMES } from "../schema.ts";
import { concurrencyFigure } from "./concurrency.ts";
import { ecdfFigure } from "./ecdf.ts";
import { findingsOf } from "./findings.ts";
import { HOVER_SCRIPT } from "./hover.ts";
import { type Content, html, Markup } from "./markup.ts";
import { memoryFigure, slopeFigure } from "./memory.ts";
import { machineSection, methodSection, missingSection } from "./method.ts";
import { migrationSection } from "./migration.ts";
import { coldFigure, comparisonFigure, overheadFigure } from "./ratios.ts";
import { stageFigure } from "./stages.ts";
import { REPORT_STYLE } from "./style.ts";
import {
  crowdTable,
  densityTable,
  exitTable,
  folded,
  markTable,
  overheadTable,
  publishedList,
  startTable,
} from "./tables.ts";
import { acceleratorOf } from "./words.ts";

/** What the page may load: nothing. What it may run: its own few lines. */
export const REPORT_POLICY = `default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; script-src 'sha256-${createHash("sha256").update(HOVER_SCRIPT).digest("base64")}'`;

export interface PageOptions {
  /** Instead of what the reader's system prefers. */
  readonly theme?: "light" | "dark";
}

/**
 * The file's text.
 */
export function htmlReport(report: BenchReport, { theme }: PageOptions = {}): string {
  const title = `Ringside benchmark, ${report.startedAt.slice(0, 10)}`;
  const page = html`<!doctype html>
<html lang="en"${theme === undefined ? undefined : html` data-theme="${theme}"`}>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${REPORT_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${new Markup(REPORT_STYLE)}</style>
</head>
<body>
<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs><pattern id="emulated" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line class="hatch-line" y2="6"/></pattern></defs></svg>
<main>
${head(report)}
${startSections(report)}
${densitySection(report)}
${overheadSection(report)}
${migrationSection(report)}
${missingSection(report)}
${methodSection(report)}
${machineSection(report)}
<h2 id="published">Published figures</h2>
<p>By others, for other machines; each says which mark or metric of ours it comes nearest to.</p>
${publishedList(report)}
<footer>${report.schema}. Made by <code>ringside bench</code>; <code>ringside bench report FILE --html PAGE</code> makes this page of the JSON again.</footer>
</main>
<script>${new Markup(HOVER_SCRIPT)}</script>
</body>
</html>
`;
  return page.text;
}

function head(report: BenchReport): Markup {
  const { machine, protocol, startedAt } = report;
  const findings = findingsOf(report);
  return html`<header><h1>${TITLES[report.benchmark]}</h1>
<p class="lead">Measured on ${startedAt.slice(0, 10)}: ${machine.cpu}, ${machine.cores} ${machine.cores === 1 ? "core" : "cores"}, ${machine.kernel}. ${protocol.runs} rounds after ${protocol.warmup} for warm-up, every round in an order of its own. Nothing here was measured anywhere else, but for what is dotted and called published.</p></header>
${report.interrupted ? html`<p class="warning"><b>Interrupted.</b> This is what had been measured until then.</p>` : undefined}
${emulationWarning(report)}
${machine.virtualized ? html`<p class="warning"><b>A machine in a machine.</b> This machine is a guest itself: what runs on KVM here is nested, and its exits are dearer than on bare hardware.</p>` : undefined}
${findings.length === 0 ? nothingMeasured(report) : html`<ul class="findings">${findings.map((finding) => html`<li>${finding}</li>`)}</ul>`}
`;
}

const TITLES: Readonly<Record<BenchReport["benchmark"], string>> = {
  startup: "How long until a program runs",
  density: "How many fit into one machine",
  overhead: "What each world costs a running program",
  whole: "Processes, containers, virtual machines",
};

/** A report of another part has its figures below, and no finding about starts. */
function nothingMeasured({ density = [], overhead = [], migration = [] }: BenchReport): Markup | undefined {
  const isEmpty = [density, overhead, migration].every((part) => part.length === 0);
  return isEmpty ? html`<p>Nothing was measured.</p>` : undefined;
}

function emulationWarning({ systems, density = [], overhead = [], migration = [] }: BenchReport): Markup | undefined {
  const names = [...systems, ...density, ...overhead, ...migration]
    .filter(({ accelerator }) => acceleratorOf(accelerator)?.isEmulated)
    .map(({ name }) => name);
  if (names.length === 0) return undefined;
  return html`<p class="warning"><b>Hatched: software emulation.</b> ${[...new Set(names)].join(", ")} ran without hardware virtualization. Their times are those of an
emulator, and are not to be set against a virtual machine with KVM.</p>`;
}

function startSections(report: BenchReport): Content {
  if (report.systems.length === 0) return undefined;
  const figures = MARK_NAMES.filter((mark) => mark !== "firstInstruction").map((mark) => markFigure(report, mark));
  return [
    html`<h2>Start</h2>`,
    figures[0],
    startTable(report),
    figures.slice(1),
    folded("All marks as a table", markTable(report)),
    comparisonFigure(report.comparisons ?? [], report.systems),
    coldFigure(report.systems),
    withTable(concurrencyFigure(report), "Several at once as a table", () => crowdTable(report)),
    stageFigure(report.systems),
  ];
}

/** The server's mark is that of another workload; where only variants have it, theirs is drawn. */
function markFigure({ systems }: BenchReport, mark: (typeof MARK_NAMES)[number]): Markup | undefined {
  const distributions = systems.flatMap((system) => {
    const own = system.marks[mark];
    const served = system.variants?.find(({ workload, cache, concurrency }) => {
      return workload === "serve" && cache === "warm" && concurrency === 1;
    });
    const summary = own ?? (mark === "ready" ? served?.marks.ready : undefined);
    return summary === undefined ? [] : [{ system, samplesMs: summary.samplesMs, ci95: summary.ci95 }];
  });
  return ecdfFigure(mark, distributions, PUBLISHED_STARTS);
}

function densitySection(report: BenchReport): Content {
  const { density = [] } = report;
  const figure = memoryFigure(density);
  if (figure === undefined) return undefined;
  return [
    html`<h2>Density</h2>`,
    slopeFigure(density),
    withTable(figure, "Density as a table", () => densityTable(report)),
  ];
}

function overheadSection(report: BenchReport): Content {
  const { overhead = [] } = report;
  if (overhead.length === 0) return undefined;
  return [
    html`<h2>Overhead</h2>`,
    overheadFigure(overhead),
    exitTable(report),
    folded("Overhead as a table", overheadTable(report)),
  ];
}

function withTable(figure: Markup | undefined, summary: string, make: () => Markup): Content {
  return figure === undefined ? undefined : [figure, folded(summary, make())];
}
