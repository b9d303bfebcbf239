/**
 * `<doctor-page>`: what this machine can do, part by part, each gap with what closes it.
 */

import { signal } from "@preact/signals-core";
import { html, nothing, type TemplateResult } from "lit";
import type { DoctorCheck, DoctorReport } from "../../protocol/doctor.ts";
import { fetchDoctor } from "../api/doctor.ts";
import { RequestError } from "../api/request.ts";
import { RingsideElement } from "../app/element.ts";
import "../elements/failure-notice.ts";
import "../elements/fix-line.ts";

const WORD_OF_STATE: Readonly<Record<DoctorCheck["state"], string>> = {
  ok: "here",
  limited: "limited",
  missing: "missing",
};

export class DoctorPage extends RingsideElement {
  readonly #report = signal<DoctorReport | undefined>(undefined);
  readonly #failure = signal<RequestError | undefined>(undefined);
  readonly #examining = signal(false);

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#examine();
  }

  override render(): TemplateResult {
    const report = this.#report.value;
    return html`
      <article class="page doctor">
        <header class="doctor-head">
          <div><h1>Doctor</h1><p class="lead">${report === undefined ? "What this machine can do." : summaryOf(report.checks)}</p></div>
          <button type="button" ?disabled=${this.#examining.value} @click=${this.#examine}>${this.#examining.value ? "Examining…" : "Examine again"}</button>
        </header>
        <failure-notice .failure=${this.#failure.value}></failure-notice>
        ${report === undefined ? nothing : html`<ul class="checks">${byUrgency(report.checks).map(renderCheck)}</ul>`}
      </article>
    `;
  }

  readonly #examine = async (): Promise<void> => {
    this.#examining.value = true;
    try {
      this.#report.value = await fetchDoctor();
      this.#failure.value = undefined;
    } catch (error) {
      this.#failure.value =
        error instanceof RequestError ? error : new RequestError("refused", String(error), undefined);
    } finally {
      this.#examining.value = false;
    }
  };
}

/** Gaps first: they are what the page is for. Within one state the doctor's own order. */
function byUrgency(checks: readonly DoctorCheck[]): DoctorCheck[] {
  const rank: readonly DoctorCheck["state"][] = ["missing", "limited", "ok"];
  return rank.flatMap((state) => checks.filter((check) => check.state === state));
}

function summaryOf(checks: readonly DoctorCheck[]): string {
  const gaps = checks.filter(({ state }) => state !== "ok").length;
  if (gaps === 0) return `Everything is here: ${checks.length} parts examined.`;
  return `${checks.length} parts examined, ${gaps === 1 ? "one gap" : `${gaps} gaps`}. What needs a missing part is shown as unavailable; the rest works.`;
}

function renderCheck({ name, state, detail, fix }: DoctorCheck): TemplateResult {
  return html`
    <li data-state=${state}>
      <span class="state">${WORD_OF_STATE[state]}</span>
      <span class="name">${name}</span>
      <span class="detail">${detail}
        ${fix == null || fix === "" ? nothing : html`<fix-line .fix=${fix}></fix-line>`}
      </span>
    </li>
  `;
}

customElements.define("doctor-page", DoctorPage);
