/** Lessons on their way to the screen: compiled, predicted, walked through, remembered. */

import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { type CourseBuild, compileCourse, compileLesson } from "../../web/client/build/compile-course.ts";
import { createHighlighter } from "../../web/client/build/highlight.ts";
import { createMarkdown, type MarkdownCompiler } from "../../web/client/build/markdown.ts";
import { answerTo, answerWords, isRightGuess } from "../../web/client/lessons/answers.ts";
import {
  NO_PROGRESS,
  parseProgress,
  withDone,
  withGuess,
  withHint,
  withReveal,
} from "../../web/client/lessons/progress.ts";
import { stepAfterKey, stepOf, walkSteps } from "../../web/client/lessons/walk-steps.ts";

const LESSONS = fileURLToPath(new URL("../../lessons", import.meta.url));
const ELEMENTS = fileURLToPath(new URL("../../web/client/elements", import.meta.url));

let markdown: MarkdownCompiler;
let build: CourseBuild;

beforeAll(async () => {
  markdown = createMarkdown(await createHighlighter());
  build = compileCourse(LESSONS, markdown);
});

const FRONT = `---
title: A lesson
summary: What it is about
minutes: 5
level: 1
goals: [one]
layout: text
---
`;

describe("the compiled course", () => {
  it("has every lesson of the course with all its sections", () => {
    expect(build.lessons.length).toBeGreaterThan(0);
    for (const lesson of build.lessons) {
      expect(lesson.sections.length).toBeGreaterThan(0);
      expect(lesson.walkthrough.length).toBeGreaterThan(0);
      expect(lesson.solution).not.toBe("");
    }
  });

  it("needs no style attribute, script or foreign address, which the content security policy would refuse", () => {
    for (const { introductionHtml, sections } of build.lessons) {
      for (const html of [introductionHtml, ...sections.map((section) => section.html)]) {
        expect(html).not.toMatch(/ style=|<script|<img|<iframe| on[a-z]+=/);
      }
    }
  });

  it("uses only elements that the app has", () => {
    const known = new Set(readdirSync(ELEMENTS).map((file) => file.replace(/\.ts$/, "")));
    const used = build.lessons.flatMap(({ introductionHtml, sections }) =>
      [introductionHtml, ...sections.map(({ html }) => html)].flatMap((html) =>
        [...html.matchAll(/<([a-z]+-[a-z-]+)/g)].map(([, name]) => name ?? ""),
      ),
    );
    expect(used.filter((name) => !known.has(name))).toEqual([]);
  });

  it("gives every element that names a prediction, task or claim one that exists", () => {
    const tables = { "predict-choice": "predictions", "lesson-task": "tasks", "claim-verdict": "claims" } as const;
    for (const lesson of build.lessons) {
      const text = [lesson.introductionHtml, ...lesson.sections.map(({ html }) => html)].join("");
      for (const [element, table] of Object.entries(tables)) {
        const named = [...text.matchAll(new RegExp(`<${element} id="([^"]+)"`, "g"))].map(([, id]) => id);
        const known = lesson[table as (typeof tables)[keyof typeof tables]].map(({ id }) => id);
        expect(named.filter((id) => !known.includes(id ?? ""))).toEqual([]);
        expect(new Set(named).size).toBe(known.length);
      }
    }
  });

  it("can answer every prediction, and never accepts every guess", () => {
    for (const { predictions } of build.lessons) {
      for (const prediction of predictions) {
        const { value } = answerTo(prediction);
        expect(isRightGuess(prediction, value)).toBe(true);
        expect(answerWords(prediction, value)).not.toBe("");
        const wrong = typeof value === "number" ? value + 1 + Math.abs(value) : "no such option";
        expect(isRightGuess(prediction, wrong)).toBe(false);
      }
    }
  });
});

describe("a lesson's text", () => {
  const compile = (body: string) => compileLesson("test", { text: FRONT + body, solution: "" }, {}, markdown);

  it("makes listings that a shell reads ones that can be run, and leaves the others alone", () => {
    const [section] = compile(
      "## Look\n\nHere:\n\n    ps | wc -l\n\n```json\n{}\n```\n\n```text\nplain <b>\n```\n",
    ).sections;
    expect(section?.html.match(/<shell-listing>/g)).toHaveLength(1);
    expect(section?.html).toContain("plain &#x3C;b>");
  });

  it("reads what stands inside an element as Markdown", () => {
    const [section] = compile('## Do\n\n<lesson-task id="x">\n\nWrite **it** down.\n\n</lesson-task>\n').sections;
    expect(section?.html).toContain('<lesson-task id="x">');
    expect(section?.html).toContain("Write <strong>it</strong> down.");
  });

  it("does not compile where its front matter is wrong, and names what is", () => {
    expect(() =>
      compileLesson("bad", { text: FRONT.replace("minutes: 5", "minutes: -5"), solution: "" }, {}, markdown),
    ).toThrow(/bad[\s\S]*minutes/);
  });
});

describe("the walkthrough", () => {
  it("begins with the title, and needs the lab only where there is something to type", () => {
    const lesson = compileLesson(
      "test",
      { text: `${FRONT}Hello.\n\n## One\n\nText.\n\n## Two\n\nHere:\n\n    ls\n`, solution: "" },
      {},
      markdown,
    );
    const steps = walkSteps(lesson);
    expect(steps.map((step) => (step.kind === "title" ? "title" : [step.title, step.needsLab]))).toEqual([
      "title",
      ["A lesson", false],
      ["One", false],
      ["Two", true],
    ]);
  });

  it("stays within its steps, whatever the address or the key says", () => {
    expect([stepOf("#3", 5), stepOf("#99", 5), stepOf("#0", 5), stepOf("#x", 5), stepOf("", 5)]).toEqual([
      2, 4, 0, 0, 0,
    ]);
    expect(stepAfterKey("ArrowRight", false, 4, 5)).toBe(4);
    expect(stepAfterKey("ArrowLeft", false, 0, 5)).toBe(0);
    expect(stepAfterKey(" ", true, 2, 5)).toBe(1);
    expect(stepAfterKey("End", false, 0, 5)).toBe(4);
    expect(stepAfterKey("x", false, 0, 5)).toBeUndefined();
  });
});

describe("a learner's progress", () => {
  it("lets a guess be changed until the reveal, and never after it", () => {
    let progress = withGuess(NO_PROGRESS, "p", "a");
    progress = withGuess(progress, "p", "b");
    progress = withReveal(progress, "p");
    expect(withGuess(progress, "p", "c").predictions.p).toEqual({ guess: "b", revealed: true });
  });

  it("reveals nothing to those who have not guessed", () => {
    expect(withReveal(NO_PROGRESS, "p")).toEqual(NO_PROGRESS);
  });

  it("keeps a done task done, and counts it once", () => {
    expect(withDone(withDone(NO_PROGRESS, "t"), "t").done).toEqual(["t"]);
  });

  it("shows hints one at a time and no more than there are", () => {
    const shown = [1, 2, 3, 4].reduce((progress) => withHint(progress, "t", 3), NO_PROGRESS);
    expect(shown.hints.t).toBe(3);
  });

  it("survives being stored, and what is stored there by something else", () => {
    const progress = withHint(withDone(withReveal(withGuess(NO_PROGRESS, "p", ["a", "b"]), "p"), "t"), "t", 2);
    expect(parseProgress(JSON.stringify(progress))).toEqual(progress);
    for (const text of [undefined, "", "{}", "null", '{"done":3}', "not json"])
      expect(parseProgress(text)).toEqual(NO_PROGRESS);
  });
});
