/**
 * Where the time went, as a table: the spans of a start's timeline, the longest first. Steps of the launcher and of the
 * new process that overlap are counted once, so the times add up to the whole.
 */
import type { Span, Timeline } from "../../simulator/trace/timeline.ts";

const NS_PER_US = 1000;
/** A screen full. */
const MOST_ROWS = 24;
/** What does not belong to making or removing the container. */
const PROGRAM_STAGE = "program";

interface Row {
  readonly ns: number;
  readonly words: string;
  readonly detail: string;
}

/** A span with its place in the order of time, which the table's order hides. */
function rowOf(span: Span, position: number): Row {
  const { name, start, end, args } = span;
  const why = args?.why;
  const detail = typeof why === "string" ? `step ${position}: ${why}` : "";
  return { ns: end - start, words: name, detail };
}

/** The launcher's own code between the steps is one row. */
function gathered(spans: readonly Span[]): Row[] {
  const steps = spans.filter(({ args }) => args !== undefined);
  const others = Map.groupBy(
    spans.filter(({ args }) => args === undefined),
    ({ name }) => name,
  );
  const between = [...others].map(([words, each]) => ({
    words,
    detail: each.length > 1 ? `${each.length} times between the steps` : "",
    ns: each.reduce((sum, { start, end }) => sum + end - start, 0),
  }));
  return [...steps.map((span, index) => rowOf(span, index + 1)), ...between].toSorted((a, b) => b.ns - a.ns);
}

function us(ns: number): string {
  return (ns / NS_PER_US).toFixed(1);
}

function table(title: string, spans: readonly Span[]): string[] {
  if (spans.length === 0) return [];
  const totalNs = spans.reduce((sum, { start, end }) => sum + end - start, 0);
  const all = gathered(spans);
  const rest = all.slice(MOST_ROWS);
  const restNs = rest.reduce((sum, { ns }) => sum + ns, 0);
  const last = { ns: restNs, words: `${rest.length} shorter ones`, detail: "all are in --timeline" };
  const rows = [...all.slice(0, MOST_ROWS), ...(rest.length === 0 ? [] : [last])].map(({ ns, words, detail }) => [
    us(ns),
    ((100 * ns) / totalNs).toFixed(1),
    words,
    detail,
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column < 2 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd();
  return [`${title}: ${us(totalNs)} µs, the longest first`, ...[["µs", "%", "what", ""], ...rows].map(line), ""];
}

/** @returns the table of a start, and of the end where that has come */
export function timesText({ spans }: Timeline): string {
  const program = spans.findIndex(({ stage }) => stage === PROGRAM_STAGE);
  const [making, removing] = program === -1 ? [spans, []] : [spans.slice(0, program), spans.slice(program + 1)];
  const ran = spans[program];
  return [
    ...table("From the request to the program", making),
    ...(ran === undefined ? [] : [`The program: ${us(ran.end - ran.start)} µs`, ""]),
    ...table("From the program's end until nothing is left in the kernel", removing),
  ].join("\n");
}
