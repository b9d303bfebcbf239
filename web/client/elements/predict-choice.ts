/**
 * `<predict-choice id="…">`: a question that is answered before the answer is shown. The guess can be changed until the
 * reveal and never after it; without a guess there is no reveal.
 */

import { html, nothing, type TemplateResult } from "lit";
import type { Guess, Prediction } from "../../../lessons/schema.ts";
import { RingsideElement } from "../app/element.ts";
import { takeChildren } from "../app/taken-children.ts";
import { answerTo, answerWords, isRightGuess } from "../lessons/answers.ts";
import type { PredictionProgress } from "../lessons/progress.ts";
import { type LessonSession, sessionAround } from "../lessons/session.ts";

export class PredictChoice extends RingsideElement {
  override connectedCallback(): void {
    takeChildren(this);
    super.connectedCallback();
  }

  override render(): TemplateResult | typeof nothing {
    const session = sessionAround(this);
    const prediction = session?.lesson.predictions.find(({ id }) => id === this.id);
    if (session === undefined || prediction === undefined) return nothing;
    const progress = session.progress.value.predictions[prediction.id];
    return html`
      <section class="predict" aria-label="Prediction">
        <p class="kicker">Predict</p>
        <p class="question">${prediction.question}</p>
        ${this.#renderAnswer(session, prediction, progress)}
        ${progress?.revealed === true ? renderReveal(prediction, progress.guess) : this.#renderAsk(session, prediction, progress)}
      </section>
    `;
  }

  #renderAsk(session: LessonSession, prediction: Prediction, progress: PredictionProgress | undefined): TemplateResult {
    return html`
      <p class="predict-foot">
        <button type="button" ?disabled=${progress === undefined} @click=${() => session.reveal(prediction.id)}>Reveal the answer</button>
        <span class="note">${progress === undefined ? "first say what you expect" : "your prediction is kept; the reveal locks it"}</span>
      </p>
    `;
  }

  #renderAnswer(
    session: LessonSession,
    prediction: Prediction,
    progress: PredictionProgress | undefined,
  ): TemplateResult {
    const locked = progress?.revealed === true;
    switch (prediction.kind) {
      case "choice":
        return html`<fieldset ?disabled=${locked}>
          ${prediction.options.map(
            ({ id, text }) => html`<label class=${markOf(prediction, locked, progress?.guess === id, id)}>
              <input type="radio" name=${`predict-${prediction.id}`} .checked=${progress?.guess === id} @change=${() => session.guess(prediction.id, id)} />
              <span>${text}</span></label>`,
          )}
        </fieldset>`;
      case "number":
        return html`<label class="predict-number"><input type="number" step="any" ?disabled=${locked} .value=${progress === undefined ? "" : String(progress.guess)}
          aria-label="Your prediction" @input=${(event: Event) => guessNumber(session, prediction, event)} /> ${prediction.unit}</label>`;
      case "order":
        return this.#renderOrder(session, prediction, progress, locked);
    }
  }

  #renderOrder(
    session: LessonSession,
    prediction: Extract<Prediction, { kind: "order" }>,
    progress: PredictionProgress | undefined,
    locked: boolean,
  ): TemplateResult {
    const order = orderOf(prediction, progress?.guess);
    const move = (from: number, to: number): void => session.guess(prediction.id, moved(order, from, to));
    return html`<ol class="predict-order">
      ${order.map(
        (id, at) => html`<li>
          <span>${prediction.options.find((option) => option.id === id)?.text}</span>
          <button type="button" class="link" ?disabled=${locked || at === 0} aria-label="earlier" @click=${() => move(at, at - 1)}>↑</button>
          <button type="button" class="link" ?disabled=${locked || at === order.length - 1} aria-label="later" @click=${() => move(at, at + 1)}>↓</button>
        </li>`,
      )}
    </ol>`;
  }
}

function renderReveal(prediction: Prediction, guess: Guess): TemplateResult {
  const right = isRightGuess(prediction, guess);
  const { value, provenance } = answerTo(prediction);
  return html`
    <div class="reveal" data-right=${right}>
      <p><b>${right ? "As you predicted." : `Not as predicted. ${answerWords(prediction, value)}${/[.!?]$/.test(answerWords(prediction, value)) ? "" : "."}`}</b></p>
      <p>${prediction.explain}</p>
      ${provenance === undefined ? nothing : html`<p class="provenance-line">${provenance}</p>`}
    </div>
  `;
}

function markOf(prediction: Prediction, locked: boolean, chosen: boolean, id: string): string {
  if (!locked) return "";
  if (isRightGuess(prediction, id)) return "right";
  return chosen ? "wrong" : "";
}

function guessNumber(session: LessonSession, prediction: Prediction, event: Event): void {
  const field = event.currentTarget;
  if (!(field instanceof HTMLInputElement) || field.value.trim() === "" || !Number.isFinite(field.valueAsNumber))
    return;
  session.guess(prediction.id, field.valueAsNumber);
}

function orderOf(prediction: Extract<Prediction, { kind: "order" }>, guess: Guess | undefined): readonly string[] {
  return typeof guess === "object" ? guess : prediction.options.map(({ id }) => id);
}

function moved(order: readonly string[], from: number, to: number): string[] {
  const next = [...order];
  next.splice(to, 0, ...next.splice(from, 1));
  return next;
}

customElements.define("predict-choice", PredictChoice);
