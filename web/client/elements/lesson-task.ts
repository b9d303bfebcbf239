/**
 * `<lesson-task id="…">`: what to do, a check that looks at the lab and says what it found, and hints one at a time. The
 * last hint is nearly the answer and says so before it is shown.
 */

import { html, nothing, type TemplateResult } from "lit";
import type { Task } from "../../../lessons/schema.ts";
import { RingsideElement } from "../app/element.ts";
import { takeChildren } from "../app/taken-children.ts";
import { type LessonSession, sessionAround } from "../lessons/session.ts";

export class LessonTask extends RingsideElement {
  #instruction: DocumentFragment | HTMLElement | undefined;

  override connectedCallback(): void {
    const text = takeChildren(this);
    if (text.childNodes.length > 0) {
      const holder = document.createElement("div");
      holder.className = "instruction";
      holder.append(text);
      this.#instruction = holder;
    }
    super.connectedCallback();
  }

  override render(): TemplateResult | typeof nothing {
    const session = sessionAround(this);
    const task = session?.lesson.tasks.find(({ id }) => id === this.id);
    if (session === undefined || task === undefined) return nothing;
    const done = session.progress.value.done.includes(task.id);
    return html`
      <section class="task" data-done=${done} aria-label=${`Task: ${task.title}`}>
        ${done ? html`<p class="kicker">Done</p>` : nothing}
        ${this.#instruction}
        <form class="task-foot" @submit=${(event: SubmitEvent) => check(session, task, event)}>
          ${task.input === undefined ? nothing : html`<label class="task-input">${task.input.label}<input type="text" name="input" autocomplete="off" spellcheck="false" /></label>`}
          ${renderCheckButton(session, task)}
        </form>
        ${renderResult(session, task)}
        ${renderHints(session, task)}
      </section>
    `;
  }
}

function renderCheckButton(session: LessonSession, task: Task): TemplateResult {
  const missing = missingNeeds(session, task);
  const needsLab = session.machine.value === undefined;
  const checking = session.checking.value === task.id;
  const note = needsLab ? "start the lab first" : missing.length > 0 ? `first: ${missing.join(", ")}` : "";
  return html`
    <button class="check" ?disabled=${needsLab || missing.length > 0 || checking}>${checking ? "Checking…" : "Check"}</button>
    ${note === "" ? nothing : html`<span class="note">${note}</span>`}
  `;
}

function missingNeeds(session: LessonSession, task: Task): string[] {
  const { done } = session.progress.value;
  return task.needs
    .filter((needed) => !done.includes(needed))
    .map((needed) => session.lesson.tasks.find(({ id }) => id === needed)?.title ?? needed);
}

function check(session: LessonSession, task: Task, event: SubmitEvent): void {
  event.preventDefault();
  const form = event.currentTarget;
  if (!(form instanceof HTMLFormElement)) return;
  const input = task.input === undefined ? undefined : String(new FormData(form).get("input") ?? "").trim();
  void session.check(task.id, input);
}

function renderResult(session: LessonSession, task: Task): TemplateResult | typeof nothing {
  const result = session.results.value[task.id];
  if (result === undefined) return nothing;
  const { passed, hard, message } = result;
  return html`
    <p class="result" data-passed=${passed} role="status">
      <b>${passed ? "Done." : "Not yet."}</b> ${message}
      ${hard ? html`<button type="button" @click=${() => session.reset()}>Start over in a fresh lab</button>` : nothing}
    </p>
  `;
}

function renderHints(session: LessonSession, task: Task): TemplateResult {
  const shown = session.progress.value.hints[task.id] ?? 0;
  const next = task.hints.length - shown;
  return html`
    ${shown === 0 ? nothing : html`<ol class="hints">${task.hints.slice(0, shown).map((hint) => html`<li>${hint}</li>`)}</ol>`}
    ${
      next === 0
        ? nothing
        : html`<button type="button" class="link" @click=${() => session.showHint(task.id)}>
            ${next === 1 ? "show the answer" : shown === 0 ? "a hint" : "another hint"}</button>`
    }
  `;
}

customElements.define("lesson-task", LessonTask);
