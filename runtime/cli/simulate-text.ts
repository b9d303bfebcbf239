/** What `ringside simulate` prints for people: aligned tables, and under every table where its figures come from. */
import type { Cost, CostProfile, CostStatus } from "../../simulator/costs/cost.ts";
import { DEFAULT_PROFILE } from "../../simulator/costs/profiles.ts";
import type { Knob } from "../../simulator/scenarios/knob.ts";
import { findScenario, SCENARIOS, THEMES } from "../../simulator/scenarios/registry.ts";
import type { ScenarioResult } from "../../simulator/scenarios/run.ts";
import type { AnyScenario, Claim, Metric, MetricDescription, Question } from "../../simulator/scenarios/scenario.ts";
import type { OrderRow, ValidationRow } from "../../simulator/scenarios/validation.ts";

const LINE_COLUMNS = 80;
const NOTE_INDENT = 15;

const BASES =
  "What the model has: the figure itself is one of its costs; its parts were derived from it, and\nagreement shows that they still make the whole; other figures: nothing of it is in the model.";

/** Words of the field that are written with capitals, by how a metric's name has them. */
const SPELT: Readonly<Record<string, string>> = {
  ibm: "IBM",
  z: "Z",
  l0: "L0",
  sie: "SIE",
  ksm: "KSM",
  vmcall: "VMCALL",
  outl: "OUT",
};

type Row = readonly string[];

/** @param known the profiles that can be chosen; @returns the scenarios by theme, and the profiles, one line each. */
export function listText(known: readonly Pick<CostProfile, "name" | "title">[]): string {
  const profiles = known.map(({ name, title }) => [
    "  ",
    name,
    `${title}${name === DEFAULT_PROFILE ? " (default)" : ""}`,
  ]);
  const width = Math.max(...SCENARIOS.map(({ name }) => name.length));
  const themes = THEMES.map(({ title, names }) => {
    const rows = names.flatMap((name) => findScenario(name) ?? []);
    const lines = rows.map((scenario) => `    ${scenario.name.padEnd(width)}  ${scenario.title}\n`);
    return lines.length === 0 ? "" : `  ${title}\n${lines.join("")}`;
  });
  return [
    `scenarios\n${themes.join("")}`,
    "  Your own: ringside simulate FILE, as docs/scenario.md shows.\n",
    `\ncost profiles\n${columns(profiles)}`,
  ].join("");
}

/**
 * A scenario's help: what it asks and claims, without the answer and the verdict, which a run shows; its knobs and metrics.
 * @param word what to type for it: its name, or the file that it is in
 */
export function scenarioHelp(scenario: AnyScenario, word = scenario.name): string {
  const { description, question, claim, captions } = scenario;
  const knobs = scenario.knobs.map((knob) => wrapped(`${knob.name}=${valuesOf(knob)}`, 2) + wrapped(knob.help, 8));
  const metrics = scenario.metrics.map(({ name, unit, help }) => `  ${name} (${unit})\n${wrapped(help, 8)}`);
  const words = captions.map(({ at, text }) => `  ${at}\n${wrapped(text, 8)}`);
  return [
    wrapped(`ringside simulate ${word}: ${scenario.title}`, 0),
    description === "" ? "" : `\n${wrapped(description, 0)}`,
    question === undefined ? "" : `\n${questionText(question)}`,
    claim === undefined ? "" : `\nclaim, whose verdict a run shows\n${wrapped(claim.text, 2)}`,
    knobs.length === 0 ? "" : `\nknobs, for --set knob=value\n${knobs.join("")}`,
    `\nmetrics, of each world\n${metrics.join("")}`,
    words.length === 0 ? "" : `\ncaptions, at what happens\n${words.join("")}`,
  ].join("");
}

function questionText({ text, choices }: Question): string {
  const letters = "abcdefghijklmnopqrstuvwxyz";
  const lines = choices.map((choice, at) => `  ${letters[at] ?? "-"}  ${choice}\n`);
  return `question, to be answered before a run\n${wrapped(text, 2)}${lines.join("")}`;
}

function valuesOf(knob: Knob): string {
  if (knob.kind === "integer") return `${knob.low} to ${knob.high} ${knob.unit} (default ${knob.default})`;
  return knob.choices.map((choice) => (choice === knob.default ? `${choice} (default)` : choice)).join(" | ");
}

