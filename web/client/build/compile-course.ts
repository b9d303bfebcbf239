/**
 * Reads the folder lessons/ and compiles every lesson of the course.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseCourse, parseLesson } from "../../../lessons/front-matter.ts";
import { slugOfFolder } from "../../../lessons/schema.ts";
import type { CompiledCourse, CompiledLesson } from "../lessons/compiled-lesson.ts";
import type { MarkdownCompiler } from "./markdown.ts";

export interface CourseBuild {
  readonly course: CompiledCourse;
  readonly lessons: readonly CompiledLesson[];
  /** The files that it was made from. */
  readonly files: readonly string[];
}

/**
 * Compiles the course.
 *
 * @throws LessonFormatError where a lesson does not keep to lessons/schema.ts
 */
export function compileCourse(directory: string, markdown: MarkdownCompiler): CourseBuild {
  const meta = join(directory, "meta.yml");
  const course = parseCourse(readFileSync(meta, "utf8"));
  const files = [meta];
  const lessons = course.lessons.map((folder) => {
    const text = join(directory, folder, "lesson.md");
    const solution = join(directory, folder, "solution.sh");
    files.push(text, solution);
    return compileLesson(
      slugOfFolder(folder),
      { text: readFileSync(text, "utf8"), solution: existsSync(solution) ? readFileSync(solution, "utf8") : "" },
      course.defaults,
      markdown,
    );
  });
  return { course: { title: course.title, summary: course.summary }, lessons, files };
}

/**
 * Compiles one lesson.
 *
 * @throws LessonFormatError where it does not keep to lessons/schema.ts
 */
export function compileLesson(
  slug: string,
  source: { readonly text: string; readonly solution: string },
  defaults: Parameters<typeof parseLesson>[2],
  markdown: MarkdownCompiler,
): CompiledLesson {
  const { body: _, introduction, sections, walkthrough, ...front } = parseLesson(slug, source.text, defaults);
  return {
    ...front,
    introductionHtml: markdown.compile(introduction),
    sections: sections.map(({ id, title, markdown: text }) => ({ id, title, html: markdown.compile(text) })),
    walkthrough: walkthrough.map(({ title, sections: shown }) => ({ title, sections: shown.map(({ id }) => id) })),
    solution: source.solution,
  };
}
