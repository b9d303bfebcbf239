/**
 * Reads lesson.md and meta.yml: YAML between two `---` lines, then Markdown. Only for Node and the build; the browser
 * gets what this returns.
 */

import { parse as parseYaml } from "yaml";
import { en } from "zod/locales";
import * as z from "zod/mini";
import { type Course, courseSchema, frontMatterSchema, type Lesson } from "./schema.ts";
import { screensOf, splitSections, withoutBlankEdges } from "./sections.ts";

/** A lesson's text is not what lessons/schema.ts asks for; the message lists every problem. */
export class LessonFormatError extends Error {
  override readonly name = "LessonFormatError";
}

const FRONT_MATTER = /^---\r?\n([\s\S]*?)\r?\n---\r?\n([\s\S]*)$/;

/**
 * Parses a lesson.
 * @param slug the folder's name without its number
 * @param source the text of lesson.md
 * @param defaults meta.yml's `defaults`: what the front matter leaves out; `lab` is merged one level deep
 * @throws LessonFormatError naming the lesson and every problem
 */
export function parseLesson(slug: string, source: string, defaults: Course["defaults"] = {}): Lesson {
  const match = FRONT_MATTER.exec(source);
  if (match === null)
    throw new LessonFormatError(`lesson ${slug}: lesson.md does not open with front matter between two --- lines`);
  const [, yaml = "", body = ""] = match;
  const written = readMapping(`lesson ${slug}`, yaml);
  const front = parseOrExplain(`lesson ${slug}`, frontMatterSchema, inherit(defaults, written));
  const { introduction, sections } = splitSections(body);
  return {
    ...front,
    slug,
    body: withoutBlankEdges(body),
    introduction,
    sections,
    walkthrough: screensOf(front, sections),
  };
}

/**
 * Parses meta.yml.
 * @throws LessonFormatError listing every problem
 */
export function parseCourse(source: string): Course {
  return parseOrExplain("meta.yml", courseSchema, readMapping("meta.yml", source));
}

type Mapping = Record<string, unknown>;
const mapping = z.record(z.string(), z.unknown());

function readMapping(what: string, yaml: string): Mapping {
  try {
    return parseOrExplain(what, mapping, parseYaml(yaml));
  } catch (cause) {
    if (cause instanceof LessonFormatError) throw cause;
    throw new LessonFormatError(
      `${what}: the YAML cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

/** What the lesson says wins. A lab is inherited only by a lesson that has one, field by field. */
function inherit({ lab: commonLab, ...defaults }: Mapping, written: Mapping): Mapping {
  const merged = { ...defaults, ...written };
  const common = mapping.safeParse(commonLab);
  const own = mapping.safeParse(written.lab);
  if (common.success && own.success) merged.lab = { ...common.data, ...own.data };
  return merged;
}

/** zod/mini brings no words of its own, so that the browser need not load them; an author needs them. */
const WORDS = { error: en().localeError };

function parseOrExplain<Schema extends z.ZodMiniType>(what: string, schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value, WORDS);
  if (result.success) return result.data;
  throw new LessonFormatError(`${what}: ${z.prettifyError(result.error)}`);
}
