/**
 * `<lessons-page>`: the course, with how far one has come.
 */

import { course, lessons } from "virtual:lessons";
import { html, type TemplateResult } from "lit";
import { RingsideElement } from "../app/element.ts";
import type { CompiledLesson } from "../lessons/compiled-lesson.ts";
import type { Progress } from "../lessons/progress.ts";
import { sessionOf } from "../lessons/session.ts";

export class LessonsPage extends RingsideElement {
  override render(): TemplateResult {
    return html`
      <article class="page lessons">
        <h1>${course.title}</h1>
        <p class="lead">${course.summary}</p>
        <ol class="course">${lessons.map((lesson) => renderLesson(lesson, sessionOf(lesson.slug)?.progress.value))}</ol>
      </article>
    `;
  }
}

function renderLesson(lesson: CompiledLesson, progress: Progress | undefined): TemplateResult {
  const path = `/lessons/${lesson.slug}`;
  return html`
    <li>
      <h2><a href=${path}>${lesson.title}</a></h2>
      <p>${lesson.summary}</p>
      <p class="facts"><span>${lesson.minutes} minutes</span><span>${progressWords(lesson, progress)}</span><a href=${`${path}/walk`}>walkthrough</a></p>
    </li>
  `;
}

function progressWords({ tasks, predictions }: CompiledLesson, progress: Progress | undefined): string {
  const done = progress?.done.length ?? 0;
  const revealed = Object.values(progress?.predictions ?? {}).filter((prediction) => prediction.revealed).length;
  if (done === 0 && revealed === 0) return `${predictions.length} predictions, ${tasks.length} tasks`;
  return `${revealed} of ${predictions.length} predictions, ${done} of ${tasks.length} tasks done`;
}

customElements.define("lessons-page", LessonsPage);
