/**
 * `<figure-table>`: the figures of a figure: the marks of every strip, its stages, and on demand every operation.
 */

import { html, nothing, type TemplateResult } from "lit";
import { RingsideElement } from "../app/element.ts";
import { formatCount, formatLength, formatPosition } from "../timeline/format.ts";
import type { Lane } from "../timeline/lane.ts";
import { provenanceParts } from "../timeline/provenance.ts";
import { stageRows } from "../timeline/rows.ts";
import { marksOf } from "../timeline/summary.ts";
import { modesByDepth, type TrackIndex, WORDS_OF_MODE } from "../timeline/track-index.ts";

/** Beyond this the list of operations would take the browser longer than anybody reads. */
const MOST_OPERATIONS = 2000;

export class FigureTable extends RingsideElement {
  static override properties = { lanes: { attribute: false } };

  declare lanes: readonly Lane[];

  override render(): TemplateResult {
    return html`${this.lanes.flatMap((lane) => lane.tracks.map((index) => renderTrack(lane, index)))}`;
  }
}

function renderTrack(lane: Lane, index: TrackIndex): TemplateResult {
  const { unit } = index.track;
  const [above, below] = modesByDepth(index);
  const deep = index.maxDepth > 1;
  const length = (value: number): string => (value === 0 ? "" : formatLength(value, unit));
  return html`
    <section class="table-of" data-world=${lane.world}>
      <table>
        <caption>
          <b>${lane.title}</b>, ${provenanceParts(index.track.provenance).join(", ")}.
          ${marksOf(index).map(({ name, at }) => html`<span class="mark">${name} ${formatPosition(at, unit)}</span> `)}
        </caption>
        <thead>
          <tr><th scope="col">Stage</th><th scope="col">from</th><th scope="col">takes</th><th scope="col">${above}</th><th scope="col">${below}</th>
            ${deep ? html`<th scope="col">hypervisor</th>` : nothing}<th scope="col">operations</th></tr>
        </thead>
        <tbody>
          ${stageRows(index).map(
            (row) => html`
              <tr><th scope="row">${row.stage}</th><td>${formatPosition(row.start, unit)}</td><td>${length(row.length)}</td>
                <td>${length(row.byDepth[0])}</td><td>${length(row.byDepth[1])}</td>${deep ? html`<td>${length(row.byDepth[2])}</td>` : nothing}
                <td>${formatCount(row.spans)}</td></tr>
            `,
          )}
        </tbody>
      </table>
      ${renderOperations(index)}
    </section>
  `;
}

function renderOperations(index: TrackIndex): TemplateResult {
  const { unit } = index.track;
  const shown = index.spans.slice(0, MOST_OPERATIONS);
  return html`
    <details>
      <summary>Every operation (${formatCount(index.spans.length)})</summary>
      ${shown.length < index.spans.length ? html`<p>The first ${formatCount(MOST_OPERATIONS)}.</p>` : nothing}
      <table>
        <thead><tr><th scope="col">Operation</th><th scope="col">mode</th><th scope="col">stage</th><th scope="col">from</th><th scope="col">takes</th><th scope="col" class="text">why</th></tr></thead>
        <tbody>
          ${shown.map(
            ({ name, mode, stage, start, end, args }) => html`
              <tr><th scope="row">${name}</th><td>${WORDS_OF_MODE[mode]}</td><td>${stage}</td><td>${formatPosition(start, unit)}</td>
                <td>${formatLength(end - start, unit)}</td><td class="text">${args?.why ?? args?.source ?? ""}</td></tr>
            `,
          )}
        </tbody>
      </table>
    </details>
  `;
}

customElements.define("figure-table", FigureTable);
