/**
 * `<scenario-question>`: what a scenario asks before it is run, and after it the answer and the verdict on its claim. The
 * guess can be changed until the run and never after it; who does not want to guess says so.
 */

import { html, nothing, type TemplateResult } from "lit";
import type { Claim } from "../../../simulator/scenarios/scenario.ts";
import { RingsideElement } from "../app/element.ts";
import type { SimulationState } from "../simulate/simulation-state.ts";

const VERDICTS: Readonly<Record<Claim["verdict"], string>> = {
  holds: "Holds",
  "holds loosely": "Holds loosely",
  outdated: "Outdated",
  wrong: "Wrong",
};

export class ScenarioQuestion extends RingsideElement {
  static override properties = { state: { attribute: false } };

  declare state: SimulationState;

  override render(): TemplateResult {
    const { about, guess, revealed } = this.state;
    const { question, claim } = about;
    const locked = revealed.value;
    return html`
      <div class="asked" data-locked=${locked}>
        <section class="predict" aria-label="Prediction">
          <p class="kicker">Predict</p>
          <p class="question">${question.text}</p>
          <fieldset ?disabled=${locked}>${question.choices.map((choice) => this.#renderChoice(choice, locked))}</fieldset>
          ${locked ? renderAnswer(guess.value, question.answer) : this.#renderRun()}
        </section>
        ${locked ? renderClaim(claim) : nothing}
      </div>
    `;
  }

  #renderChoice(choice: string, locked: boolean): TemplateResult {
    const { guess, about } = this.state;
    const chosen = guess.value === choice;
    const mark = !locked ? "" : choice === about.question.answer ? "right" : chosen ? "wrong" : "";
    return html`<label class=${mark}>
      <input type="radio" name=${`asked-${about.name}`} .checked=${chosen} @change=${() => this.#guess(choice)} />
      <span>${choice}</span></label>`;
  }

  #renderRun(): TemplateResult {
    const guessed = this.state.guess.value !== undefined;
    return html`
      <p class="predict-foot">
        <button type="button" class="primary" ?disabled=${!guessed} @click=${() => this.state.reveal()}>Run it</button>
        ${
          guessed
            ? html`<span class="note">your prediction is kept; the run locks it</span>`
            : html`<button type="button" class="link" @click=${() => this.state.reveal()}>Run without a prediction</button>`
        }
      </p>
    `;
  }

  #guess(choice: string): void {
    if (!this.state.revealed.value) this.state.guess.value = choice;
  }
}

function renderAnswer(guess: string | undefined, answer: string): TemplateResult {
  const right = guess === answer;
  const words = right
    ? "As you predicted"
    : guess === undefined
      ? "It comes out as"
      : "Not as predicted. It comes out as";
  return html`<div class="reveal" data-right=${right}><p><b>${words}: ${answer}.</b></p></div>`;
}

function renderClaim({ text, verdict, because }: Claim): TemplateResult {
  return html`
    <section class="claim" data-verdict=${verdict} aria-label="A claim and its verdict">
      <p class="kicker">Claim</p>
      <blockquote>${text}</blockquote>
      <p><b>${VERDICTS[verdict]}:</b> ${because}.</p>
    </section>
  `;
}

customElements.define("scenario-question", ScenarioQuestion);
