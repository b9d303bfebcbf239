/** `ringside lesson`: lists the lessons, and proves them in real containers. */

import type { Command } from "commander";
import { Launcher } from "../../native/kernel.ts";
import { findLesson, loadLessons, type StoredLesson } from "../lesson/catalog.ts";
import { isProved, type LessonProof, proveLesson } from "../lesson/prove.ts";

interface Output {
  readonly json?: boolean;
}

/** Adds `lesson` to the program. */
export function registerLesson(program: Command): void {
  const lesson = program.command("lesson").description("the lessons");
  lesson
    .command("ls")
    .description("list them, in the course's order")
    .option("--json", "as ringside.lessons/1")
    .action(list);
  lesson
    .command("test")
    .description("prove that every check fails on a fresh lab and passes after the solution")
    .argument("[slug]", "one lesson; all of them without it")
    .option("--json", "as ringside.lesson-test/1")
    .action(test);
}

function list({ json }: Output): void {
  const lessons = loadLessons();
  if (json) {
    const rows = lessons.map(({ slug, title, summary, minutes, level, tasks, predictions, claims }) => ({
      ...{ slug, title, summary, minutes, level },
      ...{ tasks: tasks.length, predictions: predictions.length, claims: claims.length },
    }));
    print({ schema: "ringside.lessons/1", lessons: rows });
    return;
  }
  const width = Math.max(...lessons.map(({ slug }) => slug.length));
  for (const { slug, title, minutes, tasks } of lessons) {
    process.stdout.write(`${slug.padEnd(width)}  ${title}  (${minutes} min, ${tasks.length} tasks)\n`);
  }
}

async function test(slug: string | undefined, { json }: Output): Promise<void> {
  const lessons: StoredLesson[] = slug === undefined ? loadLessons() : [findLesson(slug)];
  await using launcher = await Launcher.open();
  const proofs: LessonProof[] = [];
  for (const lesson of lessons) {
    const proof = await proveLesson(launcher, lesson);
    proofs.push(proof);
    if (!json) process.stdout.write(describe(proof));
  }
  if (json) print({ schema: "ringside.lesson-test/1", proved: proofs.every(isProved), lessons: proofs });
  if (!proofs.every(isProved)) process.exitCode = 1;
}

function describe(proof: LessonProof): string {
  const width = Math.max(0, ...proof.tasks.map(({ task }) => task.length));
  const lines = proof.tasks.flatMap(({ task, fresh, solved, problems }) => [
    `  ${problems.length === 0 ? "ok  " : "FAIL"}  ${task.padEnd(width)}  fresh: ${verdict(fresh.passed)}  solved: ${verdict(solved.passed)}`,
    ...problems.map((problem) => `        ${problem}`),
  ]);
  const problems = proof.problems.map((problem) => `  FAIL  ${problem}`);
  return `${[proof.lesson, ...lines, ...problems].join("\n")}\n`;
}

function verdict(passed: boolean): string {
  return passed ? "passes" : "fails";
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
