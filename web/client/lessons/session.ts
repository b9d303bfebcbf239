/**
 * One lesson as it is being taken: its progress, its lab, and what the checks said. One for each lesson, shared by the
 * page and by the elements in its text, which find it by the `data-lesson` of what surrounds them.
 */

import { lessons } from "virtual:lessons";
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import type { Guess } from "../../../lessons/schema.ts";
import type { TaskResult } from "../../protocol/lesson.ts";
import type { Machine } from "../../protocol/machine.ts";
import type { TerminalInfo } from "../../protocol/terminals.ts";
import { listMachines, listTerminals, openTerminal } from "../api/lab.ts";
import { checkTask, resetLessonLab, startLessonLab } from "../api/lessons.ts";
import { RequestError } from "../api/request.ts";
import { readStored, writeStored } from "../app/storage.ts";
import type { CompiledLesson } from "./compiled-lesson.ts";
import { type Progress, parseProgress, withDone, withGuess, withHint, withReveal } from "./progress.ts";

const FIRST_SIZE = { columns: 80, rows: 24 };

export class LessonSession {
  readonly lesson: CompiledLesson;
  readonly progress: Signal<Progress>;
  readonly machine: Signal<Machine | undefined> = signal(undefined);
  readonly terminals: Signal<readonly TerminalInfo[]> = signal([]);
  /** What is being done with the lab just now. */
  readonly busy: Signal<"starting" | "resetting" | undefined> = signal(undefined);
  readonly failure: Signal<RequestError | undefined> = signal(undefined);
  readonly results: Signal<Readonly<Record<string, TaskResult>>> = signal({});
  readonly checking: Signal<string | undefined> = signal(undefined);
  /** Types into the lesson's first terminal, where one is shown. */
  readonly typist: Signal<((text: string) => void) | undefined> = signal(undefined);
  readonly isDone: ReadonlySignal<boolean> = computed(() =>
    this.lesson.tasks.every(({ id }) => this.progress.value.done.includes(id)),
  );

  constructor(lesson: CompiledLesson) {
    this.lesson = lesson;
    this.progress = signal(parseProgress(readStored(keyOf(lesson))));
  }

  // --- progress ------------------------------------------------------------------------------------------------------

  guess(id: string, guess: Guess): void {
    this.#keep(withGuess(this.progress.value, id, guess));
  }

  reveal(id: string): void {
    this.#keep(withReveal(this.progress.value, id));
  }

  showHint(task: string): void {
    const available = this.lesson.tasks.find(({ id }) => id === task)?.hints.length ?? 0;
    this.#keep(withHint(this.progress.value, task, available));
  }

  forget(): void {
    writeStored(keyOf(this.lesson), undefined);
    this.progress.value = parseProgress(undefined);
    this.results.value = {};
  }

  // --- lab -----------------------------------------------------------------------------------------------------------

  /** Finds the lesson's machine if it still runs, so that a reload changes nothing. Says nothing where there is none. */
  async find(): Promise<void> {
    if (this.machine.value !== undefined) return;
    try {
      const machines = await listMachines();
      const own = machines.find(({ lesson, state }) => lesson === this.lesson.slug && state === "running");
      if (own !== undefined) await this.#use(own);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
    }
  }

  /** Starts the lab. */
  async start(): Promise<void> {
    await this.#try("starting", async () => this.#use(await startLessonLab(this.lesson.slug, FIRST_SIZE)));
  }

  /** Starts over in a fresh lab. What has been done stays done. */
  async reset(): Promise<void> {
    const { value: machine } = this.machine;
    if (machine === undefined) return this.start();
    await this.#try("resetting", async () => {
      this.results.value = {};
      await this.#use(await resetLessonLab(this.lesson.slug, machine.id, FIRST_SIZE));
    });
  }

  /** Checks a task, and remembers that it is done. */
  async check(task: string, input: string | undefined): Promise<void> {
    const { value: machine } = this.machine;
    if (machine === undefined) return;
    this.checking.value = task;
    await this.#try(undefined, async () => {
      const request = { machine: machine.id, task, ...(input === undefined ? {} : { input }) };
      const result = await checkTask(this.lesson.slug, request);
      this.results.value = { ...this.results.value, [task]: result };
      if (result.passed) this.#keep(withDone(this.progress.value, task));
    });
    this.checking.value = undefined;
  }

  async #use(machine: Machine): Promise<void> {
    const wanted = this.lesson.lab?.terminals.length ?? 1;
    let terminals = await listTerminals(machine.id);
    // The machine comes with its main terminal; a lesson may ask for more.
    for (let open = terminals.length; open < wanted; open++) await openTerminal(machine.id, FIRST_SIZE);
    if (terminals.length < wanted) terminals = await listTerminals(machine.id);
    this.terminals.value = terminals;
    this.machine.value = machine;
  }

  async #try(busy: "starting" | "resetting" | undefined, work: () => Promise<void>): Promise<void> {
    if (busy !== undefined) this.busy.value = busy;
    this.failure.value = undefined;
    try {
      await work();
    } catch (error) {
      this.failure.value =
        error instanceof RequestError ? error : new RequestError("refused", String(error), undefined);
    } finally {
      if (busy !== undefined) this.busy.value = undefined;
    }
  }

  #keep(progress: Progress): void {
    this.progress.value = progress;
    writeStored(keyOf(this.lesson), JSON.stringify(progress));
  }
}

function keyOf(lesson: CompiledLesson): string {
  return `lesson.${lesson.slug}`;
}

const sessions = new Map<string, LessonSession>();

/**
 * The session of a lesson; undefined where there is no such lesson.
 */
export function sessionOf(slug: string): LessonSession | undefined {
  const known = sessions.get(slug);
  if (known !== undefined) return known;
  const lesson = lessons.find((candidate) => candidate.slug === slug);
  if (lesson === undefined) return undefined;
  const session = new LessonSession(lesson);
  sessions.set(slug, session);
  return session;
}

/**
 * The session of the lesson that an element stands in.
 */
export function sessionAround(element: Element): LessonSession | undefined {
  const around = element.closest<HTMLElement>("[data-lesson]")?.dataset.lesson;
  return around === undefined ? undefined : sessionOf(around);
}
