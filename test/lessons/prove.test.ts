/** Every check fails on a fresh lab and passes after the solution, in a real container. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Launcher } from "../../native/kernel.ts";
import { listContainers } from "../../runtime/container/state.ts";
import { loadLesson, loadLessons, type StoredLesson } from "../../runtime/lesson/catalog.ts";
import { runCheck, runSolution } from "../../runtime/lesson/check.ts";
import { closeLab, createLessonLab, resetLab } from "../../runtime/lesson/lab.ts";
import { isProved, proveLesson } from "../../runtime/lesson/prove.ts";
import { realContainers } from "../bench/real-containers.ts";

const { missing, title } = realContainers;

let launcher: Launcher;
let scratch: string;

beforeAll(async () => {
  if (missing) return;
  launcher = await Launcher.open();
  scratch = mkdtempSync(join(tmpdir(), "ringside-lessons-"));
});
afterAll(async () => {
  if (missing) return;
  await launcher.close();
  rmSync(scratch, { recursive: true });
});

/** A lesson with one task, made of these scripts. */
function lessonOf(
  name: string,
  scripts: { setup?: string; check: string; solution: string; task?: string },
): StoredLesson {
  const directory = join(scratch, `10-${name}`);
  mkdirSync(join(directory, "checks"), { recursive: true });
  const frontMatter = [
    "title: T",
    "summary: S",
    "minutes: 1",
    "level: 1",
    "goals: [G]",
    "layout: text+terminal",
    "lab: { image: ringside/base }",
    `tasks: [{ id: task, title: T, run: checks/task.sh, hints: [H]${scripts.task ?? ""} }]`,
  ];
  writeFileSync(join(directory, "lesson.md"), `---\n${frontMatter.join("\n")}\n---\nText.\n`);
  writeFileSync(join(directory, "checks", "task.sh"), scripts.check);
  writeFileSync(join(directory, "solution.sh"), scripts.solution);
  if (scripts.setup !== undefined) writeFileSync(join(directory, "setup.sh"), scripts.setup);
  return loadLesson(directory);
}

const HONEST = "if [ -e /tmp/done ]; then echo Done.; else echo Not yet.; exit 1; fi";
const DO = "touch /tmp/done";

describe("every lesson", () => {
  it.skipIf(missing).each(loadLessons().map((lesson) => [lesson.slug, lesson] as const))(
    title("is proved in a real container: each check fails on a fresh lab and passes after the solution: %s"),
    { timeout: 60_000 },
    async (_slug, lesson) => {
      const proof = await proveLesson(launcher, lesson);
      expect(proof.problems).toEqual([]);
      expect(proof.tasks.map(({ task, problems }) => ({ task, problems }))).toEqual(
        lesson.tasks.map(({ id }) => ({ task: id, problems: [] })),
      );
      expect(isProved(proof)).toBe(true);
    },
  );
});

describe("a proof finds", () => {
  const cases: [string, Parameters<typeof lessonOf>[1], RegExp][] = [
    ["a check that passes on a fresh lab", { check: "echo Done.", solution: DO }, /passes on a fresh lab/],
    [
      "a check that no solution satisfies",
      { check: "echo Not yet.; exit 1", solution: DO },
      /does not pass after the solution: Not yet/,
    ],
    ["a check that does not say why", { check: "test -e /tmp/done", solution: DO }, /does not say why/],
    [
      "a check that changes what it looks at",
      { check: `${HONEST}; rm -f /tmp/done`, solution: DO },
      /changes what it looks at/,
    ],
    [
      "a check that does not end",
      { check: "sleep 1000", solution: DO, task: ", timeout: 200ms" },
      /did not end within 0.2 s/,
    ],
    ["a check that is broken", { check: "echo oh no >&2; exit 7", solution: DO }, /ended with 7: oh no/],
    [
      "a solution that fails",
      { check: HONEST, solution: "echo no idea >&2; exit 1" },
      /solution.sh: it ended with 1: no idea/,
    ],
    [
      "a set-up that fails",
      { setup: "echo no room >&2; exit 1", check: HONEST, solution: DO },
      /setup.sh: it ended with 1: no room/,
    ],
  ];
  it.skipIf(missing).each(cases)(title("%s"), async (name, scripts, expected) => {
    const lesson = lessonOf(name.replaceAll(" ", "-"), scripts);
    const proof = await proveLesson(launcher, lesson);
    const problems = [...proof.problems, ...proof.tasks.flatMap((task) => task.problems)].join("\n");
    expect(problems).toMatch(expected);
    expect(isProved(proof)).toBe(false);
    expect(listContainers().filter(({ labels }) => labels.lesson === lesson.slug)).toEqual([]);
  });
});

