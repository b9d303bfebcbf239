/**
 * What a learner has done in a lesson, kept by the browser. Nothing in it is ever undone by the app: a task that was
 * done stays done, a prediction that was revealed stays locked.
 */

import * as z from "zod/mini";
import type { Guess } from "../../../lessons/schema.ts";

const guessSchema = z.union([z.string(), z.number(), z.array(z.string())]);

const progressSchema = z.object({
  predictions: z.record(z.string(), z.object({ guess: guessSchema, revealed: z.boolean() })),
  /** The tasks that are done. */
  done: z.array(z.string()),
  /** How many hints of each task have been shown. */
  hints: z.record(z.string(), z.int()),
});

export interface PredictionProgress {
  readonly guess: Guess;
  readonly revealed: boolean;
}

export interface Progress {
  readonly predictions: Readonly<Record<string, PredictionProgress>>;
  readonly done: readonly string[];
  readonly hints: Readonly<Record<string, number>>;
}

export const NO_PROGRESS: Progress = { predictions: {}, done: [], hints: {} };

/**
 * Reads what was kept. What is not understood counts as nothing: an old version's progress is no reason not to open a
 * lesson.
 */
export function parseProgress(text: string | undefined): Progress {
  if (text === undefined) return NO_PROGRESS;
  try {
    return z.parse(progressSchema, JSON.parse(text));
  } catch {
    return NO_PROGRESS;
  }
}

/**
 * A guess, unless the answer has been seen.
 */
export function withGuess(progress: Progress, id: string, guess: Guess): Progress {
  if (progress.predictions[id]?.revealed === true) return progress;
  return { ...progress, predictions: { ...progress.predictions, [id]: { guess, revealed: false } } };
}

/**
 * The reveal, for those who have guessed; it locks the guess.
 */
export function withReveal(progress: Progress, id: string): Progress {
  const prediction = progress.predictions[id];
  if (prediction === undefined) return progress;
  return { ...progress, predictions: { ...progress.predictions, [id]: { ...prediction, revealed: true } } };
}

/**
 * A task done.
 */
export function withDone(progress: Progress, task: string): Progress {
  return progress.done.includes(task) ? progress : { ...progress, done: [...progress.done, task] };
}

/**
 * One hint more.
 */
export function withHint(progress: Progress, task: string, available: number): Progress {
  const shown = Math.min((progress.hints[task] ?? 0) + 1, available);
  return { ...progress, hints: { ...progress.hints, [task]: shown } };
}
