/**
 * `<lesson-page>`: a lesson to read and to do: the text, and beside it the lab's terminal.
 */

import { signal } from "@preact/signals-core";
import { html, nothing, type TemplateResult } from "lit";
import { unsafeHTML } from "lit/directives/unsafe-html.js";
import { RingsideElement } from "../app/element.ts";
import "../elements/lesson-elements.ts";
import type { CompiledLesson } from "../lessons/compiled-lesson.ts";
import { type LessonSession, sessionOf } from "../lessons/session.ts";

export class LessonPage extends RingsideElement {
  static override properties = { slug: {} };

  declare slug: string;
  /** On a narrow screen the terminal covers the text, so it can be put away. */
  readonly #dockOpen = signal(false);

  constructor() {
    super();
    this.slug = "";
  }

  override render(): TemplateResult {
    const session = sessionOf(this.slug);
    if (session === undefined) {
      return html`<article class="page"><h1>There is no such lesson</h1><p><a href="/lessons">All lessons</a></p></article>`;
    }
    const { lesson } = session;
    const hasLab = lesson.lab !== undefined;
    return html`
      <div class="lesson" data-lesson=${lesson.slug} data-layout=${lesson.layout}>
        <article class="prose">
          ${renderHead(lesson)}
          ${unsafeHTML(lesson.introductionHtml)}
          ${lesson.sections.map(({ id, title, html: body }) => html`<section id=${id}><h2>${title}</h2>${unsafeHTML(body)}</section>`)}
          ${renderFoot(session)}
        </article>
        ${hasLab ? this.#renderDock(session) : nothing}
      </div>
    `;
  }

  /** The text is drawn after the browser has looked for the section that the address names. */
  protected override firstUpdated(): void {
    if (location.hash.length > 1) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
  }

  #renderDock(session: LessonSession): TemplateResult {
    const open = this.#dockOpen.value;
    const running = session.machine.value !== undefined;
    return html`
      <aside class="dock" data-open=${open} aria-label="The lab">
        <button type="button" class="dock-toggle" aria-expanded=${open} @click=${this.#toggleDock}>${open ? "Back to the text" : "Terminal"}</button>
        <div class="dock-body">
          ${session.lesson.lab?.terminals.map(({ id }, at) => html`<lab-terminal dock .terminal=${id} ?hidden=${!running && at > 0}></lab-terminal>`)}
          ${running ? html`<p class="dock-foot"><span>${doneWords(session)}</span><button type="button" class="link" @click=${() => session.reset()}>start over in a fresh lab</button></p>` : nothing}
          ${running ? html`<failure-notice .failure=${session.failure.value}></failure-notice>` : nothing}
        </div>
      </aside>
    `;
  }

  readonly #toggleDock = (): void => {
    this.#dockOpen.value = !this.#dockOpen.value;
  };
}

function renderHead({ title, summary, minutes, goals, slug }: CompiledLesson): TemplateResult {
  return html`
    <header class="lesson-head">
      <p class="up"><a href="/lessons">Lessons</a></p>
      <h1>${title}</h1>
      <p class="lead">${summary}</p>
      <p class="facts"><span>${minutes} minutes</span><a href=${`/lessons/${slug}/walk`}>as a walkthrough</a></p>
      <details class="goals"><summary>What you can do afterwards</summary><ul>${goals.map((goal) => html`<li>${goal}</li>`)}</ul></details>
    </header>
  `;
}

function doneWords({ lesson, progress }: LessonSession): string {
  return `${progress.value.done.length} of ${lesson.tasks.length} tasks done`;
}

function renderFoot(session: LessonSession): TemplateResult {
  const { lesson } = session;
  return html`
    <footer class="lesson-foot">
      ${session.isDone.value && lesson.tasks.length > 0 ? html`<p class="finished"><b>All ${lesson.tasks.length} tasks are done</b>, in a container on this machine.</p>` : nothing}
      ${
        lesson.solution === ""
          ? nothing
          : html`<details><summary>The whole solution (reveals the answer to every task)</summary><pre><code>${lesson.solution}</code></pre></details>`
      }
      <p><button type="button" class="link" @click=${() => forget(session)}>forget my progress in this lesson</button></p>
    </footer>
  `;
}

function forget(session: LessonSession): void {
  if (window.confirm("Forget your predictions, hints and done tasks of this lesson?")) session.forget();
}

customElements.define("lesson-page", LessonPage);
