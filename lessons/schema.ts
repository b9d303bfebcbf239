/**
 * What a lesson and a course are, as the runtime, the server and the browser all read them. Pure: no YAML, no files.
 *
 * A lesson is a folder `lessons/NN-slug/`: `lesson.md` (front matter and Markdown), `setup.sh`, `checks/*.sh`,
 * `solution.sh`. The number orders the folders and is not part of the slug. The authoring guide is lessons/README.md;
 * lessons/front-matter.ts reads the text, lessons/sections.ts cuts it into screens.
 */

import * as z from "zod/mini";

const SLUG = /^[a-z][a-z0-9-]*$/;

/** A name that may stand in a URL, a file name and an HTML id. */
const slug = z.string().check(z.regex(SLUG, "lower case letters, digits and hyphens"));
const text = z.string().check(z.trim(), z.minLength(1));
const positive = z.number().check(z.positive());
const count = z.int().check(z.positive());

export const LAYOUTS = ["text", "text+terminal", "text+sim", "text+sim+terminal"] as const;

/**
 * What an experiment showed about a statement of the 2014 article: `holds loosely` is right in the main and wrong in a
 * detail that matters, `outdated` was right then.
 */
export const VERDICTS = ["holds", "holds loosely", "outdated", "wrong"] as const;
export type Verdict = (typeof VERDICTS)[number];

const duration = z.pipe(
  z.string().check(z.regex(/^\d+(ms|s|m)$/, "a number with ms, s or m, for example 5s")),
  z.transform((written: string) => parseDurationMs(written)),
);

const MS_OF_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

function parseDurationMs(written: string): number {
  const [, amount = "0", unit = "s"] = /^(\d+)(ms|s|m)$/.exec(written) ?? [];
  return Number(amount) * (MS_OF_UNIT[unit] ?? 1000);
}

/** The limits of a lab, written as the options of `ringside run` are: memory `64m`, cpus 0.5, pids 64. */
const limits = z.strictObject({
  memory: z.optional(z.string().check(z.regex(/^\d+[bkmg]?$/i, "bytes, or a number with k, m or g"))),
  cpus: z.optional(positive),
  pids: z.optional(count),
});

const lab = z.strictObject({
  image: z.string().check(z.minLength(1)),
  hostname: z.optional(slug),
  limits: z._default(limits, {}),
  /** The shells that the lesson opens; the first is the lab's main one. */
  terminals: z._default(z.array(z.strictObject({ id: slug, title: text })), [{ id: "shell", title: "Shell" }]),
});

/** A value that the learner types into the check's form; it reaches the check as $INPUT. */
const taskInput = z.strictObject({
  label: text,
  validate: z.string().check(z.refine(isRegularExpression, "a regular expression")),
});

function isRegularExpression(source: string): boolean {
  try {
    new RegExp(source, "u");
    return true;
  } catch {
    return false;
  }
}

const task = z.strictObject({
  id: slug,
  title: text,
  /** The check, relative to the lesson's folder. Exit 0: done, 1: not yet, 2: cannot be done any more; stdout says why. */
  run: z.string().check(z.regex(/^checks\/[a-z0-9-]+\.sh$/, "a script in checks/")),
  /** Tasks that have to be done before this one is checked. */
  needs: z._default(z.array(slug), []),
  /** How long the check may take, in milliseconds (`5s` in the file). */
  timeout: z._default(duration, 5000),
  /** From a nudge to nearly the command; shown one at a time. */
  hints: z.array(text).check(z.minLength(1)),
  input: z.optional(taskInput),
});

const FROM_SIMULATION = /^from-sim:([a-z0-9-]+)\/([a-z-]+)\/([A-Za-z0-9.]+)$/;

/**
 * The answer to a prediction: written in the lesson, or a metric that the simulator computes
 * (`from-sim:SCENARIO/WORLD/METRIC`), so that a figure is never typed in.
 */
