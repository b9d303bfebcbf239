/** A trace as lines, after strace(1): when, how long, who, what, and with what result. */
import type { TracingCost } from "../trace/cost.ts";
import type { CallRecord, TraceRecord } from "../trace/records.ts";
import type { SummaryRow } from "../trace/summary.ts";
import { meaningOf } from "../trace/tables/meanings.ts";
import { signalName } from "../trace/words.ts";
import type { TraceEnd, TraceFormat } from "./trace-sink.ts";

const NS_PER_US = 1e3;
const NS_PER_MS = 1e6;
const TIME_WIDTH = 11;
const DURATION_WIDTH = 11;
/** Results stand in one column where the calls are not longer. */
const CALL_WIDTH = 48;

/** 12.3 µs, 4.567 ms: three or four digits. */
export function duration(ns: number): string {
  if (ns < NS_PER_MS) return `${(ns / NS_PER_US).toFixed(1)} µs`;
  return ns < 1e9 ? `${(ns / NS_PER_MS).toFixed(2)} ms` : `${(ns / 1e9).toFixed(3)} s`;
}

export interface TextOptions {
  /** Say who: there are several. */
  readonly follow: boolean;
  /** Say what each call is for, where it comes for the first time. */
  readonly explain: boolean;
  /** Nothing but the table. */
  readonly summaryOnly: boolean;
}

function exitWords(status: number): string {
  const signal = status & 0x7f;
  if (signal === 0) return `ended with exit code ${(status >> 8) & 0xff}`;
  return `killed by ${signalName(signal)}${(status & 0x80) === 0 ? "" : ", memory dumped (core)"}`;
}

/** si_code of signals that the kernel raises for a fault. */
const KERNEL_CODE = 0;

type Event = Exclude<TraceRecord, CallRecord>;

function eventWords(record: Event): string {
  switch (record.kind) {
    case "exit":
      return `+++ ${exitWords(record.waitStatus)} +++`;
    case "signal": {
      const { signal, sender, address, code } = record;
      const from = sender > 0 ? ` from process ${sender}` : "";
      const where = code > KERNEL_CODE && address !== 0n ? ` at address 0x${address.toString(16)}` : "";
      return `--- signal ${signalName(signal)}${from}${where} ---`;
    }
    case "spawn":
      return `--- made ${record.child} ---`;
    case "exec":
      return `--- thread ${record.former} became this process's only thread ---`;
    case "stop":
      return `--- stopped by ${signalName(record.signal)} ---`;
  }
}

/** @returns a format that writes a line a call */
export function textFormat({ follow, explain, summaryOnly }: TextOptions): TraceFormat {
  let zeroNs: number | undefined;
  const explained = new Set<string>();
  const columns = (atNs: number, lengthNs: number | undefined, thread: number): string => {
    zeroNs ??= atNs;
    const at = `${((atNs - zeroNs) / NS_PER_MS).toFixed(3)} ms`.padStart(TIME_WIDTH);
    const length = (lengthNs === undefined ? "" : duration(lengthNs)).padStart(DURATION_WIDTH);
    return `${at} ${length}  ${follow ? `[${thread}] ` : ""}`;
  };
  return {
    begin: () => "",
    call(record, { name, args, result }) {
      if (summaryOnly) return "";
      const { enterNs, exitNs, hasReturned, thread } = record;
      const start = columns(enterNs, hasReturned ? exitNs - enterNs : undefined, thread);
      const line = `${start}${`${name}(${args.join(", ")})`.padEnd(CALL_WIDTH)} = ${result}\n`;
      const meaning = explain && !explained.has(name) ? meaningOf(name) : undefined;
      explained.add(name);
      return meaning === undefined ? line : `${" ".repeat(start.length)}# ${name} ${meaning}\n${line}`;
    },
    event(record) {
      return summaryOnly ? "" : `${columns(record.atNs, undefined, record.thread)}${eventWords(record)}\n`;
    },
    end: (end) => `${summaryOnly ? summaryTable(end.summary) : ""}${costWords(end)}`,
  };
}

function summaryTable(rows: readonly SummaryRow[]): string {
  const totalNs = rows.reduce((sum, { kernelNs }) => sum + kernelNs, 0);
  const cells = [
    ["% time", "time", "calls", "errors", "a call", "call", "what it is for"],
    ...rows.map(({ name, calls, errors, kernelNs, meaning }) => [
      (totalNs === 0 ? 0 : (100 * kernelNs) / totalNs).toFixed(1),
      duration(kernelNs),
      String(calls),
      errors === 0 ? "" : String(errors),
      duration(kernelNs / calls),
      name,
      meaning ?? "",
    ]),
  ];
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const LEFT = 5;
  return cells
    .map((row) =>
      row
        .map((cell, column) => (column < LEFT ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n")
    .concat("\n");
}

/** What the trace itself cost, and how that is known. */
export function costWords({ calls, lost, cost, overheadNs, elapsedNs }: TraceEnd): string {
  const lines = [
    `${calls} calls in ${duration(elapsedNs)}; about ${duration(overheadNs)} of that is the tracing itself.`,
    `${howMeasured(cost)}`,
    `The time of a call in this list contains about ${duration(cost.shownExtraNs)} of it, that of a blocked one less.`,
  ];
  if (lost > 0) lines.push(`${lost} records were dropped: they came faster than they could be written.`);
  return `${lines.map((line) => `ringside: ${line}`).join("\n")}\n`;
}

function howMeasured({ calibrationCalls, untracedNs, tracedNs, switchingNs }: TracingCost): string {
  return (
    `Each call stops twice, ${duration(switchingNs)} of switching (measured just now: ${calibrationCalls} getppid, ` +
    `${duration(untracedNs)} each as it is, ${duration(tracedNs)} traced, the median), plus the time in which the tracer read arguments.`
  );
}
