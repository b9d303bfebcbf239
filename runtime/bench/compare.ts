/**
 * Whether two reports differ by more than noise: every system and mark of the main condition is one question, and so is each
 * of every other condition; the questions of one condition are corrected together (Holm).
 *
 * The test is of samples that were drawn at two times. What the machine did differently between them (another neighbour,
 * another clock rate) is a difference, too: that is why the bare process is compared first and named as the control.
 */

import * as z from "zod";
import { conditionText } from "./condition-text.ts";
import { holm, permutationTest, TEST_NAME } from "./permutation.ts";
import type { BenchProtocol } from "./protocol.ts";
import { seededRandom } from "./random.ts";
import type { BenchReport, SystemReport } from "./schema.ts";
import { median, ratioOfMedians } from "./statistics.ts";

export const DEFAULT_LEVEL = 0.01;
/** What every machine has, and what no change of a runtime makes faster or slower. */
const CONTROL = "process";
const LEAST_DRAWS = 19_999;

const sideSchema = z.strictObject({ n: z.int().positive(), p50: z.number().nonnegative() });

export const VERDICTS = ["slower", "faster", "no difference seen", "too few samples"] as const;

const rowSchema = z.strictObject({
  system: z.string(),
  /** `byte, warm, one at a time`, or the name of an overhead's quantity. */
  condition: z.string(),
  mark: z.string(),
  a: sideSchema,
  b: sideSchema,
  /** B's median to A's, with a bootstrap interval of 95 %; null where a median is 0. */
  ratio: z.number().nullable(),
  ci95: z.tuple([z.number(), z.number()]).nullable(),
  p: z.number(),
  /** After Holm's correction within the condition. */
  adjustedP: z.number(),
  verdict: z.enum(VERDICTS),
  /** By how much the medians of other reports of the same protocol, machine and versions are apart; null without any two. */
  between: z.strictObject({ reports: z.int().min(2), ratio: z.number().min(1) }).nullable(),
});

export const comparisonReportSchema = z.strictObject({
  schema: z.literal("ringside.bench-compare/1"),
  a: z.strictObject({ startedAt: z.string(), interrupted: z.boolean() }),
  b: z.strictObject({ startedAt: z.string(), interrupted: z.boolean() }),
  test: z.string(),
  level: z.number(),
  /** What of the machines and versions is not the same: a difference may be theirs. */
  circumstances: z.array(z.string()),
  rows: z.array(rowSchema),
  /** In only one of the two. */
  unmatched: z.array(z.string()),
});

export type ComparisonReport = z.output<typeof comparisonReportSchema>;
export type ComparedRow = ComparisonReport["rows"][number];
/** A row, as far as two sets of samples tell. */
export type Answer = Omit<ComparedRow, "between">;

/** Samples of the same thing in both. */
export interface Question {
  readonly system: string;
  readonly condition: string;
  readonly mark: string;
  readonly a: readonly number[];
  readonly b: readonly number[];
}

/**
 * What keeps two reports from being compared: everything that decides what is measured has to be the same. Seeds, numbers of
 * runs and limits need not be.
 * @returns nothing where they can be compared
 */
export function protocolDifferences(a: BenchReport, b: BenchReport): string[] {
  const [first, second] = [a.protocol.definition, b.protocol.definition];
  if (a.benchmark !== b.benchmark) return [`one is the benchmark ${a.benchmark}, the other ${b.benchmark}`];
  if (first === undefined || second === undefined)
    return [`${first === undefined ? "the first" : "the second"} report does not say by what protocol it was made`];
  return ASPECTS.flatMap(({ name, of }) => {
    const [one, other] = [of(first), of(second)];
    return one === other ? [] : [`${name}: ${one} in the first, ${other} in the second`];
  });
}

