/**
 * The reporter that ends a test run: what was skipped and why, then `N passed, N failed, N skipped` alone on the last
 * line (vitest.dev/guide/advanced/reporters). Individual tests are counted. What failed outside a test counts as one
 * failure: a file that does not load, a group whose set-up fails, an error that nobody caught, a test that never ended.
 */
import { writeSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import type { Reporter, SerializedError, TestCase, TestModule, TestSuite, Vitest } from "vitest/node";
import { errorCode } from "../../native/error-code.ts";

/** What a run came to. */
export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

declare module "vitest" {
  interface TaskMeta {
    /** Why a test or a group cannot run on this machine: test/support/needs.ts. */
    skipReason?: string;
  }
}

export class ClosingLine implements Reporter {
  readonly #print: (text: string) => void;
  #isSelection = false;
  #isWatching = false;
  #count: Count | undefined;
  readonly #running = new Set<string>();

  /** @param print where the text goes: standard output, at once, since the process is about to end */
  constructor(print: (text: string) => void = printNow) {
    this.#print = print;
  }

  onInit(vitest: Vitest): void {
    this.#isSelection = vitest.config.testNamePattern !== undefined;
    this.#isWatching = vitest.config.watch;
    // Others print after the last test too; only at the process's exit nobody does.
    if (this.#isWatching) return;
    process.once("exit", (code) => this.#end(code));
    process.once("SIGTERM", () => {
      this.#print(
        `\nended by SIGTERM; these had not ended:\n${[...this.#running].map((name) => `  ${name}\n`).join("")}`,
      );
      process.exit(143);
    });
  }

  onTestModuleStart(module: TestModule): void {
    this.#running.add(module.relativeModuleId);
  }

  onTestCaseReady(test: TestCase): void {
    this.#running.add(nameOf(test));
  }

  onTestCaseResult(test: TestCase): void {
    this.#running.delete(nameOf(test));
  }

  onTestModuleEnd(module: TestModule): void {
    this.#running.delete(module.relativeModuleId);
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    this.#count = countRun(modules, unhandledErrors.length);
    if (this.#isWatching) this.#print(closingText(this.#count, this.#isSelection));
  }

  /** A run that failed never looks like one that passed: the exit code and the line say the same. */
  #end(code: number): void {
    const count = this.#count ?? { passed: 0, failed: 1, skipped: [] };
    const failed = code !== 0 && count.failed === 0 ? 1 : count.failed;
    if (failed > 0 && code === 0) process.exitCode = 1;
    this.#print(closingText({ ...count, failed }, this.#isSelection));
  }
}

/** Counts what is in the modules of a run; `unhandledErrors` is how many errors nobody caught. */
export function countRun(modules: readonly TestModule[], unhandledErrors = 0): Count {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const groups = modules.flatMap((module) => [module, ...module.children.allSuites()]);
  const inState = (state: string) => tests.filter((test) => test.result().state === state);
  const neverLoaded = modules.filter(
    (module) => ["queued", "pending"].includes(module.state()) && module.children.size === 0,
  );
  const outside = groups.filter((group) => group.errors().length > 0).length + neverLoaded.length + unhandledErrors;
  return {
    passed: inState("passed").length,
    failed: inState("failed").length + inState("pending").length + outside,
    skipped: inState("skipped").map((test) => ({
      name: nameOf(test),
      reason: skipReason(test),
    })),
  };
}

function nameOf(test: TestCase): string {
  return `${test.module.relativeModuleId} › ${test.fullName}`;
}

/** Why a test was skipped. The reason is the note of `skip(reason)`, that of test/support/needs.ts, that of a failed group, or in the title. */
export function skipReason(test: TestCase): string {
  const result = test.result();
  if (result.state === "skipped" && result.note) return result.note;
  for (const task of ancestry(test)) {
    const reason = task.meta().skipReason;
    if (reason !== undefined) return reason;
    if (task.type !== "test" && task.errors().length > 0) return "what it builds on has failed";
  }
  const inTitle = /[([]skipped: (.+)[)\]]/.exec(test.fullName)?.[1];
  return inTitle ?? (test.options.mode === "todo" ? "not written yet" : "no reason given");
}

function ancestry(test: TestCase): (TestCase | TestSuite | TestModule)[] {
  const line: (TestCase | TestSuite | TestModule)[] = [test];
  for (let task = test.parent; ; task = task.parent) {
    line.push(task);
    if (task.type === "module") return line;
  }
}

/**
 * @param isSelection whether tests were chosen by name: then the others are only counted
 * @returns what is printed last, with a line break at its end
 */
export function closingText({ passed, failed, skipped }: Count, isSelection = false): string {
  const listed = isSelection ? skipped.filter(({ reason }) => reason !== "no reason given") : skipped;
  const lines = listed.map(({ name, reason }) => `  ${oneLine(name)}: ${oneLine(reason)}`);
  const head = lines.length > 0 ? ["", "skipped:", ...lines] : [];
  return `${[...head, "", `${passed} passed, ${failed} failed, ${skipped.length} skipped`].join("\n")}\n`;
}

function oneLine(text: string): string {
  return stripVTControlCharacters(text).replace(/\s+/g, " ").trim();
}

/** Nothing is lost where standard output is a pipe that is full for the moment. */
function printNow(text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if (errorCode(error) !== "EAGAIN") return;
    }
  }
}