export type Answer =
  | { readonly kind: "literal"; readonly value: string | number | readonly string[] }
  | { readonly kind: "from-sim"; readonly scenario: string; readonly world: string; readonly metric: string };

function readAnswer(value: string | number | string[]): Answer {
  const match = typeof value === "string" ? FROM_SIMULATION.exec(value) : null;
  if (match === null) return { kind: "literal", value };
  const [, scenario = "", world = "", metric = ""] = match;
  return { kind: "from-sim", scenario, world, metric };
}

const literalOrMetric = z.pipe(
  z
    .union([z.string(), z.number(), z.array(slug)])
    .check(
      z.refine(
        (value) => typeof value !== "string" || !value.startsWith("from-sim:") || FROM_SIMULATION.test(value),
        "from-sim:SCENARIO/WORLD/METRIC",
      ),
    ),
  z.transform(readAnswer),
);

const option = z.strictObject({ id: slug, text });

const asked = { id: slug, question: text, answer: literalOrMetric, explain: text };

/** A question that is answered before the reveal; the guess is locked when the answer is shown. */
const prediction = z.discriminatedUnion("kind", [
  /** One of the options; the answer is its id. */
  z.strictObject({ kind: z.literal("choice"), ...asked, options: z.array(option).check(z.minLength(2)) }),
  /** A number; right within `tolerance` (a fraction of the answer, 0 for exactly). */
  z.strictObject({
    kind: z.literal("number"),
    ...asked,
    unit: z._default(z.string(), ""),
    tolerance: z._default(z.number().check(z.nonnegative()), 0),
  }),
  /** The options put into order; the answer is the list of their ids. */
  z.strictObject({ kind: z.literal("order"), ...asked, options: z.array(option).check(z.minLength(2)) }),
]);

/** A statement of the article, what we found, and the experiment that shows it: a task, a prediction or a scenario. */
const claim = z.strictObject({
  id: slug,
  statement: text,
  verdict: z.enum(VERDICTS),
  finding: text,
  experiment: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("task"), task: slug }),
    z.strictObject({ kind: z.literal("prediction"), prediction: slug }),
    z.strictObject({ kind: z.literal("scenario"), scenario: slug }),
  ]),
});

/** One screen of the walkthrough: the `##` sections (by their anchors) that it shows together. */
const screen = z.strictObject({ title: text, sections: z.array(slug).check(z.minLength(1)) });

const frontMatterFields = z.strictObject({
  title: text,
  summary: text,
  minutes: count,
  level: z.literal([1, 2, 3]),
  prerequisites: z._default(z.array(slug), []),
  goals: z.array(text).check(z.minLength(1)),
  layout: z.enum(LAYOUTS),
  lab: z.optional(lab),
  tasks: z._default(z.array(task), []),
  predictions: z._default(z.array(prediction), []),
  claims: z._default(z.array(claim), []),
  /** Without it every `##` section is one screen. */
  screens: z.optional(z.array(screen).check(z.minLength(1))),
});

/** The front matter of a lesson: its shape, and that its ids are unique and refer to what exists. */
export const frontMatterSchema = frontMatterFields.check((context) => {
  for (const message of contradictions(context.value)) {
    context.issues.push({ code: "custom", message, input: context.value, path: [] });
  }
});

export type FrontMatter = z.output<typeof frontMatterFields>;
export type Task = FrontMatter["tasks"][number];
export type Prediction = FrontMatter["predictions"][number];
export type Claim = FrontMatter["claims"][number];
export type LabSettings = NonNullable<FrontMatter["lab"]>;

/** A `##` section of the text: its anchor, its heading, and its Markdown without the heading. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly markdown: string;
}

/** One step of the walkthrough. */
export interface Screen {
  readonly title: string;
  readonly sections: readonly Section[];
}

export interface Lesson extends FrontMatter {
  readonly slug: string;
  /** The Markdown below the front matter, whole. */
  readonly body: string;
  /** The Markdown above the first `##`. */
  readonly introduction: string;
  readonly sections: readonly Section[];
  readonly walkthrough: readonly Screen[];
}

