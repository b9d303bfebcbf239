/**
 * `ringside run --step`: one step of the plan at a time, in words, each waiting for a key. The launcher pauses before
 * each step (runtime/plan/pauses.ts); between two of them nothing of the container moves, and everything of it can be
 * looked at from another terminal.
 */
import type { StepTime } from "../../native/kernel.ts";
import type { Plan } from "../../native/plan/plan.ts";
import type { StartWatching } from "../container/start.ts";
import { RingsideError } from "../error.ts";
import { type ExplainedStep, explainSteps } from "../plan/explain.ts";
import { STEP_PAUSE, withStepPauses } from "../plan/pauses.ts";
import { errorWords } from "../trace/words.ts";

export type Answer = "next" | "rest" | "quit";

/** Somebody who says whether to go on. */
export interface Asker {
  readonly hint: string;
  ask(): Promise<Answer>;
  /** No more questions: the input belongs to the container again. */
  close(): void;
}

const QUIT_EXIT_CODE = 130;
const CONTROL_C = "\u0003";
const CONTROL_D = "\u0004";

const KEYS: Readonly<Record<string, Answer>> = {
  " ": "next",
  "\r": "next",
  "\n": "next",
  n: "next",
  c: "rest",
  q: "quit",
  [CONTROL_C]: "quit",
  [CONTROL_D]: "quit",
};

/**
 * Takes single keys from the terminal.
 * @throws RingsideError when the input is none
 */
export function keyAsker(input: NodeJS.ReadStream): Asker {
  if (!input.isTTY) {
    throw new RingsideError("--step waits for keys, and the input is not a terminal", {
      fix: "run it in a terminal, or give a line a step with --step-lines",
    });
  }
  return {
    hint: "space: do it   c: all the rest   q: give up",
    ask() {
      input.setRawMode(true);
      input.resume();
      return new Promise((resolve) => {
        const settle = (answer: Answer): void => {
          input.off("data", onData);
          input.off("end", onEnd);
          input.pause();
          input.setRawMode(false);
          resolve(answer);
        };
        const onData = (chunk: Buffer): void => {
          const answer = [...chunk.toString()].map((key) => KEYS[key]).find((known) => known !== undefined);
          if (answer !== undefined) settle(answer);
        };
        const onEnd = (): void => settle("quit");
        input.on("data", onData);
        input.on("end", onEnd);
      });
    },
    close() {},
  };
}

/** Takes a line a step: empty or `n` for the next, `c`, `q`. The end of the input gives up. */
export function lineAsker(input: NodeJS.ReadableStream): Asker {
  const lines: string[] = [];
  let text = "";
  let isOver = false;
  let wake = (): void => {};
  const onData = (chunk: Buffer | string): void => {
    const parts = `${text}${String(chunk)}`.split("\n");
    text = parts.pop() ?? "";
    lines.push(...parts);
    // No more is read than is asked for: `yes` never ends.
    if (lines.length > 0) input.pause();
    wake();
  };
  const onEnd = (): void => {
    isOver = true;
    wake();
  };
  input.on("data", onData);
  input.on("end", onEnd);
  return {
    hint: "a line: do it   c: all the rest   q: give up",
    async ask() {
      while (lines.length === 0 && !isOver) {
        input.resume();
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const line = lines.shift();
      if (line === undefined) return "quit";
      return KEYS[line.trim().slice(0, 1) || "\n"] ?? "next";
    },
    close() {
      input.off("data", onData);
      input.off("end", onEnd);
      input.pause();
    },
  };
}

const WHERE: Readonly<Record<ExplainedStep["phase"], string>> = {
  host: "on the host, by the launcher",
  child: "in the new process",
  cleanup: "afterwards",
  abandon: "afterwards",
};

const LONGEST_DETAIL = 160;
const NS_PER_US = 1000;

function words(step: ExplainedStep, position: number, count: number, pid: number): string {
  const { stage, phase, why, op, calls, manual, detail } = step;
  const process = phase === "child" && pid > 0 ? ` ${pid}` : "";
  const short = detail.length > LONGEST_DETAIL ? `${detail.slice(0, LONGEST_DETAIL - 1)}…` : detail;
  return `\n${position + 1} of ${count}, ${stage}, ${WHERE[phase]}${process}\n  ${why}\n  ${op}: ${calls}   ${manual}\n  ${short}\n`;
}

/** What came of the steps since the last question. */
function outcome(done: readonly StepTime[], paused: Plan): string {
  return done
    .filter(({ index, endNs }) => paused[index]?.op !== "pause" && endNs > 0)
    .map(({ startNs, endNs, errno }) => {
      const noted = errno === 0 ? "" : `, noted: ${errorWords(errno).name}`;
      return `  done in ${((endNs - startNs) / NS_PER_US).toFixed(1)} µs${noted}\n`;
    })
    .join("");
}

/**
 * Makes a start ask before each step.
 * @param mayAskBehindFilter the container has the default system call filter, which allows the asking
 */
export function stepWatching(asker: Asker, write: (text: string) => void, mayAskBehindFilter: boolean): StartWatching {
  let steps: readonly ExplainedStep[] = [];
  let paused: Plan = [];
  let isAsking = true;
  const told = new Set<number>();
  const stopAsking = (): void => {
    isAsking = false;
    asker.close();
  };
  return {
    addPauses(plan) {
      steps = explainSteps(plan);
      paused = withStepPauses(plan, mayAskBehindFilter);
      write(`The start stops before each step. ${asker.hint}\n`);
      return paused;
    },
    async onPause(name, pid, times) {
      if (!name.startsWith(STEP_PAUSE) || !isAsking) return;
      const position = Number(name.slice(STEP_PAUSE.length));
      const step = steps[position];
      if (step === undefined) throw new RangeError(`the plan has no step ${position}`);
      const making = steps.filter(({ phase }) => phase === "host" || phase === "child").length;
      const fresh = times.filter(({ index, endNs }) => endNs > 0 && !told.has(index));
      for (const { index } of fresh) told.add(index);
      write(`${outcome(fresh, paused)}${words(step, position, making, pid)}`);
      const answer = await asker.ask();
      if (answer === "quit") {
        stopAsking();
        throw new RingsideError(`given up before step ${position + 1}; all that was made has been taken away again`, {
          exitCode: QUIT_EXIT_CODE,
        });
      }
      if (answer === "rest" || step.op === "execute") stopAsking();
    },
  };
}
