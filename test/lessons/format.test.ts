/** The format of a lesson, and what is said of one that breaks it. */
import { describe, expect, it } from "vitest";
import { LessonFormatError, parseCourse, parseLesson } from "../../lessons/front-matter.ts";
import { isRight, type Prediction, slugOfFolder } from "../../lessons/schema.ts";
import { splitSections } from "../../lessons/sections.ts";

const LEAST = `title: A lesson
summary: What it is about.
minutes: 10
level: 1
goals: [Know it.]
layout: text`;

function lesson(frontMatter: string, body = "Text."): ReturnType<typeof parseLesson> {
  return parseLesson("example", `---\n${frontMatter}\n---\n${body}`);
}

function problemsOf(frontMatter: string, body?: string): string {
  try {
    lesson(frontMatter, body);
  } catch (error) {
    if (error instanceof LessonFormatError) return error.message;
    throw error;
  }
  return "";
}

const TASK = `
lab: { image: ringside/base }
tasks:
  - { id: first, title: First, run: checks/first.sh, hints: [Look.] }`;

describe("a lesson's front matter", () => {
  it("needs no more than a title, a summary, minutes, a level, goals and a layout", () => {
    const { title, tasks, predictions, claims, lab, slug } = lesson(LEAST);
    expect({ title, tasks, predictions, claims, lab, slug }).toEqual({
      title: "A lesson",
      tasks: [],
      predictions: [],
      claims: [],
      lab: undefined,
      slug: "example",
    });
  });

  it("is refused with the names of all fields that are wrong, not only the first", () => {
    const problems = problemsOf("title: A lesson\nlevel: 7\nminutes: soon\nlayout: text\nauthor: me");
    for (const field of ["summary", "minutes", "level", "goals", "author"]) expect(problems).toContain(field);
  });

  it("is refused when it is missing or is not YAML", () => {
    expect(() => parseLesson("example", "# Just text")).toThrow(/front matter/);
    expect(problemsOf("title: [")).toMatch(/YAML/);
    expect(problemsOf("- a list")).not.toBe("");
  });

  it("reads durations in milliseconds, with five seconds for a check that says nothing", () => {
    expect(lesson(LEAST + TASK).tasks[0]?.timeout).toBe(5000);
    for (const [written, ms] of [
      ["250ms", 250],
      ["8s", 8000],
      ["2m", 120_000],
    ]) {
      expect(lesson(`${LEAST}${TASK.replace("hints", `timeout: ${written}, hints`)}`).tasks[0]?.timeout).toBe(ms);
    }
    expect(problemsOf(`${LEAST}${TASK.replace("hints", "timeout: soon, hints")}`)).toContain("timeout");
  });

  it("refuses a check outside checks/, a task without a hint, and a lab's task without a lab", () => {
    expect(problemsOf(LEAST + TASK.replace("checks/first.sh", "../../../bin/rm.sh"))).toContain("checks/");
    expect(problemsOf(LEAST + TASK.replace("[Look.]", "[]"))).toContain("hints");
    expect(problemsOf(LEAST + TASK.replace(/lab:.*\n/, ""))).toContain("needs a lab");
  });

  it("refuses ids that appear twice and references that lead nowhere", () => {
    const second = "\n  - { id: first, title: Again, run: checks/again.sh, hints: [Look.], needs: [later] }";
    const problems = problemsOf(LEAST + TASK + second);
    expect(problems).toContain("task first appears twice");
    expect(problems).toContain("needs later");
    const claim = `
claims:
  - { id: c, statement: S., verdict: holds, finding: F., experiment: { kind: prediction, prediction: nowhere } }`;
    expect(problemsOf(LEAST + claim)).toContain("nowhere");
    expect(problemsOf(LEAST + claim.replace("holds", "true"))).toContain("verdict");
  });

  it("takes from the course what it leaves out, and merges the lab", () => {
    const parsed = parseLesson("example", `---\n${LEAST}\nlab: { image: other }\n---\n`, {
      level: 3,
      lab: { image: "ringside/base", limits: { memory: "64m" } },
    });
    expect(parsed.level).toBe(1);
    expect(parsed.lab).toMatchObject({ image: "other", limits: { memory: "64m" } });
  });

  it("does not get a lab from the course when it has none", () => {
    const { lab } = parseLesson("example", `---\n${LEAST}\n---\n`, { lab: { image: "ringside/base" } });
    expect(lab).toBeUndefined();
  });
});

const CHOICE = `
predictions:
  - id: p
    kind: choice
    question: Which?
    options: [{ id: a, text: A }, { id: b, text: B }]
    answer: b
    explain: Because.`;

