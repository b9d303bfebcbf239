/**
 * `<knob-panel>`: the seed and the knobs of a simulation, and what its figures rest on.
 */

import { html, nothing, type TemplateResult } from "lit";
import type { Cost } from "../../../simulator/costs/cost.ts";
import { MAX_SEED } from "../../../simulator/engine/random.ts";
import type { Knob, KnobValue } from "../../../simulator/scenarios/knob.ts";
import { findScenario } from "../../../simulator/scenarios/registry.ts";
import { RingsideElement } from "../app/element.ts";
import type { Simulation } from "../simulate/simulation.ts";
import { formatCount } from "../timeline/format.ts";

export class KnobPanel extends RingsideElement {
  static override properties = { simulation: { attribute: false }, described: { type: Boolean } };

  declare simulation: Simulation;
  /** Whether the page says elsewhere what is simulated. */
  declare described: boolean;

  override render(): TemplateResult {
    const scenario = findScenario(this.simulation.scenario);
    const simulated = this.simulation.simulated.value;
    return html`
      <section class="knobs" aria-label="The simulation">
        <h2>The simulation</h2>
        ${this.described ? nothing : html`<p class="lead">${scenario?.description ?? ""}</p>`}
        <form @submit=${(event: Event) => event.preventDefault()}>
          <label class="knob">
            <span class="name">seed</span>
            <input type="number" min="0" max=${MAX_SEED} .value=${String(this.simulation.seed.value)} @change=${this.#setSeed} />
            <span class="help">the same seed gives the same trace, everywhere</span>
          </label>
          ${scenario?.knobs.map((knob) => this.#renderKnob(knob)) ?? nothing}
        </form>
        ${simulated.kind === "refused" ? html`<p class="notice">${simulated.reason}</p>` : nothing}
        ${simulated.kind === "ran" ? renderCosts(simulated.result.costs, simulated.result.traceHash) : nothing}
      </section>
    `;
  }

  #renderKnob(knob: Knob): TemplateResult {
    const value = this.simulation.knobs.value[knob.name] ?? knob.default;
    const set = (event: Event): void => this.#setKnob(knob, event);
    return html`
      <label class="knob">
        <span class="name">${knob.name}</span>
        ${
          knob.kind === "choice"
            ? html`<select @change=${set}>${knob.choices.map((choice) => html`<option ?selected=${choice === value}>${choice}</option>`)}</select>`
            : html`<input type="number" min=${knob.low} max=${knob.high} .value=${String(value)} @change=${set} />`
        }
        <span class="help">${knob.kind === "integer" ? `${knob.unit}; ` : ""}${knob.help}</span>
      </label>
    `;
  }

  readonly #setSeed = (event: Event): void => {
    const seed = Number(fieldText(event));
    if (Number.isSafeInteger(seed) && seed >= 0 && seed <= MAX_SEED) this.simulation.seed.value = seed;
  };

  #setKnob(knob: Knob, event: Event): void {
    const text = fieldText(event);
    const value: KnobValue = knob.kind === "integer" ? Number(text) : text;
    const { [knob.name]: _, ...others } = this.simulation.knobs.value;
    this.simulation.knobs.value = value === knob.default ? others : { ...others, [knob.name]: value };
  }
}

function fieldText(event: Event): string {
  const field = event.currentTarget;
  return field instanceof HTMLInputElement || field instanceof HTMLSelectElement ? field.value : "";
}

function renderCosts(costs: readonly Cost[], traceHash: string): TemplateResult {
  return html`
    <details class="costs">
      <summary>What its figures rest on: ${costs.length} costs, each with its source</summary>
      <table>
        <thead><tr><th scope="col">Cost</th><th scope="col">value</th><th scope="col" class="text">source</th></tr></thead>
        <tbody>${costs.map((cost) => renderCost(cost))}</tbody>
      </table>
      <p class="hash">trace <code>${traceHash}</code></p>
    </details>
  `;
}

function renderCost({ id, value, unit, status, source, machine, date }: Cost): TemplateResult {
  return html`
    <tr><th scope="row"><code>${id}</code></th><td>${formatCount(value)} ${unit}</td>
      <td class="text">${status}: ${source} (${date}, ${machine})</td></tr>
  `;
}

customElements.define("knob-panel", KnobPanel);
