/**
 * `<start-plan>`: how a machine started: its waterline, and for a container the list of kernel operations that made it,
 * each with its time. A container is a list.
 */

import { signal } from "@preact/signals-core";
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import type { MachineKind } from "../../protocol/machine.ts";
import type { MachinePlan, PlanRow } from "../../protocol/machine-plan.ts";
import { fetchPlan } from "../api/lab.ts";
import { RequestError } from "../api/request.ts";
import { RingsideElement } from "../app/element.ts";
import { WORLDS } from "../race/worlds.ts";
import { FigureState } from "../timeline/figure-state.ts";
import { formatNs } from "../timeline/format.ts";
import { indexTracks } from "../timeline/track-index.ts";
import "./failure-notice.ts";
import "./figure-controls.ts";
import "./figure-table.ts";
import "./timeline-figure.ts";

export class StartPlan extends RingsideElement {
  static override properties = { machine: {}, kind: {} };

  declare machine: string;
  declare kind: MachineKind;

  readonly #plan = signal<MachinePlan | undefined>(undefined);
  readonly #failure = signal<RequestError | undefined>(undefined);
  readonly #figure = new FigureState();
  readonly #asTable = signal(false);

  constructor() {
    super();
    this.machine = "";
    this.kind = "container";
    this.#figure.scale.value = "linear";
  }

  override render(): TemplateResult {
    const plan = this.#plan.value;
    return html`
      <failure-notice .failure=${this.#failure.value}></failure-notice>
      ${plan === undefined ? nothing : this.#renderPlan(plan)}
    `;
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    if (changed.has("machine") && this.machine !== "") void this.#load();
  }

  async #load(): Promise<void> {
    try {
      const plan = await fetchPlan(this.machine);
      this.#figure.lanes.value = this.#lanes(plan);
      this.#plan.value = plan;
      this.#failure.value = undefined;
    } catch (error) {
      this.#failure.value =
        error instanceof RequestError ? error : new RequestError("refused", String(error), undefined);
    }
  }

  #lanes(plan: MachinePlan) {
    const row = WORLDS.find(({ world }) => world === this.kind);
    return [
      {
        id: this.machine,
        world: this.kind,
        title: row?.title ?? "",
        subtitle: "this machine’s start",
        tracks: indexTracks(plan.timeline),
      },
    ];
  }

  #renderPlan(plan: MachinePlan): TemplateResult {
    return html`
      <figure-controls .state=${this.#figure} .asTable=${this.#asTable}></figure-controls>
      <timeline-figure label="The start of this machine" .state=${this.#figure}></timeline-figure>
      ${this.#asTable.value ? html`<figure-table .lanes=${this.#figure.lanes.value}></figure-table>` : nothing}
      ${plan.rows.length === 0 ? nothing : renderRows(plan.rows)}
    `;
  }
}

function renderRows(rows: readonly PlanRow[]): TemplateResult {
  const first = rows[0]?.startNs ?? 0;
  const total = rows.reduce((sum, row) => sum + row.endNs - row.startNs, 0);
  return html`
    <h3 class="plan-title">A container is a list: ${rows.length} operations, ${formatNs(total)}</h3>
    <ol class="plan">
      ${rows.map((row, at) => renderRow(row, row.startNs - first, total, rows[at - 1]?.stage !== row.stage))}
    </ol>
  `;
}

function renderRow(row: PlanRow, from: number, total: number, opensStage: boolean): TemplateResult {
  const length = row.endNs - row.startNs;
  return html`
    <li class=${row.errno === 0 ? "" : "failed"}>
      <span class="stage">${opensStage ? row.stage : ""}</span>
      <span class="op"><code>${row.calls}</code></span>
      <span class="why">${row.why} <span class="manual">${row.manual}</span>${row.errno === 0 ? nothing : html` <b>errno ${row.errno}</b>`}</span>
      <span class="from">${formatNs(from)}</span>
      <span class="takes">${formatNs(length)}</span>
      <meter min="0" max=${Math.max(total, 1)} value=${length} aria-label="share of the start"></meter>
    </li>
  `;
}

customElements.define("start-plan", StartPlan);
