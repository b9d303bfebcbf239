/**
 * `<simulation-page>`: one scenario. It asks, is run, and shows what came out: the figure, what there is to see in it, its
 * figures, and the knobs.
 */

import { effect, signal } from "@preact/signals-core";
import { html, nothing, type TemplateResult } from "lit";
import { findScenario } from "../../../simulator/scenarios/registry.ts";
import { RingsideElement } from "../app/element.ts";
import { isForWidget } from "../app/keys.ts";
import "../elements/caption-list.ts";
import "../elements/figure-controls.ts";
import "../elements/figure-table.ts";
import "../elements/knob-panel.ts";
import "../elements/metric-table.ts";
import "../elements/scenario-question.ts";
import "../elements/timeline-figure.ts";
import { WORLDS } from "../race/worlds.ts";
import { hiddenStrips } from "../simulate/scenario-lanes.ts";
import { SimulationState } from "../simulate/simulation-state.ts";
import { pressKey } from "../timeline/keyboard.ts";
import { countsSteps, type Lane } from "../timeline/lane.ts";
import { changeScale } from "../timeline/scale-motion.ts";

export class SimulationPage extends RingsideElement {
  static override properties = { name: {} };

  declare name: string;

  #state: SimulationState | undefined;
  readonly #asTable = signal(false);
  readonly #stops: (() => void)[] = [];

  constructor() {
    super();
    this.name = "";
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const about = findScenario(this.name);
    if (about === undefined) return;
    const state = new SimulationState(about, location.hash);
    this.#state = state;
    this.#stops.push(
      state.start(),
      effect(() => keepInAddress(this.name, state.hash())),
    );
    document.addEventListener("keydown", this.#key);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("keydown", this.#key);
    for (const stop of this.#stops.splice(0)) stop();
  }

  override render(): TemplateResult {
    const state = this.#state;
    if (state === undefined) {
      return html`<article class="page"><h1>There is no such simulation</h1>
        <p>Nothing is called <code>${this.name}</code>. <a href="/simulate">All simulations</a></p></article>`;
    }
    return html`
      <article class="race simulation">
        <header class="simulation-head">
          <p class="kicker"><a href="/simulate">Simulations</a></p>
          <h1>${state.about.title}</h1>
          <p class="lead">${state.about.description}</p>
        </header>
        <scenario-question .state=${state}></scenario-question>
        ${state.revealed.value ? this.#renderRun(state) : nothing}
      </article>
    `;
  }

  #renderRun(state: SimulationState): TemplateResult {
    const simulated = state.simulated.value;
    const lanes = state.figure.lanes.value;
    const hidden = hiddenStrips(state.timeline.value, lanes);
    return html`
      ${simulated.kind === "refused" ? html`<p class="notice" role="alert">${simulated.reason}</p>` : nothing}
      <figure-controls .state=${state.figure} .asTable=${this.#asTable} .timed=${!lanes.every(countsSteps)}></figure-controls>
      <figure>
        <timeline-figure label=${state.about.title} .state=${state.figure} .laneNote=${laneNote}></timeline-figure>
        <figcaption>
          Depth is privilege: <b>U</b> user mode, <b>K</b> kernel, <b>H</b> hypervisor; on z/OS <b>P</b> problem state, <b>S</b> supervisor
          state. Where teeth are too fine to be drawn, the shade is their share of the time.
          ${hidden === 0 ? nothing : html`<button type="button" class="link" @click=${() => this.#showAll(state)}>Show ${hidden} more ${hidden === 1 ? "track" : "tracks"}</button>`}
        </figcaption>
      </figure>
      ${this.#asTable.value ? html`<figure-table .lanes=${lanes}></figure-table>` : nothing}
      <caption-list .state=${state}></caption-list>
      ${simulated.kind === "ran" ? html`<metric-table .result=${simulated.result} .described=${state.about.metrics}></metric-table>` : nothing}
      <knob-panel .simulation=${state} .described=${true}></knob-panel>
    `;
  }

  #showAll(state: SimulationState): void {
    state.allStrips.value = true;
  }

  readonly #key = (event: KeyboardEvent): void => {
    const figure = this.#state?.figure;
    if (figure === undefined || this.#state?.revealed.value !== true || isForWidget(event)) return;
    if (event.key.toLowerCase() === "l") changeScale(figure, figure.scale.value === "log" ? "linear" : "log");
    else if (!pressKey(figure, event.key, event.shiftKey)) return;
    event.preventDefault();
  };
}

/** Why a lane of steps has no place on the axis above. */
function laneNote(lane: Lane): TemplateResult | typeof nothing {
  const row = WORLDS.find(({ world }) => world === lane.world);
  return countsSteps(lane) && row?.neverReal !== undefined ? html`<p class="lane-note">${row.neverReal}</p>` : nothing;
}

/** The address follows the figure, without filling the history. */
function keepInAddress(name: string, hash: string): void {
  const path = `/simulate/${name}`;
  if (location.pathname === path) history.replaceState(null, "", hash === "" ? path : `${path}#${hash}`);
}

customElements.define("simulation-page", SimulationPage);