/** Breaks text at white space so that it fits a terminal of 80 columns. */
function wrapped(text: string, indent: number): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.trim().split(/\s+/)) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (indent + longer.length > LINE_COLUMNS && line !== "") {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line].map((part) => `${" ".repeat(indent)}${part}\n`).join("");
}

/** A note under a table: its label at the left, its text beside it. */
function note(label: string, text: string): string {
  return label.padEnd(NOTE_INDENT) + wrapped(text, NOTE_INDENT).slice(NOTE_INDENT);
}

/** @returns a table of metrics by world, under it the provenance of every column; last what was asked and claimed. */
export function resultText(scenario: AnyScenario, result: ScenarioResult): string {
  const worlds = result.metrics.map(({ world }) => world);
  const rows = scenario.metrics
    .filter(({ name }) => result.metrics.some(({ metrics }) => metrics[name] !== undefined))
    .map((metric) => [label(metric), ...result.metrics.map(({ metrics }) => figure(metrics[metric.name]))]);
  const knobs = Object.entries(result.knobs).map(([name, value]) => `${name}=${value}`);
  return [
    `${scenario.title}\n\n`,
    columns([["", ...worlds], ...rows], true),
    "\n",
    note("simulated", [`seed ${result.seed}`, ...knobs].join(", ")),
    note("costs", costsNote(result)),
    ...stepsNotes(result),
    note("trace", result.traceHash),
    outcomeText(scenario, result),
  ].join("");
}

/** The question with its answer, the claim with its verdict: both are of the scenario with default knobs and costs. */
function outcomeText({ question, claim, knobs }: AnyScenario, result: ScenarioResult): string {
  if (question === undefined && claim === undefined) return "";
  const turned = knobs.filter((knob) => result.knobs[knob.name] !== knob.default).map(({ name }) => name);
  const otherwise = [
    ...(turned.length === 0 ? [] : [`${turned.join(", ")} ${turned.length === 1 ? "was" : "were"} turned`]),
    ...(result.profile === DEFAULT_PROFILE ? [] : [`the costs are those of ${result.profile}`]),
  ];
  return [
    "\n",
    question === undefined ? "" : note("question", question.text) + note("answer", question.answer),
    claim === undefined ? "" : note("claim", claim.text) + note("verdict", verdictText(claim)),
    otherwise.length === 0
      ? ""
      : note("", `said of the knobs and costs as they are by default; here ${otherwise.join(", and ")}`),
  ].join("");
}

function verdictText({ verdict, because }: Claim): string {
  return `${verdict}: ${because}`;
}

function costsNote({ profile, costs }: ScenarioResult): string {
  if (costs.length === 0) return `none of ${profile}: these figures rest on no cost`;
  return `${profile}: ${statusCounts(costs)} (--costs lists them)`;
}

/** What a world's lanes of steps are, once for each world and source, and how many of their steps nobody has confirmed. */
function stepsNotes({ timeline }: ScenarioResult): string[] {
  const counts = new Map<string, { world: string; what: string; steps: number; recalled: number }>();
  for (const { id, world, provenance } of timeline.tracks.filter(({ unit }) => unit === "step")) {
    const what = provenance.detail.split("; ").slice(1).join("; ");
    const spans = timeline.spans.filter(({ track }) => track === id);
    const recalled = spans.filter(({ args }) => args?.evidence === "recalled").length;
    const before = counts.get(`${world} ${what}`) ?? { world, what, steps: 0, recalled: 0 };
    const both = { steps: before.steps + spans.length, recalled: before.recalled + recalled };
    counts.set(`${world} ${what}`, { world, what, ...both });
  }
  return [...counts.values()].map(({ world, what, steps, recalled }) =>
    note(world, `${what}; ${recalled} of ${steps} steps are recalled, not confirmed, and flagged so`),
  );
}

function label(metric: MetricDescription): string {
  const words = metric.name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).split(" ");
  return words.map((word) => SPELT[word] ?? word).join(" ");
}

