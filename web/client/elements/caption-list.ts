/**
 * `<caption-list>`: what there is to see in a scenario's figure, with a button for each place that takes the cursor there.
 */

import { html, nothing, type TemplateResult } from "lit";
import { RingsideElement } from "../app/element.ts";
import { WORLDS } from "../race/worlds.ts";
import { type CaptionPlace, captionWords } from "../simulate/caption-places.ts";
import type { SimulationState } from "../simulate/simulation-state.ts";
import { formatPosition } from "../timeline/format.ts";

export class CaptionList extends RingsideElement {
  static override properties = { state: { attribute: false } };

  declare state: SimulationState;

  override render(): TemplateResult | typeof nothing {
    const timeline = this.state.timeline.value;
    const words = timeline === undefined ? [] : captionWords(this.state.about.captions, timeline);
    if (words.length === 0) return nothing;
    return html`
      <section class="captions" aria-label="What there is to see">
        <h2>What there is to see</h2>
        <ol>
          ${words.map(
            ({ text, places }) => html`<li><span>${text}</span>
              <span class="places">${places.map((place) => this.#renderPlace(place))}</span></li>`,
          )}
        </ol>
      </section>
    `;
  }

  #renderPlace(place: CaptionPlace): TemplateResult {
    const title = WORLDS.find(({ world }) => world === place.world)?.title ?? place.world;
    return html`<button type="button" class="link" data-world=${place.world} @click=${() => this.#goTo(place)}>${title}, ${formatPosition(place.at, place.unit)}</button>`;
  }

  #goTo({ at, unit }: CaptionPlace): void {
    const { figure } = this.state;
    figure.playing.value = false;
    if (unit === "ns") figure.moveTo(at);
    else figure.stepCursor.value = at;
  }
}

customElements.define("caption-list", CaptionList);
