/** Parses a scenario from outside: what a file exports, of which nothing is known yet (docs/scenario.md). */
import { type Knob, type KnobValues, ScenarioError } from "../knob.ts";
import type { Caption, Claim, Question } from "../scenario.ts";
import { PARTS, WORLDS } from "../worlds.ts";
import { type Fields, fieldsOf, listOf, oneOf, optional, refuse, shown, textOf, wholeOf } from "./fields.ts";
import { parseOperations } from "./parse-workload.ts";
import type { OwnMetric, ScenarioData } from "./scenario-data.ts";

const FIELDS = [
  "name",
  "title",
  "description",
  "question",
  "claim",
  "captions",
  "knobs",
  "settings",
  "worlds",
  "part",
  "program",
  "workload",
  "metrics",
] as const;
const VERDICTS = ["holds", "holds loosely", "outdated", "wrong"] as const;
const KNOB_NAME = /^[a-z][a-zA-Z0-9]*$/;
const EXAMPLE = 'export const scenario = { workload: [{ kind: "compute", instructions: 1000 }] }';

/**
 * @param value what the file exports as `scenario`
 * @param fileName the scenario's name, where it gives itself none
 * @throws ScenarioError with the place of what is wrong, and what would be right there
 */
export function parseScenario(value: unknown, fileName: string): ScenarioData {
  const fields = fieldsOf(value, "scenario", FIELDS, EXAMPLE);
  return {
    name: fields.name === undefined ? fileName : textOf(fields.name, "name"),
    ...optional(fields, "title", (one) => textOf(one, "title")),
    ...optional(fields, "description", (one) => textOf(one, "description")),
    ...optional(fields, "question", questionOf),
    ...optional(fields, "claim", claimOf),
    ...optional(fields, "captions", (one) => listOf(one, "captions", "a list: [{ at: …, text: … }]", captionOf)),
    ...optional(fields, "knobs", knobsOf),
    ...optional(fields, "settings", settingsOf),
    ...optional(fields, "worlds", worldsOf),
    ...optional(fields, "part", (one) => oneOf(one, "part", PARTS)),
    ...optional(fields, "program", (one) => textOf(one, "program")),
    workload: workloadOf(fields.workload),
    ...optional(fields, "metrics", metricsOf),
  };
}

function workloadOf(value: unknown): ScenarioData["workload"] {
  if (!isFunction(value)) return parseOperations(value, "workload");
  // What it gives is parsed each time that it is called (from-data.ts).
  return (knobs, random) => parseOperations(value(knobs, random), "workload(knobs, random)");
}

/** What a function from outside takes and gives is not known: what it gives is parsed. */
function isFunction(value: unknown): value is (...args: readonly unknown[]) => unknown {
  return typeof value === "function";
}

function questionOf(value: unknown): Question {
  const example = '{ text: "How often …?", choices: ["once", "twice"], answer: "once" }';
  const fields = fieldsOf(value, "question", ["text", "choices", "answer"], example);
  const text = textOf(fields.text, "question.text");
  if (!text.endsWith("?")) throw new ScenarioError(`question.text is ${shown(text)}`, "end it with a question mark");
  const choices = listOf(fields.choices, "question.choices", "a list of texts", textOf);
  if (choices.length < 2 || new Set(choices).size < choices.length) {
    throw new ScenarioError("question.choices does not offer a choice", "give at least two texts, each another one");
  }
  return { text, choices, answer: oneOf(fields.answer, "question.answer", choices) };
}

function claimOf(value: unknown): Claim {
  const example = '{ text: "…", verdict: "holds", because: "…" }';
  const fields = fieldsOf(value, "claim", ["text", "verdict", "because"], example);
  return {
    text: textOf(fields.text, "claim.text"),
    verdict: oneOf(fields.verdict, "claim.verdict", VERDICTS),
    because: textOf(fields.because, "claim.because"),
  };
}

function captionOf(value: unknown, at: string): Caption {
  const fields = fieldsOf(value, at, ["at", "text"], '{ at: "program", text: "…" }');
  return { at: textOf(fields.at, `${at}.at`), text: textOf(fields.text, `${at}.text`) };
}

function worldsOf(value: unknown): ScenarioData["worlds"] & object {
  const worlds = listOf(value, "worlds", `a list of ${WORLDS.join(", ")}`, (one, at) => oneOf(one, at, WORLDS));
  if (worlds.length > 0) return worlds;
  throw new ScenarioError("worlds is empty", `name at least one of ${WORLDS.join(", ")}, or leave worlds out for all`);
}

