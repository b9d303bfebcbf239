/**
 * `<start-plan>`: how a machine started: its waterline, and for a container the list of kernel operations that made it,
 * each with its time. A container is a list.
 */

import { signal } from "@preact/signals-core";
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { MARKS } from "../../../simulator/trace/timeline.ts";
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

const REFRESH_MS = 1500;

export class StartPlan extends RingsideElement {
  static override properties = { machine: {}, kind: {} };

  declare machine: string;
  declare kind: MachineKind;

  readonly #plan = signal<MachinePlan | undefined>(undefined);
  readonly #failure = signal<RequestError | undefined>(undefined);
  readonly #figure = new FigureState();
  readonly #asTable = signal(false);
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.machine = "";
    this.kind = "container";
    this.#figure.scale.value = "linear";
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#again);
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
      if (isStarting(plan)) this.#again = setTimeout(() => void this.#load(), REFRESH_MS);
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

/** A machine's timeline grows until its program runs, or until there will be none. */
function isStarting({ timeline }: MachinePlan): boolean {
  return !timeline.instants.some(({ name }) => name === MARKS.firstInstruction || name === MARKS.gone);
}

function renderRows(rows: readonly PlanRow[]): TemplateResult {
  const first = rows[0]?.startNs ?? 0;
  const total = rows.reduce((sum, row) => sum + row.endNs - row.startNs, 0);
  const longest = Math.max(...rows.map((row) => row.endNs - row.startNs), 1);
  return html`
    <h3 class="plan-title">A container is a list: ${rows.length} operations, ${formatNs(total)}</h3>
    <ol class="plan">
      ${rows.map((row, at) => renderRow(row, row.startNs - first, longest, rows[at - 1]?.stage !== row.stage))}
    </ol>
  `;
}

/** What the kernel said to steps that may fail: the machine did start. errno(3) */
const ERRNO_WORDS: Readonly<Record<number, string>> = {
  1: "EPERM: not allowed",
  2: "ENOENT: not there",
  17: "EEXIST: there already",
  20: "ENOTDIR: not a directory",
};

function errnoWords(errno: number): string {
  return `${ERRNO_WORDS[errno] ?? `errno ${errno}`}, passed over`;
}

function renderRow(row: PlanRow, from: number, longest: number, opensStage: boolean): TemplateResult {
  const length = row.endNs - row.startNs;
  return html`
    <li>
      <span class="stage">${opensStage ? row.stage : ""}</span>
      <span class="op"><code>${row.calls}</code></span>
      <span class="why">${row.why} <span class="manual">${row.manual}</span>${row.errno === 0 ? nothing : html` <em>${errnoWords(row.errno)}</em>`}</span>
      <span class="from">${formatNs(from)}</span>
      <span class="takes">${formatNs(length)}</span>
      <meter min="0" max=${longest} value=${length} aria-label="beside the longest"></meter>
    </li>
  `;
}

customElements.define("start-plan", StartPlan);
