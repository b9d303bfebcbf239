/** What a benchmark of migration found, in words and a table. */
import { PUBLISHED_MIGRATIONS } from "../published.ts";
import type { MigrationDone, MigrationReport, SummaryName } from "./schema.ts";

/** What a model says of the same migration, where somebody asked one. */
export interface MigrationPrediction {
  readonly totalMs: number;
  readonly downtimeMs: number;
  readonly rounds: number;
  /** Which model, with which costs. */
  readonly model: string;
}

const MIB = 1024 ** 2;
const KIB = 1024;

const ROWS: readonly { readonly name: SummaryName; readonly title: string }[] = [
  { name: "totalMs", title: "whole migration" },
  { name: "qemuDowntimeMs", title: "standstill, as QEMU reckons it" },
  { name: "stoppedMs", title: "standstill, from stop to go" },
  { name: "gapByHostClockMs", title: "gap on the console, less the pace" },
  { name: "gapByGuestClockMs", title: "the same by the guest's own clock" },
  { name: "clockLagMs", title: "guest's clock behind the host's by" },
];

/** The report as text, ending in a newline. */
export function migrationText(report: MigrationReport, prediction?: MigrationPrediction): string {
  const done = report.migrations.filter((migration) => migration.kind === "done");
  const failed = report.migrations.filter((migration) => migration.kind === "failed");
  const first = done[0];
  const parts = [
    head(report, done.length),
    done.length === 0 ? "" : summaryTable(report),
    first === undefined ? "" : rounds(first),
    failed.map(({ number, reason }) => `migration ${number} failed: ${reason}`).join("\n"),
    first === undefined ? "" : words(report),
    beside(report, prediction),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function head(
  { migrations, counter, guest, options, startedAt, machine, interrupted }: MigrationReport,
  done: number,
): string {
  const rate = `${options.writesPerSecond} pages a second of ${Math.round(options.workingSetBytes / MIB)} MiB`;
  return [
    `Live migration: ${done} of ${migrations.length} succeeded`,
    `counter: ${counter.lines} values, ${none(counter.missed)} missed, ${none(counter.doubled)} doubled; pages of its memory that were wrong: ${none(counter.wrongPages)}`,
    `${startedAt.slice(0, 10)}, ${machine.kernel}; QEMU ${guest.version} ${guest.machine}, ${guest.accelerator}; guest Linux ${guest.kernel}, ${guest.memoryBytes / MIB} MiB, writes ${rate}`,
    `at most ${options.downtimeLimitMs} ms of standstill wanted, ${Math.round(options.bandwidthBytesPerSecond / MIB)} MiB/s, last resort: ${options.lastResort}; one guest, moved again and again on this machine`,
    ...(interrupted ? ["Interrupted: what had been measured until then."] : []),
  ].join("\n");
}

function none(count: number): string {
  return count === 0 ? "none" : String(count);
}

function summaryTable({ summaries }: MigrationReport): string {
  const cells = ROWS.flatMap(({ name, title }) => {
    const summary = summaries[name];
    if (summary === undefined) return [];
    const { p50, p95, p99, ci95 } = summary;
    return [[title, ms(p50), `${ms(ci95[0])} … ${ms(ci95[1])}`, ms(p95), ms(p99)]];
  });
  const rows = [["milliseconds", "p50", "95 % interval", "p95", "p99"], ...cells];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join("  "),
    )
    .join("\n");
}

function ms(value: number): string {
  return value.toFixed(Math.abs(value) < 100 ? 1 : 0);
}

function rounds({ number, rounds: all, wholePages, uniformPages }: MigrationDone): string {
  const lines = all.map(({ pass, startMs, endMs, transferredBytes }, index) => {
    const isLast = index === all.length - 1;
    const what = isLast ? "the rest, after the guest's stop" : pass === 1 ? "all memory" : "what was written meanwhile";
    return `  pass ${pass}  ${ms(endMs - startMs).padStart(7)} ms  ${amount(transferredBytes).padStart(9)}  ${what}`;
  });
  const pages = `  ${wholePages} pages whole, ${uniformPages} as one byte, since nothing else is in them`;
  return [`Migration ${number}, pass by pass:`, ...lines, pages].join("\n");
}

function amount(bytes: number): string {
  return bytes >= MIB ? `${(bytes / MIB).toFixed(1)} MiB` : `${Math.round(bytes / KIB)} KiB`;
}

function words({ summaries, options }: MigrationReport): string {
  const why =
    options.lastResort === "post-copy"
      ? "waited for pages that were not there yet"
      : "was held up while QEMU read which pages it had written";
  const at = (name: SummaryName): number => summaries[name]?.p50 ?? 0;
  const [stopped, gap, own, lag] = [at("stoppedMs"), at("gapByHostClockMs"), at("gapByGuestClockMs"), at("clockLagMs")];
  const heldUp =
    own > gap / 2
      ? `${ms(own)} ms of that are in the guest's own stamps: it was running, and ${why}`
      : `The guest's own stamps show ${ms(own)} ms of that`;
  const stoodStill =
    lag > stopped / 2
      ? `The stop itself it cannot have noticed: its clock stood still with it, and is ${ms(lag)} ms behind the host's since`
      : "Its clock went on meanwhile";
  return [
    `The guest was stopped for ${ms(stopped)} ms (median). Its console was silent for up to ${ms(gap)} ms longer than usual.`,
    `${heldUp}. ${stoodStill}.`,
  ].join("\n");
}

function beside({ guest, options }: MigrationReport, prediction: MigrationPrediction | undefined): string {
  const lines = PUBLISHED_MIGRATIONS.map(
    ({ what, mark, valueMs, accelerator, date, machine }) =>
      `  published  ${mark === "total" ? "whole     " : "standstill"} ${String(valueMs).padStart(5)} ms  ${what}, ${accelerator}, ${machine}, ${date}`,
  );
  const simulated =
    prediction === undefined
      ? []
      : [
          `  simulated  whole      ${ms(prediction.totalMs).padStart(5)} ms  ${prediction.model}`,
          `  simulated  standstill ${ms(prediction.downtimeMs).padStart(5)} ms  the same, ${prediction.rounds} passes`,
        ];
  return [
    `Beside it (here: ${guest.accelerator}, both ends on one machine, ${Math.round(options.bandwidthBytesPerSecond / MIB)} MiB/s; theirs: other machines and connections):`,
    ...simulated,
    ...lines,
  ].join("\n");
}
