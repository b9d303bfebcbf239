/**
 * Proves a lesson: on a fresh lab every check fails, after the solution every check passes, and running the checks twice
 * gives the same answers, so none of them changes what it looks at.
 */

import type { Launcher } from "../../native/kernel.ts";
import { RingsideError } from "../error.ts";
import type { StoredLesson } from "./catalog.ts";
import { runCheck, runSolution } from "./check.ts";
import { closeLab, createLessonLab, type LessonLab } from "./lab.ts";

/** What a check said in one state of the lab. */
export interface Finding {
  readonly passed: boolean;
  readonly message: string;
}

export interface TaskProof {
  readonly task: string;
  readonly fresh: Finding;
  readonly solved: Finding;
  /** What is wrong with the check; empty when it is proved. */
  readonly problems: readonly string[];
}

export interface LessonProof {
  readonly lesson: string;
  readonly tasks: readonly TaskProof[];
  /** What kept the lesson from being tried at all: setup.sh, solution.sh, the container. */
  readonly problems: readonly string[];
}

/** Whether everything about the lesson is proved. */
export function isProved({ tasks, problems }: LessonProof): boolean {
  return problems.length === 0 && tasks.every((task) => task.problems.length === 0);
}

/** Tries a lesson in a container of its own. What goes wrong is in the result. */
export async function proveLesson(launcher: Launcher, lesson: StoredLesson): Promise<LessonProof> {
  if (lesson.tasks.length === 0) return { lesson: lesson.slug, tasks: [], problems: [] };
  try {
    const lab = await createLessonLab(launcher, lesson);
    try {
      return await prove(launcher, lab);
    } finally {
      await closeLab(lab);
    }
  } catch (error) {
    if (!(error instanceof RingsideError)) throw error;
    return { lesson: lesson.slug, tasks: [], problems: [error.message] };
  }
}

async function prove(launcher: Launcher, lab: LessonLab): Promise<LessonProof> {
  const fresh = await findings(launcher, lab, new Map());
  const inputs = await runSolution(launcher, lab);
  const solved = await findings(launcher, lab, inputs);
  const again = await findings(launcher, lab, inputs);
  const tasks = lab.lesson.tasks.map((task) => {
    const at = (state: ReadonlyMap<string, Finding>) => state.get(task.id) ?? { passed: false, message: "" };
    return {
      task: task.id,
      fresh: at(fresh),
      solved: at(solved),
      problems: [
        ...(at(fresh).passed ? ["it passes on a fresh lab"] : []),
        ...(at(fresh).message === "" ? ["it does not say why it fails on a fresh lab"] : []),
        ...(at(solved).passed ? [] : [`it does not pass after the solution: ${at(solved).message}`]),
        ...(at(solved).passed === at(again).passed
          ? []
          : ["it changes what it looks at: a second look has another result"]),
      ],
    };
  });
  return { lesson: lab.lesson.slug, tasks, problems: [] };
}

async function findings(
  launcher: Launcher,
  lab: LessonLab,
  inputs: ReadonlyMap<string, string>,
): Promise<Map<string, Finding>> {
  const result = new Map<string, Finding>();
  for (const { id } of lab.lesson.tasks) {
    const input = inputs.get(id);
    const { passed, message } = await runCheck(launcher, lab, id, input === undefined ? {} : { input });
    result.set(id, { passed, message });
  }
  return result;
}
