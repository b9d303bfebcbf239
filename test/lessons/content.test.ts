/** Every lesson of the course: whole, linked, readable. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { lessonsDirectory, loadCourse, loadLessons, type StoredLesson } from "../../runtime/lesson/catalog.ts";

const TAGS = ["predict-choice", "lesson-task", "lab-terminal", "sim-player", "claim-verdict"];

interface Tag {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly inside: string;
}

/** The elements that the app takes over, with what stands in them for everybody else. */
function tagsOf(body: string): Tag[] {
  const pattern = new RegExp(`<(${TAGS.join("|")})([^>]*)>([\\s\\S]*?)</\\1>`, "g");
  return [...body.matchAll(pattern)].map(([, name = "", written = "", inside = ""]) => ({
    name,
    inside,
    attributes: Object.fromEntries(
      [...written.matchAll(/([a-z-]+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [key, value]),
    ),
  }));
}

/** Line breaks, marks of emphasis and code are no part of what is said. */
function words(markdown: string): string {
  return markdown
    .replace(/[`*>_]/g, "")
    .replace(/\s+/g, " ")
    .trim();
}

function idsIn(lesson: StoredLesson, name: string): string[] {
  return tagsOf(lesson.body)
    .filter((tag) => tag.name === name)
    .map(({ attributes }) => attributes.id ?? "");
}

const lessons = loadLessons();

describe("the course", () => {
  it("has every folder of lessons/ in its order", () => {
    const folders = readdirSync(lessonsDirectory(), { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? [entry.name] : [],
    );
    expect([...loadCourse().lessons].sort()).toEqual(folders.sort());
  });

  it("names as prerequisites only lessons that come before", () => {
    const before: string[] = [];
    for (const { slug, prerequisites } of lessons) {
      expect(before).toEqual(expect.arrayContaining(prerequisites));
      before.push(slug);
    }
  });
});

describe.each(lessons.map((lesson) => [lesson.slug, lesson] as const))("the lesson %s", (_slug, lesson) => {
  it("places every task, prediction and claim in its text once, and no others", () => {
    expect(idsIn(lesson, "lesson-task").sort()).toEqual(lesson.tasks.map(({ id }) => id).sort());
    expect(idsIn(lesson, "predict-choice").sort()).toEqual(lesson.predictions.map(({ id }) => id).sort());
    expect(idsIn(lesson, "claim-verdict").sort()).toEqual(lesson.claims.map(({ id }) => id).sort());
  });

  it("asks readers without the app the same questions, with the same options", () => {
    for (const { attributes, inside } of tagsOf(lesson.body).filter(({ name }) => name === "predict-choice")) {
      const prediction = lesson.predictions.find(({ id }) => id === attributes.id);
      expect(words(inside)).toContain(words(prediction?.question ?? "?"));
      if (prediction?.kind === "number") continue;
      const options = [...inside.matchAll(/^- ((?:.+\n?)(?: {2}.+\n?)*)/gm)].map(([, text = ""]) => words(text));
      expect(options).toEqual(prediction?.options.map(({ text }) => words(text)));
    }
  });

  it("gives readers without the app the same statements and verdicts", () => {
    for (const { attributes, inside } of tagsOf(lesson.body).filter(({ name }) => name === "claim-verdict")) {
      const claim = lesson.claims.find(({ id }) => id === attributes.id);
      expect(words(inside)).toContain(words(claim?.statement ?? "?"));
      expect(inside.toLowerCase()).toContain(`**${claim?.verdict}.**`);
    }
  });

  it("says something to readers without the app wherever the app puts something, and leaves Markdown room to be read", () => {
    for (const { name, inside } of tagsOf(lesson.body)) {
      expect(`${name}: ${words(inside)}`).not.toBe(`${name}: `);
      expect(inside.startsWith("\n\n") && inside.endsWith("\n\n")).toBe(true);
    }
  });

  it("opens terminals that its lab has", () => {
    const terminals = lesson.lab?.terminals.map(({ id }) => id) ?? [];
    for (const { attributes } of tagsOf(lesson.body).filter(({ name }) => name === "lab-terminal")) {
      if (attributes.terminal !== undefined) expect(terminals).toContain(attributes.terminal);
    }
  });

  it("keeps a screen to what fits a projector", () => {
    for (const { title, sections } of lesson.walkthrough) {
      const count = sections.reduce((sum, { markdown }) => sum + words(markdown).split(" ").length, 0);
      expect(`${title}: ${count > 330 ? `${count} words` : "fits"}`).toBe(`${title}: fits`);
    }
  });

  it("has scripts that a plain shell can read, and no others in checks/", () => {
    const used = lesson.tasks.map(({ run }) => run).sort();
    const checks = join(lesson.directory, "checks");
    expect(
      existsSync(checks)
        ? readdirSync(checks)
            .map((file) => `checks/${file}`)
            .sort()
        : [],
    ).toEqual(used);
    const scripts = [...used, "setup.sh", "solution.sh"]
      .map((file) => join(lesson.directory, file))
      .filter((file) => existsSync(file));
    for (const script of scripts) {
      expect(() =>
        execFileSync("sh", ["-n"], { input: readFileSync(script), stdio: ["pipe", "ignore", "pipe"] }),
      ).not.toThrow();
    }
  });
});