const ASPECTS: readonly { readonly name: string; of(protocol: BenchProtocol): string }[] = [
  {
    name: "systems",
    of: ({ startup }) =>
      listed(startup?.systems.map(({ name, system = name }) => (system === name ? name : `${name} (${system})`))),
  },
  { name: "warm-up rounds", of: ({ startup }) => String(startup?.warmup ?? "none") },
  {
    name: "conditions",
    of: ({ startup }) =>
      listed(
        startup?.conditions.map(
          ({ systems, ...one }) => `${conditionText(one)}${systems === undefined ? "" : ` of ${systems.join(" ")}`}`,
        ),
      ),
  },
  { name: "density", of: ({ density }) => (density === undefined ? "none" : listed(density.systems)) },
  { name: "overhead", of: ({ overhead }) => (overhead === undefined ? "none" : listed(overhead.systems)) },
  { name: "migration", of: ({ migration }) => (migration === undefined ? "none" : "measured") },
];

function listed(names: readonly string[] = []): string {
  return names.length === 0 ? "none" : names.toSorted().join("; ");
}

/**
 * Compares, whether or not the protocols agree: ask `protocolDifferences` first.
 * @param level of each condition's family of questions
 * @param others further reports; those that are alike (`areAlike`) show how far apart two reports are where nothing changed
 */
export function compareReports(
  a: BenchReport,
  b: BenchReport,
  level: number = DEFAULT_LEVEL,
  others: readonly BenchReport[] = [],
): ComparisonReport {
  const [first, second] = [series(a), series(b)];
  const questions: Question[] = [];
  for (const [key, { samples, ...one }] of first) {
    const other = second.get(key);
    if (other !== undefined) questions.push({ ...one, a: samples, b: other.samples });
  }
  const sessions = [a, ...others.filter((other) => areAlike(a, other))].map(series);
  const unmatched = [
    ...[...first.keys()].filter((key) => !second.has(key)).map((key) => `only in the first: ${key}`),
    ...[...second.keys()].filter((key) => !first.has(key)).map((key) => `only in the second: ${key}`),
  ];
  return {
    schema: "ringside.bench-compare/1",
    a: { startedAt: a.startedAt, interrupted: a.interrupted },
    b: { startedAt: b.startedAt, interrupted: b.interrupted },
    test: TEST_NAME,
    level,
    circumstances: circumstances(a, b),
    rows: [...families(questions)]
      .flatMap((family) => answer(family, level, a.protocol.seed))
      .map((row) => ({ ...row, between: between(row, sessions) })),
    unmatched,
  };
}

interface Series {
  readonly system: string;
  readonly condition: string;
  readonly mark: string;
  readonly samples: readonly number[];
}

/**
 * Whether two reports were made alike: by the same protocol, on the same machine, of the same versions. What they differ by
 * is what any two such reports differ by.
 */
export function areAlike(a: BenchReport, b: BenchReport): boolean {
  return protocolDifferences(a, b).length === 0 && !a.interrupted && !b.interrupted && circumstances(a, b).length === 0;
}

/** The largest median to the smallest, over the reports that have one. */
function between(
  { system, condition, mark }: Answer,
  sessions: readonly Map<string, Series>[],
): ComparedRow["between"] {
  const medians = sessions.flatMap((one) => {
    const found = one.get(keyOf({ system, condition, mark }));
    return found === undefined ? [] : median(found.samples);
  });
  const least = Math.min(...medians);
  return medians.length < 2 || least === 0 ? null : { reports: medians.length, ratio: Math.max(...medians) / least };
}

function keyOf({ system, condition, mark }: Pick<Question, "system" | "condition" | "mark">): string {
  return `${system}: ${condition}, ${mark}`;
}

/** Every set of samples of a report, by a name of its own. */
function series(report: BenchReport): Map<string, Series> {
  const main = conditionText({ workload: "byte", cache: "warm", concurrency: 1 });
  const all: Series[] = [
    ...report.systems.flatMap((system) => [
      ...marksOf(system.name, main, system.marks),
      ...(system.variants ?? []).flatMap((variant) => marksOf(system.name, conditionText(variant), variant.marks)),
    ]),
    ...(report.overhead ?? []).flatMap(({ name, quantities }) =>
      // Slower is larger for a time, and smaller for a rate.
      quantities.map((quantity) => ({
        system: name,
        condition: "overhead",
        mark: `${quantity.name}, ${quantity.unit}`,
        samples: quantity.samples,
      })),
    ),
    ...(report.migration ?? []).flatMap(({ name, downtimeMs, totalMs }) =>
      marksOf(name, "migration", { downtime: downtimeMs, total: totalMs }),
    ),
  ];
  return new Map(all.map((one) => [keyOf(one), one]));
}