function settingsOf(value: unknown): KnobValues {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return refuse(value, "settings", 'values of startup-race\'s knobs: { vmm: "firecracker" }');
  }
  const entries = Object.entries(value).map(([name, one]: [string, unknown]) => {
    if (typeof one === "string" || typeof one === "number") return [name, one] as const;
    return refuse(one, `settings.${name}`, "a text or a whole number");
  });
  return Object.fromEntries(entries);
}

/** Knobs of its own; a text stands for startup-race's knob of that name. */
function knobsOf(value: unknown): (Knob | string)[] {
  const wanted = 'a list: [{ name: "reads", low: 1, high: 100, default: 4 }, "vmm"]';
  const knobs = listOf(value, "knobs", wanted, (one, at) => (typeof one === "string" ? one : knobOf(one, at)));
  const names = knobs.map((knob) => (typeof knob === "string" ? knob : knob.name));
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice === undefined) return knobs;
  throw new ScenarioError(`knobs has "${twice}" twice`, "give each knob a name of its own");
}

function knobOf(value: unknown, at: string): Knob {
  const example = '{ name: "reads", low: 1, high: 100, default: 4, unit: "reads", help: "…" }';
  const known = ["name", "help", "choices", "low", "high", "unit", "default"];
  const fields = fieldsOf(value, at, known, example);
  const name = textOf(fields.name, `${at}.name`);
  if (!KNOB_NAME.test(name)) {
    throw new ScenarioError(`${at}.name is ${shown(name)}`, "begin with a small letter; letters and digits follow");
  }
  const help = fields.help === undefined ? "" : textOf(fields.help, `${at}.help`);
  return fields.choices === undefined ? integerKnob(fields, at, name, help) : choiceKnob(fields, at, name, help);
}

function choiceKnob(fields: Fields, at: string, name: string, help: string): Knob {
  const choices = listOf(fields.choices, `${at}.choices`, "a list of texts", textOf);
  const [first] = choices;
  if (first === undefined) throw new ScenarioError(`${at}.choices is empty`, "give at least one text");
  for (const field of ["low", "high", "unit"]) {
    if (fields[field] === undefined) continue;
    throw new ScenarioError(`${at} has both choices and ${field}`, "a knob has choices, or low and high");
  }
  const standard = fields.default === undefined ? first : oneOf(fields.default, `${at}.default`, choices);
  return { kind: "choice", name, help, choices, default: standard };
}

function integerKnob(fields: Fields, at: string, name: string, help: string): Knob {
  const lowest = Number.MIN_SAFE_INTEGER;
  const low = fields.low === undefined ? 0 : wholeOf(fields.low, `${at}.low`, lowest);
  const high = wholeOf(fields.high, `${at}.high`, low);
  return {
    kind: "integer",
    name,
    help,
    low,
    high,
    unit: fields.unit === undefined ? name : textOf(fields.unit, `${at}.unit`),
    default: fields.default === undefined ? low : wholeOf(fields.default, `${at}.default`, low, high),
  };
}

function metricsOf(value: unknown): (string | OwnMetric)[] {
  const wanted = 'a list: ["intoKernel", { name: "reads", unit: "count", help: "…", of: ({ spans }) => … }]';
  const metrics = listOf(value, "metrics", wanted, (one, at) => (typeof one === "string" ? one : metricOf(one, at)));
  if (metrics.length === 0) throw new ScenarioError("metrics is empty", "name at least one, or leave metrics out");
  const names = metrics.map((metric) => (typeof metric === "string" ? metric : metric.name));
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice === undefined) return metrics;
  throw new ScenarioError(`metrics has "${twice}" twice`, "give each metric a name of its own");
}

function metricOf(value: unknown, at: string): OwnMetric {
  const example = '{ name: "reads", unit: "count", help: "…", of: ({ spans }) => spans.length }';
  const fields = fieldsOf(value, at, ["name", "unit", "help", "of"], example);
  const name = textOf(fields.name, `${at}.name`);
  const { of } = fields;
  if (!isFunction(of)) return refuse(of, `${at}.of`, "a function of a world's spans that gives a whole number");
  return {
    name,
    unit: fields.unit === undefined ? "count" : textOf(fields.unit, `${at}.unit`),
    help: fields.help === undefined ? "" : textOf(fields.help, `${at}.help`),
    of: (view) => {
      const given = of(view);
      // Anything else is told by name where the metric is reported.
      if (given === undefined || typeof given === "number") return given;
      throw new ScenarioError(
        `metrics: ${name}.of(…) gives ${shown(given)} in the world ${view.world}`,
        "return a whole number, or undefined where the world has no such figure",
      );
    },
  };
}