/** Nanoseconds and bytes are shown in the unit that leaves the figure readable. */
function figure(metric: Metric | undefined): string {
  if (metric === undefined) return "–";
  if (metric.unit === "yes|no") return metric.value === 0 ? "no" : "yes";
  if (metric.value === 0) return "0";
  if (metric.unit === "step") return metric.value === 1 ? "1 step" : `${metric.value} steps`;
  if (metric.unit === "bytes") return bytesText(metric.value);
  if (metric.unit === "permille") return `${(metric.value / 10).toFixed(1)} %`;
  if (metric.unit === "count") return String(metric.value);
  if (metric.unit !== "ns") return `${metric.value} ${metric.unit}`;
  if (metric.value >= 1_000_000_000) return `${(metric.value / 1_000_000_000).toFixed(2)} s`;
  if (metric.value >= 1_000_000) return `${(metric.value / 1_000_000).toFixed(metric.value >= 100_000_000 ? 1 : 2)} ms`;
  return metric.value >= 1000 ? `${(metric.value / 1000).toFixed(1)} µs` : `${metric.value} ns`;
}

/** In the binary unit that leaves three or four digits. */
function bytesText(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

function statusCounts(costs: readonly Cost[]): string {
  const order: readonly CostStatus[] = ["published", "derived", "measured", "assumed"];
  const counts = order.map((status) => ({ status, count: costs.filter((cost) => cost.status === status).length }));
  return counts
    .filter(({ count }) => count > 0)
    .map(({ status, count }) => `${count} ${status}`)
    .join(", ");
}

/** @returns every cost that the result rests on, below what they have in common: where they come from. */
export function costsText({ costs }: ScenarioResult): string {
  const groups = new Map<string, Cost[]>();
  for (const cost of costs) {
    const from = `${cost.status}, ${cost.date}: ${cost.source}; machine: ${cost.machine}`;
    groups.set(from, [...(groups.get(from) ?? []), cost]);
  }
  const texts = [...groups].map(([from, group]) => {
    const rows = group.map(({ id, value, unit }) => ["  ", id, value.toLocaleString("en"), unit]);
    return wrapped(from, 0) + columns(rows, false, [2]);
  });
  return texts.join("\n");
}

/** @returns what the model predicts beside what was published, how far apart they are, and what the model knows of it. */
export function validationText(rows: readonly ValidationRow[]): string {
  const figures = rows.filter((row) => row.kind === "figure");
  const orders = rows.filter((row) => row.kind === "order");
  const header = ["FIGURE", "PREDICTED", "PUBLISHED", "OFF", "WITHIN", "", "MODEL HAS", "SOURCE"];
  const lines = figures.map(({ id, predicted, published, unit, tolerance, ok, basis, source }) => [
    id,
    `${readable(predicted)} ${unit}`,
    `${readable(published)} ${unit}`,
    `${((predicted / published - 1) * 100).toFixed(1)} %`,
    `${(tolerance * 100).toFixed(0)} %`,
    ok ? "ok" : "OUT OF TOLERANCE",
    basis,
    source,
  ]);
  const passed = rows.filter(({ ok }) => ok).length;
  return [
    columns([header, ...lines], false, [1, 2, 3, 4]),
    "\n",
    ...orders.map(orderText),
    `\n${passed} of ${rows.length} hold. ${BASES}\n`,
  ].join("");
}

/** An order has no figure of its own: the values follow each other, and the least step says by how much it holds. */
function orderText({ id, claim, published, predicted, values, ok }: OrderRow): string {
  const told = values.map(({ name, value }) => `${name} ${readable(value)}`).join(" < ");
  const steps = published === 1 ? "the least step" : `more than ${published} times wanted,`;
  return `${ok ? "holds" : "DOES NOT HOLD"}: ${id}: ${claim}\n${wrapped(`${told}; ${steps} ${predicted.toFixed(2)} times`, 6)}`;
}

function readable(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en");
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 3);
}

/** Aligns rows in columns. `numbers`: every column but the first to the right; or the columns named. */
function columns(rows: readonly Row[], numbers = false, rightAligned: readonly number[] = []): string {
  const widths = rows.reduce<number[]>(
    (widest, row) => row.map((cell, at) => Math.max(cell.length, widest[at] ?? 0)),
    [],
  );
  const cellText = (cell: string, at: number) => {
    const width = widths[at] ?? 0;
    return (numbers && at > 0) || rightAligned.includes(at) ? cell.padStart(width) : cell.padEnd(width);
  };
  return rows.map((row) => `${row.map(cellText).join("  ").trimEnd()}\n`).join("");
}
