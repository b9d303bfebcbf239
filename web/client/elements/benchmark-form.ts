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
import { limitWords } from "../benchmark/words.ts";
import { WORLDS } from "../race/worlds.ts";

/** What is chosen on the first visit: every world that starts in milliseconds, and the runtimes that people know. */
const FIRST_CHOICE = ["process", "container", "crun", "runc", "bwrap"];
const MINUTES = [1, 3, 10, 30];
const SECONDS_PER_MINUTE = 60;

export class BenchmarkForm extends RingsideElement {
  static override properties = { systems: { attribute: false }, busy: { type: Boolean } };

  declare systems: readonly BenchmarkSystem[];
  declare busy: boolean;
  readonly #chosen: Signal<ReadonlySet<string>> = signal(new Set(FIRST_CHOICE));
  readonly #runs = signal(20);
  readonly #minutes = signal(3);
  readonly #limits: Signal<BenchmarkLimits | undefined> = signal(undefined);
  readonly #refusal: Signal<string | undefined> = signal(undefined);
  #asking = new AbortController();
  #stop: (() => void) | undefined;

  constructor() {
    super();
    this.systems = [];
    this.busy = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#stop = effect(() => void this.#ask(this.#request()));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop?.();
    this.#asking.abort();
  }

  override render(): TemplateResult {
    const limits = this.#limits.value;
    const refusal = this.#refusal.value;
    return html`
      <form class="benchmark-form" @submit=${this.#submit}>
        <div class="choice-of-systems">${WORLDS.map(({ world, title }) => this.#renderWorld(world, title))}</div>
        <p class="benchmark-line">
          <label>Rounds <input type="number" name="runs" min="1" max="1000" required .value=${String(this.#runs.value)} @input=${this.#setRuns} /></label>
          <label>in at most <select name="minutes" @change=${this.#setMinutes}>${MINUTES.map(
            (minutes) =>
              html`<option value=${minutes} ?selected=${minutes === this.#minutes.value}>${minutes} min</option>`,
          )}</select></label>
          <button class="primary" ?disabled=${this.busy || limits === undefined}>Measure</button>
          <span class="hint" role="status">${refusal ?? (limits === undefined ? nothing : limitWords(limits))}</span>
        </p>
      </form>
    `;
  }

  #renderWorld(world: BenchmarkSystem["world"], title: string): TemplateResult | typeof nothing {
    const systems = this.systems.filter((system) => system.world === world);
    if (systems.length === 0) return nothing;
    return html`
      <fieldset data-world=${world}>
        <legend>${title}</legend>
        ${systems.map(
          ({ name, what }) =>
            html`<label title=${what}><input type="checkbox" name="system" value=${name} .checked=${this.#chosen.value.has(name)} @change=${this.#choose} /> ${name}</label>`,
        )}
      </fieldset>
    `;
  }

  #request(): BenchmarkRequest | undefined {
    const systems = this.systems.map(({ name }) => name).filter((name) => this.#chosen.value.has(name));
    const runs = this.#runs.value;
    const timeSeconds = this.#minutes.value * SECONDS_PER_MINUTE;
    return systems.length === 0 || !(runs >= 1 && runs <= 1000) ? undefined : { systems, runs, timeSeconds };
  }

  async #ask(request: BenchmarkRequest | undefined): Promise<void> {
    this.#asking.abort();
    const asking = new AbortController();
    this.#asking = asking;
    this.#limits.value = undefined;
    this.#refusal.value = request === undefined ? "Choose what is to be measured." : undefined;
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
    const { value, checked } = event.target;
    const others = [...this.#chosen.value].filter((name) => name !== value);
    this.#chosen.value = new Set(checked ? [...others, value] : others);
  };

  readonly #setRuns = (event: Event): void => {
    if (event.target instanceof HTMLInputElement) this.#runs.value = event.target.valueAsNumber;
  };

  readonly #setMinutes = (event: Event): void => {
    if (event.target instanceof HTMLSelectElement) this.#minutes.value = Number(event.target.value);
  };

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const request = this.#request();
    if (request === undefined || this.busy || this.#limits.value === undefined) return;
    this.dispatchEvent(new CustomEvent<BenchmarkRequest>("measure", { detail: request }));
  };
}

customElements.define("benchmark-form", BenchmarkForm);
