/**
 * `<walk-page>`: a lesson for a projector: one step a screen, large type, everything by keys.
 */

import { signal } from "@preact/signals-core";
import { html, nothing, type TemplateResult } from "lit";
import { keyed } from "lit/directives/keyed.js";
import { unsafeHTML } from "lit/directives/unsafe-html.js";
import { RingsideElement } from "../app/element.ts";
import { isForWidget } from "../app/keys.ts";
import { navigate } from "../app/router.ts";
import "../elements/lesson-elements.ts";
import type { CompiledLesson } from "../lessons/compiled-lesson.ts";
import { sessionOf } from "../lessons/session.ts";
import { stepAfterKey, stepOf, type WalkStep, walkSteps } from "../lessons/walk-steps.ts";

export class WalkPage extends RingsideElement {
  static override properties = { slug: {} };

  declare slug: string;
  readonly #at = signal(0);

  constructor() {
    super();
    this.slug = "";
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener("keydown", this.#key);
    window.addEventListener("hashchange", this.#arrive);
    this.#arrive();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("keydown", this.#key);
    window.removeEventListener("hashchange", this.#arrive);
  }

  override render(): TemplateResult {
    const lesson = sessionOf(this.slug)?.lesson;
    if (lesson === undefined)
      return html`<main class="walk"><h1>There is no such lesson</h1><p><a href="/lessons">All lessons</a></p></main>`;
    const steps = walkSteps(lesson);
    const at = this.#at.value;
    const step = steps[at] ?? { kind: "title" };
    const beside = step.kind === "text" && step.needsLab && lesson.lab !== undefined;
    return html`
      <main class="walk" data-lesson=${lesson.slug}>
        <div class="walk-stage" data-beside=${beside}>
          <div class="walk-step prose" tabindex="-1">${keyed(at, renderStep(step, lesson))}</div>
          ${beside ? html`<aside class="walk-lab" aria-label="The lab"><lab-terminal dock large .terminal=${lesson.lab?.terminals[0]?.id ?? ""}></lab-terminal></aside>` : nothing}
        </div>
        ${this.#renderBar(lesson, at, steps.length)}
      </main>
    `;
  }

  #renderBar(lesson: CompiledLesson, at: number, count: number): TemplateResult {
    return html`
      <footer class="walk-bar">
        <progress max=${count - 1} value=${at} aria-label="Progress"></progress>
        <a href=${`/lessons/${lesson.slug}`}>${lesson.title}</a>
        <span class="walk-count" role="status">${at + 1} of ${count}</span>
        <span class="walk-buttons">
          <button type="button" ?disabled=${at === 0} @click=${() => this.#go(at - 1)}>← Back</button>
          <button type="button" ?disabled=${at === count - 1} @click=${() => this.#go(at + 1)}>On →</button>
          <button type="button" class="quiet" @click=${toggleFullScreen}>Full screen</button>
        </span>
      </footer>
    `;
  }

  #steps(): number {
    const lesson = sessionOf(this.slug)?.lesson;
    return lesson === undefined ? 1 : walkSteps(lesson).length;
  }

  #go(at: number): void {
    this.#at.value = at;
    history.replaceState(null, "", `#${at + 1}`);
    this.querySelector(".walk-stage")?.scrollTo(0, 0);
  }

  readonly #arrive = (): void => {
    this.#at.value = stepOf(location.hash, this.#steps());
  };

  readonly #key = (event: KeyboardEvent): void => {
    if (isForWidget(event) || event.defaultPrevented) return;
    if (event.key === "Escape" && document.fullscreenElement === null) {
      navigate(`/lessons/${this.slug}`);
      return;
    }
    if (event.key.toLowerCase() === "f") {
      toggleFullScreen();
      return;
    }
    const target = stepAfterKey(event.key, event.shiftKey, this.#at.value, this.#steps());
    if (target === undefined) return;
    event.preventDefault();
    this.#go(target);
  };
}

function renderStep(step: WalkStep, lesson: CompiledLesson): TemplateResult {
  if (step.kind === "title") {
    return html`<div class="walk-title"><h1>${lesson.title}</h1><p>${lesson.summary}</p></div>`;
  }
  return html`<h2>${step.title}</h2>${unsafeHTML(step.html)}`;
}

function toggleFullScreen(): void {
  const change =
    document.fullscreenElement === null ? document.documentElement.requestFullscreen() : document.exitFullscreen();
  // A browser may refuse (a frame without the permission); then the page stays as it is.
  change.catch(() => undefined);
}

customElements.define("walk-page", WalkPage);
