/**
 * The module `virtual:lessons`: the course, compiled when the app is built, so that the browser needs neither a Markdown
 * parser nor a highlighter.
 */

import type { Plugin } from "vite";
import { compileCourse } from "./compile-course.ts";
import { createHighlighter } from "./highlight.ts";
import { createMarkdown } from "./markdown.ts";

const NAME = "virtual:lessons";
/** A leading zero byte keeps other plugins' hands off (Rollup's convention for modules without a file). */
const RESOLVED = `\0${NAME}`;

/**
 * The plugin.
 *
 * @param directory the folder lessons/
 */
export function lessonsPlugin(directory: string): Plugin {
  return {
    name: "ringside-lessons",
    resolveId: (source) => (source === NAME ? RESOLVED : undefined),
    async load(id) {
      if (id !== RESOLVED) return undefined;
      const { course, lessons, files } = compileCourse(directory, createMarkdown(await createHighlighter()));
      for (const file of files) this.addWatchFile(file);
      return `export const course = ${JSON.stringify(course)};\nexport const lessons = ${JSON.stringify(lessons)};\n`;
    },
  };
}
