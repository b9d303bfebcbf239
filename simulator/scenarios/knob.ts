/** Knobs: what can be turned in a scenario, with type, default and help. Values come from outside and are parsed here. */

export type KnobValue = string | number;
export type KnobValues = Readonly<Record<string, KnobValue>>;

interface KnobBase {
  readonly name: string;
  /** One sentence: what it changes, and whose figures say so. */
  readonly help: string;
}

export interface ChoiceKnob extends KnobBase {
  readonly kind: "choice";
  readonly choices: readonly string[];
  readonly default: string;
}

export interface IntegerKnob extends KnobBase {
  readonly kind: "integer";
  readonly low: number;
  readonly high: number;
  readonly unit: string;
  readonly default: number;
}

export type Knob = ChoiceKnob | IntegerKnob;

/** Input that a scenario cannot be run with: what is wrong, and what would be right. */
export class ScenarioError extends Error {
  readonly fix: string;

  constructor(what: string, fix: string) {
    super(what);
    this.name = "ScenarioError";
    this.fix = fix;
  }
}

/**
 * Parses the values of a scenario's knobs.
 * @param knobs the scenario's knobs
 * @param given values by name, as text or numbers; knobs not named keep their default
 * @returns a value for every knob, in the knobs' order
 * @throws ScenarioError where a knob is unknown or a value does not fit
 */
export function parseKnobs(knobs: readonly Knob[], given: KnobValues): KnobValues {
  for (const name of Object.keys(given)) {
    if (knobs.some((knob) => knob.name === name)) continue;
    throw new ScenarioError(
      `there is no knob "${name}"`,
      suggestion(
        name,
        knobs.map((knob) => knob.name),
        "knobs",
      ),
    );
  }
  return Object.fromEntries(knobs.map((knob) => [knob.name, parseValue(knob, given[knob.name] ?? knob.default)]));
}

function parseValue(knob: Knob, value: KnobValue): KnobValue {
  switch (knob.kind) {
    case "choice": {
      const text = String(value);
      if (knob.choices.includes(text)) return text;
      throw new ScenarioError(`knob ${knob.name}: there is no "${text}"`, suggestion(text, knob.choices, "values"));
    }
    case "integer": {
      const number = typeof value === "number" ? value : /^-?\d+$/.test(value) ? Number(value) : Number.NaN;
      if (Number.isSafeInteger(number) && number >= knob.low && number <= knob.high) return number;
      throw new ScenarioError(
        `knob ${knob.name}: "${value}" is not a whole number from ${knob.low} to ${knob.high}`,
        `give ${knob.name} in ${knob.unit}, from ${knob.low} to ${knob.high}; its default is ${knob.default}`,
      );
    }
    default:
      return knob satisfies never;
  }
}

/** @returns "did you mean …" where a known word is near, and the known words. */
export function suggestion(word: string, known: readonly string[], what: string): string {
  const nearest = known
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((left, right) => left.distance - right.distance)[0];
  const near = nearest !== undefined && nearest.distance <= Math.max(2, Math.floor(nearest.candidate.length / 3));
  return `${near ? `did you mean "${nearest.candidate}"? ` : ""}${what}: ${known.join(", ")}`;
}

/** Levenshtein's distance: how many letters have to be put in, taken out or changed. */
export function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const change = (previous[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min(change, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[to.length] ?? 0;
}
