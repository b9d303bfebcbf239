/**
 * `<figure-controls>`: the buttons of a figure; every one of them has a key (app/keys.ts).
 */

import type { Signal } from "@preact/signals-core";
import { html, nothing, type TemplateResult } from "lit";
import { chromeTraceText } from "../../../simulator/trace/chrome-trace.ts";
import { saveText } from "../app/download.ts";
import { RingsideElement } from "../app/element.ts";
import type { FigureState } from "../timeline/figure-state.ts";
import { mergeTracks } from "../timeline/merge.ts";
import { changeScale } from "../timeline/scale-motion.ts";
import { WHOLE } from "../timeline/view.ts";
import type { ScaleKind } from "../timeline/warp.ts";

const SCALES: readonly { readonly kind: ScaleKind; readonly name: string; readonly title: string }[] = [
  {
    kind: "log",
    name: "log",
    title: "Each decade of time as wide as the next: a millisecond and a second fit on one axis",
  },
  { kind: "linear", name: "linear", title: "Every millisecond as wide as the next: the true proportions" },
];

export class FigureControls extends RingsideElement {
  static override properties = { state: { attribute: false }, asTable: { attribute: false }, timed: { type: Boolean } };

  declare state: FigureState;
  declare asTable: Signal<boolean>;
  /** Without a lane on the time axis there is nothing to zoom. */
  declare timed: boolean;

  constructor() {
    super();
    this.timed = true;
  }

  override render(): TemplateResult {
    const { state } = this;
    return html`
      <div class="controls" role="toolbar" aria-label="Figure">
        <div class="group">
          <button type="button" class="play" @click=${() => state.togglePlay()} title="Space">${state.playing.value ? "Pause" : "Play"}</button>
          <button type="button" @click=${() => state.step(-1)} aria-label="Event before" title="← event before">←</button>
          <button type="button" @click=${() => state.step(1)} aria-label="Next event" title="→ next event">→</button>
          ${state.speed.value === 1 ? nothing : html`<span class="speed">× ${state.speed.value}</span>`}
        </div>
        ${this.timed ? this.#renderWindow() : nothing}
        <div class="group end">
          <button type="button" @click=${this.#save} title="The tracks that are shown, as Chrome trace JSON: Perfetto and speedscope open it">Save trace</button>
          <button type="button" aria-pressed=${this.asTable.value} @click=${this.#toggleTable}>Show as table</button>
        </div>
      </div>
    `;
  }

  #renderWindow(): TemplateResult {
    const { state } = this;
    const whole = state.view.value.from <= WHOLE.from && state.view.value.to >= WHOLE.to;
    return html`
      <div class="group choice" role="group" aria-label="Scale of the axis">
        ${SCALES.map(({ kind, name, title }) => html`<button type="button" title=${title} aria-pressed=${state.scale.value === kind} @click=${() => changeScale(state, kind)}>${name}</button>`)}
      </div>
      <div class="group">
        <button type="button" @click=${() => state.zoom(1 / 1.6)} ?disabled=${whole} aria-label="Wider" title="S wider">−</button>
        <button type="button" @click=${() => state.zoom(1.6)} aria-label="Closer" title="W closer">+</button>
        <button type="button" @click=${() => state.fit()} ?disabled=${whole} title="F everything">Fit</button>
      </div>
    `;
  }

  readonly #save = (): void => {
    const tracks = this.state.lanes.value.flatMap((lane) => lane.tracks);
    saveText("ringside-trace.json", "application/json", chromeTraceText(mergeTracks("Ringside", tracks)));
  };

  readonly #toggleTable = (): void => {
    this.asTable.value = !this.asTable.value;
  };
}

customElements.define("figure-controls", FigureControls);