function predictionOf(yaml: string): Prediction {
  const [prediction] = lesson(LEAST + yaml).predictions;
  if (prediction === undefined) throw new Error("the example has no prediction");
  return prediction;
}

describe("a prediction", () => {
  it("has an answer that the learner can give", () => {
    expect(problemsOf(LEAST + CHOICE.replace("answer: b", "answer: c"))).toContain("none of the options");
    const order = CHOICE.replace("kind: choice", "kind: order");
    expect(problemsOf(LEAST + order.replace("answer: b", "answer: [a]"))).toContain("order");
    expect(problemsOf(LEAST + order.replace("answer: b", "answer: [b, a]"))).toBe("");
  });

  it("can take a number from the simulator, by scenario, world and metric, and nothing else", () => {
    const number = CHOICE.replace("kind: choice", "kind: number").replace(/options:.*\n/, "unit: ns\n");
    expect(
      predictionOf(number.replace("answer: b", "answer: from-sim:startup-race/container/firstByte")).answer,
    ).toEqual({
      kind: "from-sim",
      scenario: "startup-race",
      world: "container",
      metric: "firstByte",
    });
    expect(problemsOf(LEAST + number.replace("answer: b", "answer: from-sim:startup-race"))).toContain("from-sim");
    expect(problemsOf(LEAST + CHOICE.replace("answer: b", "answer: from-sim:a/b/c"))).toContain("only a number");
  });

  it("is judged by its kind: the option, the number within its tolerance, the whole order", () => {
    const choice = predictionOf(CHOICE);
    expect([isRight(choice, "b", "b"), isRight(choice, "a", "b")]).toEqual([true, false]);
    const number = predictionOf(
      CHOICE.replace("kind: choice", "kind: number")
        .replace(/options:.*\n/, "tolerance: 0.1\n")
        .replace("answer: b", "answer: 50"),
    );
    expect([44, 45, 55, 56].map((guess) => isRight(number, guess, 50))).toEqual([false, true, true, false]);
    const order = predictionOf(CHOICE.replace("kind: choice", "kind: order").replace("answer: b", "answer: [b, a]"));
    expect([isRight(order, ["b", "a"], ["b", "a"]), isRight(order, ["a", "b"], ["b", "a"])]).toEqual([true, false]);
  });
});

describe("the text of a lesson", () => {
  it("is cut at its second-level headings, and not inside code", () => {
    const { introduction, sections } = splitSections(
      [
        "Hello.",
        "",
        "## Who’s `PID 1`?",
        "a",
        "```sh",
        "## not a heading",
        "```",
        "### deeper",
        "",
        "## Next ##",
        "b",
      ].join("\n"),
    );
    expect(introduction).toBe("Hello.");
    expect(sections.map(({ id, title }) => [id, title])).toEqual([
      ["whos-pid-1", "Who’s `PID 1`?"],
      ["next", "Next"],
    ]);
    expect(sections[0]?.markdown).toContain("## not a heading");
    expect(sections[1]?.markdown).toBe("b");
  });

  it("does not take a shorter or another fence for the end of the code", () => {
    const { sections } = splitSections(["````", "```", "## inside", "~~~~", "````", "## outside"].join("\n"));
    expect(sections.map(({ id }) => id)).toEqual(["outside"]);
  });

  it("keeps the indentation of the first line, which may open a code block", () => {
    const { introduction, sections } = splitSections("\n\n    echo first\n\n## Next\n  \n\tindented\n\n");
    expect([introduction, sections.map(({ markdown }) => markdown)]).toEqual(["    echo first", ["\tindented"]]);
    expect(lesson(LEAST, "\n    echo first\n").body).toBe("    echo first");
  });

  it("becomes one screen a section unless the front matter groups them", () => {
    const body = "## One\na\n## Two\nb";
    expect(lesson(LEAST, body).walkthrough.map(({ title }) => title)).toEqual(["One", "Two"]);
    const grouped = lesson(`${LEAST}\nscreens: [{ title: Both, sections: [one, two] }]`, body).walkthrough;
    expect(grouped.map(({ sections }) => sections.map(({ id }) => id))).toEqual([["one", "two"]]);
    expect(() => lesson(`${LEAST}\nscreens: [{ title: Both, sections: [three] }]`, body)).toThrow(/three/);
  });
});

describe("a course", () => {
  it("lists folders whose numbers are no part of the lessons' names", () => {
    const course = parseCourse("title: T\nsummary: S\nlessons: [10-namespaces, 20-limits]");
    expect(course.lessons.map(slugOfFolder)).toEqual(["namespaces", "limits"]);
    expect(() => parseCourse("title: T\nsummary: S\nlessons: [namespaces]")).toThrow(LessonFormatError);
  });
});
