/**
 * The lessons' requests: their machines, and the checks of their tasks.
 */

import { type TaskResult, taskResultSchema } from "../../protocol/lesson.ts";
import { type Machine, machineSchema } from "../../protocol/machine.ts";
import { ROUTES } from "../../protocol/routes.ts";
import type { TerminalSize } from "../../protocol/terminal-size.ts";
import { request } from "./request.ts";

/** A fresh machine with the lesson's set-up done. @throws RequestError */
export function startLessonLab(slug: string, size: TerminalSize): Promise<Machine> {
  return request("start the lesson’s lab", ROUTES.lessonLab(slug), machineSchema, { method: "POST", body: { size } });
}

/** Another fresh machine; the old one is removed. @throws RequestError */
export function resetLessonLab(slug: string, machine: string, size: TerminalSize): Promise<Machine> {
  return request("reset the lesson’s lab", ROUTES.lessonReset(slug), machineSchema, {
    method: "POST",
    body: { machine, size },
  });
}

/** Whether a task is done, and if not, why not. @throws RequestError */
export function checkTask(
  slug: string,
  task: { readonly machine: string; readonly task: string; readonly input?: string },
): Promise<TaskResult> {
  return request("check the task", ROUTES.lessonCheck(slug), taskResultSchema, { method: "POST", body: task });
}
