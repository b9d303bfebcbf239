/**
 * The lessons' machines and checks. The lessons themselves are compiled into the client.
 *
 *     POST /api/lessons/:slug/lab    { size }          → Machine, with the lesson's set-up done
 *     POST /api/lessons/:slug/check  { machine, task, input? } → { task, passed, hard, message }
 *     POST /api/lessons/:slug/reset  { machine?, size } → Machine, a fresh one; the old one is removed
 */

import * as z from "zod/mini";
import { idSchema } from "./machine.ts";
import { terminalSizeSchema } from "./terminal-size.ts";

export const slugSchema = z.string().check(z.regex(/^[a-z0-9][a-z0-9-]{0,63}$/));

const taskSchema = z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/));

export const startLessonSchema = z.strictObject({ size: terminalSizeSchema });

export type StartLesson = z.infer<typeof startLessonSchema>;

export const checkTaskSchema = z.strictObject({
  machine: idSchema,
  task: taskSchema,
  /** What the learner typed into the form of a task that asks for something. */
  input: z.exactOptional(z.string().check(z.maxLength(1024), z.regex(/^[^\0]*$/))),
});

export type CheckTask = z.infer<typeof checkTaskSchema>;

/** The result of a check, as in lessons/schema.ts. `hard`: only a reset can help. */
export const taskResultSchema = z.object({
  task: z.string(),
  passed: z.boolean(),
  hard: z.boolean(),
  message: z.string(),
});

export type TaskResult = z.infer<typeof taskResultSchema>;

export const resetLessonSchema = z.strictObject({ machine: z.exactOptional(idSchema), size: terminalSizeSchema });

export type ResetLesson = z.infer<typeof resetLessonSchema>;
