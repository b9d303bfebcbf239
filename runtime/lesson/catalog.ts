/** Finds the lessons of this checkout and reads them; lessons/schema.ts says what they are. */

import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { LessonFormatError, parseCourse, parseLesson } from "../../lessons/front-matter.ts";
import { type Course, type Lesson, slugOfFolder } from "../../lessons/schema.ts";
import { RingsideError } from "../error.ts";
import { checkoutDirectory } from "../image/checkout.ts";

/** A lesson and where its scripts lie. */
export interface StoredLesson extends Lesson {
  readonly directory: string;
}

/** Where the lessons of this checkout lie. */
export function lessonsDirectory(): string {
  return join(checkoutDirectory(), "lessons");
}

/**
 * Reads meta.yml.
 * @throws RingsideError when it is missing or not what the schema asks for
 */
export function loadCourse(directory = lessonsDirectory()): Course {
  return read(join(directory, "meta.yml"), parseCourse);
}

/**
 * Reads one lesson, with what it inherits from the course.
 * @param directory the lesson's folder: `…/lessons/10-namespaces`
 * @throws RingsideError when lesson.md is missing or not what the schema asks for, or when a check's script is missing
 */
export function loadLesson(directory: string, defaults: Course["defaults"] = {}): StoredLesson {
  const slug = slugOfFolder(basename(directory));
  const lesson = read(join(directory, "lesson.md"), (text) => parseLesson(slug, text, defaults));
  const missing = lesson.tasks.map(({ run }) => join(directory, run)).filter((script) => !existsSync(script));
  if (missing.length > 0) {
    throw new RingsideError(`read the lesson ${slug}: there is no ${missing.join(", ")}`, {
      fix: "write the missing checks",
    });
  }
  return { ...lesson, directory };
}

/** Every lesson, in the course's order. @throws RingsideError as loadLesson does */
export function loadLessons(directory = lessonsDirectory()): StoredLesson[] {
  const course = loadCourse(directory);
  return course.lessons.map((folder) => loadLesson(join(directory, folder), course.defaults));
}

/** The lesson with that slug. @throws RingsideError naming the ones that exist */
export function findLesson(slug: string, directory = lessonsDirectory()): StoredLesson {
  const { lessons, defaults } = loadCourse(directory);
  const folder = lessons.find((candidate) => slugOfFolder(candidate) === slug);
  if (folder === undefined) {
    throw new RingsideError(`find the lesson ${slug}: there is none of that name`, {
      fix: `one of: ${lessons.map(slugOfFolder).join(", ")}`,
    });
  }
  return loadLesson(join(directory, folder), defaults);
}

function read<Result>(file: string, parse: (text: string) => Result): Result {
  try {
    return parse(readFileSync(file, "utf8"));
  } catch (cause) {
    if (cause instanceof LessonFormatError) throw new RingsideError(cause.message, { cause, fix: `edit ${file}` });
    throw new RingsideError(`read ${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
