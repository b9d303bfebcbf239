/**
 * `<metric-table>`: a scenario's figures, a column a world, with what each stands for and where it comes from.
 */

import { html, nothing, type TemplateResult } from "lit";
import type { ScenarioResult } from "../../../simulator/scenarios/run.ts";
import type { MetricDescription } from "../../../simulator/scenarios/scenario.ts";
import { RingsideElement } from "../app/element.ts";
import { WORLDS } from "../race/worlds.ts";
import { metricName, metricText } from "../simulate/metric-text.ts";
import { provenanceParts } from "../timeline/provenance.ts";

export class MetricTable extends RingsideElement {
  static override properties = { result: { attribute: false }, described: { attribute: false } };

  declare result: ScenarioResult;
  declare described: readonly MetricDescription[];

  override render(): TemplateResult {
    const worlds = this.result.metrics;
    const shown = this.described.filter(({ name }) => worlds.some(({ metrics }) => metrics[name] !== undefined));
    const [first] = worlds.flatMap(({ metrics }) => Object.values(metrics));
    return html`
      <section class="metrics" aria-label="Figures">
        <h2>Figures</h2>
        <div class="metric-scroll" tabindex="0" role="group" aria-label="Figures by world">
          <table>
            <thead>
              <tr><th scope="col"><span class="visually-hidden">Figure</span></th>
                ${worlds.map(({ world }) => html`<th scope="col" data-world=${world}>${WORLDS.find((row) => row.world === world)?.title ?? world}</th>`)}
                <th scope="col" class="text">what it is</th></tr>
            </thead>
            <tbody>
              ${shown.map(
                ({ name, help }) => html`<tr title=${help}><th scope="row">${metricName(name)}</th>
                  ${worlds.map(({ metrics }) => html`<td>${metricText(metrics[name])}</td>`)}
                  <td class="text">${help}</td></tr>`,
              )}
            </tbody>
          </table>
        </div>
        ${first === undefined ? nothing : html`<p class="provenance-line">${provenanceParts(first.provenance).join(", ")}</p>`}
      </section>
    `;
  }
}

customElements.define("metric-table", MetricTable);