describe("a lab", () => {
  it.skipIf(missing)(
    title("hands a check the learner's input, and refuses one of the wrong form without running it"),
    async () => {
      const lesson = lessonOf("input", {
        check: '[ "$INPUT" = 42 ] && echo "It is $INPUT." && exit 0; echo "It is not $INPUT."; exit 1',
        solution: "echo input task 42",
        task: ", input: { label: A number., validate: '^[0-9]+$' }",
      });
      const lab = await createLessonLab(launcher, lesson);
      try {
        const answers = [undefined, "  ", "forty", "41", "42"].map((input) =>
          runCheck(launcher, lab, "task", input === undefined ? {} : { input }),
        );
        expect((await Promise.all(answers)).map(({ passed, message }) => [passed, message])).toEqual([
          [false, "Nothing has been entered yet. A number."],
          [false, "Nothing has been entered yet. A number."],
          [false, "This cannot be it. A number."],
          [false, "It is not 41."],
          [true, "It is 42."],
        ]);
      } finally {
        await closeLab(lab);
      }
    },
  );

  it.skipIf(missing)(title("says with status 2 that only a reset helps, and a reset gives a fresh one"), async () => {
    const lesson = lessonOf("reset", {
      setup: "echo ready > /tmp/set-up",
      check: "grep -q ready /tmp/set-up || { echo Spoiled.; exit 2; }; echo Not yet.; exit 1",
      solution: "rm /tmp/set-up",
    });
    let lab = await createLessonLab(launcher, lesson);
    try {
      await runSolution(launcher, lab);
      expect(await runCheck(launcher, lab, "task")).toMatchObject({ passed: false, hard: true, message: "Spoiled." });
      lab = await resetLab(launcher, lab);
      expect(await runCheck(launcher, lab, "task")).toMatchObject({ passed: false, hard: false, message: "Not yet." });
    } finally {
      await closeLab(lab);
    }
  });

  it.skipIf(missing)(
    title("cuts a check's message at 500 characters and survives one that floods its output"),
    async () => {
      const lesson = lessonOf("flood", { check: "head -c 3000 /dev/zero | tr '\\0' x; exit 1", solution: DO });
      const flood = lessonOf("endless-flood", { check: "yes", solution: DO, task: ", timeout: 300ms" });
      for (const [example, expected] of [
        [lesson, /^x{499}…$/],
        [flood, /^The check did not end within 0.3 s.$/],
      ] as const) {
        const lab = await createLessonLab(launcher, example);
        try {
          const { passed, message } = await runCheck(launcher, lab, "task");
          expect(passed).toBe(false);
          expect(message).toMatch(expected);
        } finally {
          await closeLab(lab);
        }
      }
    },
  );

  it.skipIf(missing)(
    title("does not wait for what a script leaves in the background, even when it keeps the output open"),
    async () => {
      const lesson = lessonOf("background", { check: HONEST, solution: `sleep 1000 &\n${DO}` });
      const proof = await proveLesson(launcher, lesson);
      expect(isProved(proof)).toBe(true);
    },
  );
});
