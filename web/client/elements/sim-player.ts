/**
 * `<sim-player scenario="…" seed="…" worlds="a,b">`: a simulation in a lesson's text, paused at its most telling moment.
 */

import { signal } from "@preact/signals-core";
import { html, type TemplateResult } from "lit";
import { runScenario, type ScenarioResult } from "../../../simulator/scenarios/run.ts";
import { MARKS } from "../../../simulator/trace/timeline.ts";
import { RingsideElement } from "../app/element.ts";
import { isForWidget } from "../app/keys.ts";
import { takeChildren } from "../app/taken-children.ts";
import { scenarioLanes } from "../simulate/scenario-lanes.ts";
import { FigureState } from "../timeline/figure-state.ts";
import { pressKey } from "../timeline/keyboard.ts";
import { countsSteps, type Lane } from "../timeline/lane.ts";
import "./figure-controls.ts";
import "./figure-table.ts";
import "./timeline-figure.ts";

export class SimPlayer extends RingsideElement {
  static override properties = { scenario: {}, seed: { type: Number }, worlds: {} };

  declare scenario: string;
  declare seed: number;
  declare worlds: string;

  readonly #figure = new FigureState();
  readonly #asTable = signal(false);
  #refusal = "";

  constructor() {
    super();
    this.scenario = "startup-race";
    this.seed = 1;
    this.worlds = "";
  }

  override connectedCallback(): void {
    takeChildren(this);
    super.connectedCallback();
    this.#simulate();
  }

  override render(): TemplateResult {
    if (this.#refusal !== "") return html`<p class="notice">${this.#refusal}</p>`;
    const timed = !this.#figure.lanes.value.every(countsSteps);
    return html`
      <figure class="sim" @keydown=${this.#key}>
        <figure-controls .state=${this.#figure} .asTable=${this.#asTable} .timed=${timed}></figure-controls>
        <timeline-figure label="Simulation" .state=${this.#figure} tabindex="0"></timeline-figure>
        ${this.#asTable.value ? html`<figure-table .lanes=${this.#figure.lanes.value}></figure-table>` : ""}
      </figure>
    `;
  }

  #simulate(): void {
    try {
      const result = runScenario(this.scenario, { seed: this.seed });
      this.#figure.lanes.value = wantedLanes(result, this.worlds);
      this.#figure.cursor.value = tellingMoment(result, this.#figure.lanes.value);
      this.#figure.stepCursor.value = 0;
    } catch (error) {
      this.#refusal = error instanceof Error ? error.message : String(error);
    }
  }

  readonly #key = (event: KeyboardEvent): void => {
    if (isForWidget(event) || !pressKey(this.#figure, event.key, event.shiftKey)) return;
    event.preventDefault();
    event.stopPropagation();
  };
}

function wantedLanes(result: ScenarioResult, worlds: string): Lane[] {
  const wanted = worlds.split(",").map((world) => world.trim());
  const lanes = scenarioLanes(result.timeline, false);
  return lanes.filter(({ world }) => worlds === "" || wanted.includes(world));
}

/** The first instruction in the second of the worlds that are shown: one is over, the other has hardly begun. */
function tellingMoment({ timeline }: ScenarioResult, lanes: readonly Lane[]): number | undefined {
  const track = (lanes[1] ?? lanes[0])?.tracks.find(({ track: { unit } }) => unit === "ns")?.track.id;
  return timeline.instants.find((instant) => instant.track === track && instant.name === MARKS.firstInstruction)?.at;
}

customElements.define("sim-player", SimPlayer);
