/**
 * `<distribution-table>`: what the curves show, in figures; the line of each system as its curve is drawn, and its share of
 * starts at the moment that the pointer is at.
 */

import type { Signal } from "@preact/signals-core";
import { html, nothing, svg, type TemplateResult } from "lit";
import { RingsideElement } from "../app/element.ts";
import { acceleratorWords, type Distribution, isEmulated, quantile } from "../benchmark/distributions.ts";
import { dashOf } from "../benchmark/line-style.ts";
import { formatMs } from "../benchmark/words.ts";
import { formatShare } from "../timeline/format.ts";

export class DistributionTable extends RingsideElement {
  static override properties = {
    distributions: { attribute: false },
    moment: { attribute: false },
    marked: { attribute: false },
  };

  declare distributions: readonly Distribution[];
  declare moment: Signal<number | undefined>;
  declare marked: Signal<string | undefined>;

  constructor() {
    super();
    this.distributions = [];
  }

  override render(): TemplateResult {
    const moment = this.moment.value;
    const rows = this.distributions.toSorted((one, other) => medianOf(one) - medianOf(other));
    return html`
      <div class="distribution-table" role="region" tabindex="0" aria-label="First byte as a table">
        <table>
          <thead><tr><th scope="col">system</th><th scope="col">n</th><th scope="col">median</th><th scope="col">p95</th><th scope="col">p99</th><th scope="col">slowest</th><th scope="col">${moment === undefined ? nothing : `by ${formatMs(moment)}`}</th></tr></thead>
          <tbody>${rows.map((row) => this.#renderRow(row, moment))}</tbody>
        </table>
      </div>
    `;
  }

  #renderRow(row: Distribution, moment: number | undefined): TemplateResult {
    const { name, world, accelerator, samplesMs } = row;
    const words = acceleratorWords(accelerator);
    const at = (share: number): string => formatMs(quantile(samplesMs, share) ?? 0);
    const share =
      moment === undefined ? undefined : samplesMs.filter((sample) => sample <= moment).length / samplesMs.length;
    return html`
      <tr data-world=${world} ?data-emulated=${isEmulated(accelerator)} @pointerenter=${() => this.#mark(name)} @pointerleave=${() => this.#mark(undefined)}>
        <th scope="row">${this.#renderLine(row)} ${name}${words === undefined ? nothing : html`<small>${words}</small>`}</th>
        <td>${samplesMs.length}</td><td>${at(0.5)}</td><td>${at(0.95)}</td><td>${at(0.99)}</td><td>${at(1)}</td>
        <td>${share === undefined ? nothing : formatShare(share)}</td>
      </tr>
    `;
  }

  #renderLine(row: Distribution): TemplateResult {
    const dash = dashOf(this.distributions, row).join(" ");
    return html`<svg class="line-sample" width="28" height="8" aria-hidden="true">${svg`<line x2="28" y1="4" y2="4" stroke-dasharray=${dash === "" ? "none" : dash} />`}</svg>`;
  }

  #mark(name: string | undefined): void {
    this.marked.value = name;
  }
}

function medianOf({ samplesMs }: Distribution): number {
  return quantile(samplesMs, 0.5) ?? 0;
}

customElements.define("distribution-table", DistributionTable);