function marksOf(
  system: string,
  condition: string,
  marks: SystemReport["marks"] | Readonly<Record<string, { samplesMs: readonly number[] } | undefined>>,
): Series[] {
  return Object.entries(marks).flatMap(([mark, summary]) =>
    summary === undefined ? [] : [{ system, condition, mark, samples: summary.samplesMs }],
  );
}

/** The questions of one condition are a family; the control's come first in each. */
function* families(questions: readonly Question[]): Generator<Question[]> {
  for (const family of Map.groupBy(questions, ({ condition }) => condition).values()) {
    const isControl = ({ system }: Question) => Number(system === CONTROL);
    yield family.toSorted((one, other) => isControl(other) - isControl(one));
  }
}

/**
 * Answers the questions of one family together.
 * @param seed of the permutations that are drawn, and of the intervals
 */
export function answer(family: readonly Question[], level: number, seed: number): Answer[] {
  // The least p value must still be significant after Holm's correction.
  const draws = Math.max(LEAST_DRAWS, Math.ceil((2 * family.length) / level));
  const tests = family.map(({ a, b }) => permutationTest(a, b, { random: seededRandom(seed), draws }));
  const adjusted = holm(tests.map(({ p }) => p));
  return family.map(({ system, condition, mark, a, b }, index) => {
    const { p = 1, leastP = 1, largerShare = 0.5 } = tests[index] ?? {};
    const adjustedP = adjusted[index] ?? 1;
    const isRate = mark.endsWith("/s");
    const isSlower = largerShare > 0.5 !== isRate;
    const change = adjustedP > level ? undefined : isSlower ? "slower" : "faster";
    const ratio = ratioOfMedians(b, a, seededRandom(seed));
    return {
      system,
      condition,
      mark,
      a: { n: a.length, p50: median(a) },
      b: { n: b.length, p50: median(b) },
      ratio: ratio?.ratio ?? null,
      ci95: ratio === undefined ? null : [...ratio.ci95],
      p,
      adjustedP,
      verdict: change ?? (leastP * family.length > level ? "too few samples" : "no difference seen"),
    };
  });
}

/** What else may have made a difference. */
function circumstances(a: BenchReport, b: BenchReport): string[] {
  const said: string[] = [];
  const machines = Object.entries(a.machine).filter(([key]) => key !== "loadBefore");
  for (const [key, value] of machines) {
    const other = Object.entries(b.machine).find(([name]) => name === key)?.[1];
    if (JSON.stringify(value) !== JSON.stringify(other))
      said.push(`the machine's ${key}: ${JSON.stringify(value)}, then ${JSON.stringify(other ?? null)}`);
  }
  for (const { name, version, accelerator } of a.systems) {
    const other = b.systems.find((system) => system.name === name);
    if (other === undefined) continue;
    if (other.version !== version) said.push(`${name}: ${version}, then ${other.version}`);
    if (other.accelerator !== accelerator)
      said.push(
        `${name} runs by ${accelerator ?? "nothing between"}, then by ${other.accelerator ?? "nothing between"}`,
      );
  }
  for (const [which, report] of [
    ["first", a],
    ["second", b],
  ] as const)
    if (report.interrupted) said.push(`the ${which} was interrupted`);
  return said;
}

/** The control's rows that changed: then the machine was not the same, and other differences may be its. */
export function movedControl({ rows }: ComparisonReport): ComparedRow[] {
  return rows.filter(({ system, verdict }) => system === CONTROL && (verdict === "slower" || verdict === "faster"));
}
