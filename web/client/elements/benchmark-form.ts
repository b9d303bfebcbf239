/**
 * `<benchmark-form>`: what is to be measured, and for how long; what that takes at most is said before anything begins.
 */

import { effect, type Signal, signal } from "@preact/signals-core";
import { html, nothing, type TemplateResult } from "lit";
import type { BenchmarkLimits, BenchmarkRequest, BenchmarkSystem } from "../../protocol/benchmark.ts";
import { askLimits } from "../api/benchmark.ts";
import { RequestError } from "../api/request.ts";
import { RingsideElement } from "../app/element.ts";
import { sentence } from "../app/sentence.ts";
import { type BenchmarkChoice, MOST_RUNS } from "../benchmark/choice.ts";
import { limitWords } from "../benchmark/words.ts";
import { WORLDS } from "../race/worlds.ts";

const MINUTES = [1, 3, 10, 30];

export class BenchmarkForm extends RingsideElement {
  static override properties = { choice: { attribute: false } };

  declare choice: BenchmarkChoice;
  readonly #limits: Signal<BenchmarkLimits | undefined> = signal(undefined);
  readonly #refusal: Signal<string | undefined> = signal(undefined);
  #asking = new AbortController();
  #stop: (() => void) | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#stop = effect(() => void this.#ask(this.choice.request.value));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop?.();
    this.#asking.abort();
  }

  override render(): TemplateResult {
    const limits = this.#limits.value;
    const refusal = this.#refusal.value;
    const { runs, minutes: most } = this.choice;
    return html`
      <form class="benchmark-form" @submit=${this.#submit}>
        <div class="choice-of-systems">${WORLDS.map(({ world, title }) => this.#renderWorld(world, title))}</div>
        <p class="benchmark-line">
          <label>Rounds <input type="number" name="runs" min="1" max=${MOST_RUNS} required .value=${String(runs.value)} @input=${this.#setRuns} /></label>
          <label>in at most <select name="minutes" @change=${this.#setMinutes}>${MINUTES.map(
            (minutes) => html`<option value=${minutes} ?selected=${minutes === most.value}>${minutes} min</option>`,
          )}</select></label>
          <button class="primary" ?disabled=${limits === undefined}>Measure</button>
          <span class="hint" role="status">${refusal ?? (limits === undefined ? nothing : limitWords(limits))}</span>
        </p>
      </form>
    `;
  }

  #renderWorld(world: BenchmarkSystem["world"], title: string): TemplateResult | typeof nothing {
    const systems = (this.choice.systems.value ?? []).filter((system) => system.world === world);
    if (systems.length === 0) return nothing;
    return html`
      <fieldset data-world=${world}>
        <legend>${title}</legend>
        <div>${systems.map(
          ({ name, what }) =>
            html`<label title=${what}><input type="checkbox" name="system" value=${name} .checked=${this.choice.chosen.value.has(name)} @change=${this.#choose} /> ${name}</label>`,
        )}</div>
      </fieldset>
    `;
  }

  async #ask(request: BenchmarkRequest | undefined): Promise<void> {
    this.#asking.abort();
    const asking = new AbortController();
    this.#asking = asking;
    this.#limits.value = undefined;
    const isKnown = this.choice.systems.value !== undefined;
    this.#refusal.value =
      request === undefined && isKnown ? "Choose what is to be measured, and how often." : undefined;
    if (request === undefined) return;
    try {
      const limits = await askLimits(request, asking.signal);
      if (!asking.signal.aborted) this.#limits.value = limits;
    } catch (error) {
      if (asking.signal.aborted) return;
      const why = error instanceof RequestError ? `${sentence(error.message)} ${error.fix ?? ""}` : String(error);
      this.#refusal.value = why;
    }
  }

  readonly #choose = (event: Event): void => {
    if (!(event.target instanceof HTMLInputElement)) return;
    this.choice.choose(event.target.value, event.target.checked);
  };

  readonly #setRuns = (event: Event): void => {
    if (event.target instanceof HTMLInputElement) this.choice.runs.value = event.target.valueAsNumber;
  };

  readonly #setMinutes = (event: Event): void => {
    if (event.target instanceof HTMLSelectElement) this.choice.minutes.value = Number(event.target.value);
  };

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const request = this.choice.request.value;
    if (request === undefined || this.#limits.value === undefined) return;
    this.dispatchEvent(new CustomEvent<BenchmarkRequest>("measure", { detail: request }));
  };
}

customElements.define("benchmark-form", BenchmarkForm);