/** lessons/meta.yml: the course's order and what every lesson inherits unless it says otherwise. */
export const courseSchema = z.strictObject({
  title: text,
  summary: text,
  /** Folder names, in the course's order. */
  lessons: z.array(z.string().check(z.regex(/^\d+-[a-z][a-z0-9-]*$/, "a folder such as 10-namespaces"))),
  defaults: z._default(z.record(z.string(), z.unknown()), {}),
});
export type Course = z.output<typeof courseSchema>;

/**
 * What happened when a check was run; also what `POST /api/lessons/:slug/check` answers.
 * `hard`: the lab is in a state from which the task cannot be done; only a reset helps.
 */
export const checkResultSchema = z.strictObject({
  task: slug,
  passed: z.boolean(),
  hard: z.boolean(),
  message: z.string().check(z.maxLength(500)),
});
export type CheckResult = z.output<typeof checkResultSchema>;

/** `10-namespaces` → `namespaces`. */
export function slugOfFolder(folder: string): string {
  return folder.replace(/^\d+-/, "");
}

/**
 * Whether a guess is right.
 * @param answer the literal answer, or the metric's value as the simulator computed it
 */
export function isRight(prediction: Prediction, guess: Guess, answer: string | number | readonly string[]): boolean {
  switch (prediction.kind) {
    case "choice":
      return guess === answer;
    case "number":
      return (
        typeof guess === "number" &&
        typeof answer === "number" &&
        Math.abs(guess - answer) <= Math.abs(answer) * prediction.tolerance
      );
    case "order":
      return Array.isArray(guess) && Array.isArray(answer) && guess.join() === answer.join();
  }
}
export type Guess = string | number | readonly string[];

/** What the shape alone cannot say: unique ids, and references that lead somewhere. */
function contradictions(front: FrontMatter): string[] {
  const tasks = front.tasks.map(({ id }) => id);
  const predictions = front.predictions.map(({ id }) => id);
  return [
    ...repeated("task", tasks),
    ...repeated("prediction", predictions),
    ...repeated(
      "claim",
      front.claims.map(({ id }) => id),
    ),
    ...front.tasks.flatMap((entry, index) =>
      entry.needs
        .filter((needed) => !tasks.slice(0, index).includes(needed))
        .map((needed) => `task ${entry.id} needs ${needed}, which is no earlier task`),
    ),
    ...front.claims.flatMap(({ id, experiment }) => {
      if (experiment.kind === "task" && !tasks.includes(experiment.task)) {
        return [`claim ${id} names the task ${experiment.task}, which does not exist`];
      }
      if (experiment.kind === "prediction" && !predictions.includes(experiment.prediction)) {
        return [`claim ${id} names the prediction ${experiment.prediction}, which does not exist`];
      }
      return [];
    }),
    ...front.predictions.flatMap(answerProblems),
    ...(front.tasks.length > 0 && front.lab === undefined ? ["a lesson with tasks needs a lab"] : []),
  ];
}

function repeated(what: string, ids: readonly string[]): string[] {
  return ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `the ${what} ${id} appears twice`);
}

/** A literal answer has to be one that the learner can give. */
function answerProblems(entry: Prediction): string[] {
  if (entry.answer.kind === "from-sim") {
    return entry.kind === "number" ? [] : [`prediction ${entry.id}: only a number can come from a simulation`];
  }
  const { value } = entry.answer;
  switch (entry.kind) {
    case "number":
      return typeof value === "number" ? [] : [`prediction ${entry.id}: the answer is not a number`];
    case "choice":
      return entry.options.some(({ id }) => id === value)
        ? []
        : [`prediction ${entry.id}: the answer is none of the options`];
    case "order": {
      const ids = entry.options.map(({ id }) => id).sort();
      return Array.isArray(value) && [...value].sort().join() === ids.join()
        ? []
        : [`prediction ${entry.id}: the answer does not order exactly the options`];
    }
  }
}
