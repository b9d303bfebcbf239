/** Runs a lesson's checks and its solution in a lab, and says what came of it. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { CheckResult, Task } from "../../lessons/schema.ts";
import type { Launcher } from "../../native/kernel.ts";
import { RingsideError } from "../error.ts";
import type { LessonLab } from "./lab.ts";
import { runScript, type ScriptResult } from "./script.ts";

const MESSAGE_LENGTH = 500;
const SOLUTION_TIMEOUT_MS = 60_000;

export interface CheckOptions {
  /** What the learner typed, for a task that asks for something. */
  readonly input?: string;
  readonly signal?: AbortSignal;
}

/**
 * Asks whether a task is done. Looks at the lab, changes nothing.
 * @throws RingsideError when the lesson has no such task, or when the check itself is broken (its status is none of 0, 1
 *   and 2)
 */
export async function runCheck(
  launcher: Launcher,
  { lesson, machine }: LessonLab,
  taskId: string,
  options: CheckOptions = {},
): Promise<CheckResult> {
  const task = lesson.tasks.find(({ id }) => id === taskId);
  if (task === undefined) {
    throw new RingsideError(`check the task ${taskId} of ${lesson.slug}: there is no such task`, {
      fix: `one of: ${lesson.tasks.map(({ id }) => id).join(", ")}`,
    });
  }
  const refusal = refuseInput(task, options.input);
  if (refusal !== undefined) return { task: task.id, passed: false, hard: false, message: refusal };
  const result = await runScript(launcher, machine.id, join(lesson.directory, task.run), {
    env: [`INPUT=${options.input ?? ""}`],
    timeoutMs: task.timeout,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  return judge(task, result);
}

/** Why the input cannot be right, before anything runs. */
function refuseInput(task: Task, input: string | undefined): string | undefined {
  if (task.input === undefined) return undefined;
  if (input === undefined || input.trim() === "") return `Nothing has been entered yet. ${task.input.label}`;
  return new RegExp(task.input.validate, "u").test(input) ? undefined : `This cannot be it. ${task.input.label}`;
}

const MEANING_OF_CODE: Readonly<Record<number, { passed: boolean; hard: boolean }>> = {
  0: { passed: true, hard: false },
  1: { passed: false, hard: false },
  2: { passed: false, hard: true },
};

function judge(task: Task, result: ScriptResult): CheckResult {
  if (result.kind === "timed out") {
    return {
      task: task.id,
      passed: false,
      hard: false,
      message: `The check did not end within ${task.timeout / 1000} s.`,
    };
  }
  const meaning = MEANING_OF_CODE[result.code];
  if (meaning === undefined) {
    throw new RingsideError(
      `check the task ${task.id}: ${task.run} ended with ${result.code}: ${result.errors.trim()}`,
      {
        fix: "a check ends with 0 (done), 1 (not yet) or 2 (only a reset helps)",
      },
    );
  }
  return { task: task.id, ...meaning, message: shorten(result.output.trim()) };
}

/** At most 500 characters, as the format has it: a check that prints a whole listing has not chosen what to say. */
function shorten(message: string): string {
  const characters = [...message];
  return characters.length <= MESSAGE_LENGTH ? message : `${characters.slice(0, MESSAGE_LENGTH - 1).join("")}…`;
}

/**
 * Does every task as solution.sh does it.
 * @returns what to enter for the tasks that ask for something: the script's lines `input TASK VALUE`
 * @throws RingsideError when there is no solution or it fails
 */
export async function runSolution(launcher: Launcher, { lesson, machine }: LessonLab): Promise<Map<string, string>> {
  const file = join(lesson.directory, "solution.sh");
  if (!existsSync(file)) throw new RingsideError(`solve ${lesson.slug}: there is no ${file}`, { fix: "write it" });
  const result = await runScript(launcher, machine.id, file, { timeoutMs: SOLUTION_TIMEOUT_MS });
  if (result.kind !== "ended" || result.code !== 0) {
    const how = result.kind === "ended" ? `it ended with ${result.code}` : "it did not end in time";
    throw new RingsideError(`solve ${lesson.slug} with solution.sh: ${how}: ${result.errors.trim()}`);
  }
  const lines = result.output.split("\n").flatMap((line) => {
    const [, task, value] = /^input (\S+) (.*)$/.exec(line) ?? [];
    return task === undefined || value === undefined ? [] : [[task, value] as const];
  });
  return new Map(lines);
}
