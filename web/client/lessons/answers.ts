/**
 * The answers to predictions: those written in the lesson, and those that the simulator computes, so that no figure is
 * ever typed in.
 */

import { type Guess, isRight, type Prediction } from "../../../lessons/schema.ts";
import { runScenario } from "../../../simulator/scenarios/run.ts";

export interface AnswerFigure {
  readonly value: string | number | readonly string[];
  /** Where a computed figure comes from; absent for what the lesson says. */
  readonly provenance: string | undefined;
}

/**
 * The answer to a prediction.
 *
 * @throws Error where the scenario has no such figure: a defect of the lesson
 */
export function answerTo(prediction: Prediction): AnswerFigure {
  const { answer } = prediction;
  if (answer.kind === "literal") return { value: answer.value, provenance: undefined };
  const { metrics } = runScenario(answer.scenario);
  const metric = metrics.find(({ world }) => world === answer.world)?.metrics[answer.metric];
  if (metric === undefined) throw new Error(`${answer.scenario} has no figure ${answer.metric} for ${answer.world}`);
  return { value: metric.value, provenance: `${metric.provenance.kind}: ${metric.provenance.detail}` };
}

/**
 * Whether a guess is right.
 */
export function isRightGuess(prediction: Prediction, guess: Guess): boolean {
  return isRight(prediction, guess, answerTo(prediction).value);
}

/**
 * An answer in words: the options' texts rather than their names.
 */
export function answerWords(prediction: Prediction, value: AnswerFigure["value"]): string {
  const options = prediction.kind === "number" ? [] : prediction.options;
  const textOf = (id: string): string => options.find((option) => option.id === id)?.text ?? id;
  if (typeof value === "number")
    return prediction.kind === "number" && prediction.unit !== "" ? `${value} ${prediction.unit}` : String(value);
  return typeof value === "string" ? textOf(value) : value.map(textOf).join("; ");
}
