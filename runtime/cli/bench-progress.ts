/** How far a benchmark is: one line on standard error that is written over, on a terminal only. */

import type { Step } from "../bench/rounds.ts";

const BAR_CELLS = 20;
const DEFAULT_COLUMNS = 80;
/** Carriage return, and erase to the end of the line (ECMA-48, EL). */
const START_OF_LINE = "\r\u001b[K";

export interface ProgressLine {
  show(step: Step): void;
  clear(): void;
}

/** The line of this process's standard error; without a terminal there nothing is shown. */
export function progressLine(stream: NodeJS.WriteStream = process.stderr): ProgressLine {
  const isTerminal = stream.isTTY;
  return {
    show(step) {
      if (isTerminal) stream.write(`${START_OF_LINE}${progressText(step, (stream.columns || DEFAULT_COLUMNS) - 1)}`);
    },
    clear() {
      if (isTerminal) stream.write(START_OF_LINE);
    },
  };
}

/**
 * What the line says: a bar and the time that is left where both are known, and what is being done.
 * @param columns the most that fits
 */
export function progressText(step: Step, columns: number): string {
  if (step.phase === "preparing") return `preparing: ${step.system}`.slice(0, columns);
  const { phase, round, rounds, system, part = "", fraction, leftSeconds } = step;
  const head = fraction === undefined ? "" : `${bar(fraction)} ${String(Math.floor(fraction * 100)).padStart(3)} %  `;
  const left = leftSeconds === undefined ? "" : `  ${timeText(leftSeconds)} left`;
  const what = `${part === "" ? "" : `${part}, `}${phase} ${round} of ${rounds}: ${system}`;
  // What is cut is the middle: how long it takes is what people look for.
  const room = Math.max(0, columns - head.length - left.length);
  return `${head}${what.slice(0, room)}${left}`.slice(0, columns);
}

function bar(fraction: number): string {
  const filled = Math.round(Math.min(Math.max(fraction, 0), 1) * BAR_CELLS);
  return `${"█".repeat(filled)}${"░".repeat(BAR_CELLS - filled)}`;
}

/** `1:05`; minutes and seconds, since nothing here takes hours. */
export function timeText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
