/**
 * `<benchmark-page>`: measure every world on this machine, watch the distributions grow, look at earlier ones, compare two.
 */

import { type Signal, signal } from "@preact/signals-core";
import { html, nothing, type TemplateResult } from "lit";
import type { BenchmarkComparison, BenchmarkRequest, HistoryEntry } from "../../protocol/benchmark.ts";
import { ROUTES } from "../../protocol/routes.ts";
import { RingsideElement } from "../app/element.ts";
import { isForWidget } from "../app/keys.ts";
import { sentence } from "../app/sentence.ts";
import { BenchmarkState, type Missing, type Running } from "../benchmark/benchmark-state.ts";
import { formatMs, leftWords, limitWords, whatWords, whenWords } from "../benchmark/words.ts";
import "../elements/benchmark-form.ts";
import "../elements/distribution-table.ts";
import "../elements/failure-notice.ts";
import "../elements/fix-line.ts";
import "../elements/live-ecdf.ts";

export class BenchmarkPage extends RingsideElement {
  readonly #state = new BenchmarkState();
  readonly #moment: Signal<number | undefined> = signal(undefined);
  readonly #marked: Signal<string | undefined> = signal(undefined);
  readonly #pair: Signal<readonly string[]> = signal([]);

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#state.open();
    document.addEventListener("keydown", this.#key);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#state.close();
    document.removeEventListener("keydown", this.#key);
  }

  override render(): TemplateResult {
    const state = this.#state;
    const running = state.running.value;
    return html`
      <article class="benchmark">
        <header>
          <h1>Benchmark</h1>
          <p class="lead">One program that writes a byte and ends, started in every world on this machine, again and again, every round in
            an order of its own. Your browser draws on the same processors: for figures to quote, close it and run <code>ringside bench</code>.</p>
        </header>
        <failure-notice .failure=${state.failure.value}></failure-notice>
        ${
          running === undefined
            ? html`<benchmark-form .choice=${state.choice} @measure=${this.#measure}></benchmark-form>`
            : this.#renderRunning(running)
        }
        ${this.#renderFigure()}
        ${renderMissing(state.missing.value)}
        ${this.#renderHistory(state.history.value ?? [])}
      </article>
    `;
  }

  #renderRunning({ message, fraction, leftSeconds, limits, isStopping }: Running): TemplateResult {
    return html`
      <section class="benchmark-running" aria-label="Progress">
        <p class="benchmark-line">
          <progress max="1" .value=${fraction ?? 0} aria-label="How much is done"></progress>
          <span class="left">${leftSeconds === undefined ? nothing : `${leftWords(leftSeconds)} left`}</span>
          <button type="button" class="primary" ?disabled=${isStopping} @click=${this.#stop}>${isStopping ? "Stopping…" : "Stop"}</button>
          <span class="hint">${limits === undefined ? nothing : limitWords(limits)} Goes on when you leave this page; Stop keeps what has been measured.</span>
        </p>
        <p class="hint message">${sentence(message)}</p>
      </section>
    `;
  }

  #renderFigure(): TemplateResult {
    const { distributions, shown } = this.#state;
    const { value } = shown;
    const known = distributions.value;
    if (known.length === 0) {
      const words =
        value.kind === "live" ? "The first round has not begun yet." : "Nothing has been measured here yet.";
      return html`<p class="empty">${words}</p>`;
    }
    return html`
      <figure>
        <figcaption>
          <b>First byte</b>, from the request: the share of starts that had got there by each moment.
          ${value.kind === "live" ? "Grows while it is measured." : nothing}
          ${value.kind === "stored" ? html`<a href=${`/benchmark/${value.id}`}>${whenWords(value.startedAt)}, the whole report</a>${value.interrupted ? " (interrupted: what had been measured until then)" : nothing}` : nothing}
        </figcaption>
        <live-ecdf .distributions=${known} .moment=${this.#moment} .marked=${this.#marked.value}></live-ecdf>
        <distribution-table .distributions=${known} .moment=${this.#moment} .marked=${this.#marked}></distribution-table>
      </figure>
    `;
  }

  #renderHistory(entries: readonly HistoryEntry[]): TemplateResult | typeof nothing {
    if (entries.length === 0) return nothing;
    const pair = this.#pair.value;
    return html`
      <section class="benchmark-history">
        <h2>Earlier</h2>
        <ul>${entries.map((entry) => this.#renderEntry(entry))}</ul>
        ${
          entries.length < 2
            ? nothing
            : html`<p class="benchmark-line"><button type="button" ?disabled=${pair.length !== 2} @click=${this.#compare}>Compare the two</button>
                <span class="hint">${pair.length === 2 ? nothing : "Mark two: the older is what the newer is set against."}</span></p>`
        }
        <failure-notice .failure=${this.#state.refusal.value}></failure-notice>
        ${this.#state.comparison.value === undefined ? nothing : renderComparison(this.#state.comparison.value)}
      </section>
    `;
  }

  #renderEntry(entry: HistoryEntry): TemplateResult {
    const { id, startedAt, interrupted } = entry;
    const file = (name: string): string => `${ROUTES.benchmarkFile(id, name)}?download`;
    return html`
      <li>
        <label><input type="checkbox" .checked=${this.#pair.value.includes(id)} @change=${() => this.#toggle(id)} aria-label=${`Compare ${whenWords(startedAt)}`} /></label>
        <a href=${`/benchmark/${id}`}>${whenWords(startedAt)}</a>
        <span class="what">${whatWords(entry)}${interrupted ? html`, <b>interrupted</b>` : nothing}</span>
        <span class="files"><a href=${file("report.json")} download>JSON</a> <a href=${file("report.csv")} download>CSV</a> <a href=${file("report.html")} download>HTML</a></span>
      </li>
    `;
  }

  readonly #measure = (event: CustomEvent<BenchmarkRequest>): void => void this.#state.start(event.detail);

  readonly #stop = (): void => void this.#state.stop();

  readonly #key = (event: KeyboardEvent): void => {
    if (isForWidget(event) || event.key.toLowerCase() !== "m") return;
    event.preventDefault();
    if (this.#state.running.value === undefined) this.querySelector<HTMLFormElement>("form")?.requestSubmit();
    else this.#stop();
  };

  #toggle(id: string): void {
    const pair = this.#pair.value;
    // The third mark takes the place of the first.
    this.#pair.value = pair.includes(id) ? pair.filter((other) => other !== id) : [...pair, id].slice(-2);
  }

  readonly #compare = (): void => {
    const entries = this.#state.history.value ?? [];
    const [after, before] = entries.filter(({ id }) => this.#pair.value.includes(id));
    if (before !== undefined && after !== undefined) void this.#state.compare(before.id, after.id);
  };
}

function renderMissing(missing: readonly Missing[]): TemplateResult | typeof nothing {
  if (missing.length === 0) return nothing;
  return html`
    <section class="benchmark-missing">
      <h2>Not measured</h2>
      <dl>${missing.map(({ name, reason, fix }) => html`<div><dt>${name}</dt><dd>${sentence(reason)} <fix-line .fix=${fix}></fix-line></dd></div>`)}</dl>
    </section>
  `;
}

function renderComparison({ rows, test, level, circumstances, unmatched }: BenchmarkComparison): TemplateResult {
  return html`
    <div class="benchmark-comparison" role="region" tabindex="0" aria-label="Comparison">
      <table>
        <caption>${sentence(`${test}, at a level of ${level}, corrected for the number of questions`)}</caption>
        <thead><tr><th scope="col">system</th><th scope="col" class="text">mark</th><th scope="col">before</th><th scope="col">after</th><th scope="col">ratio</th><th scope="col">p</th><th scope="col" class="text">verdict</th></tr></thead>
        <tbody>${rows.map(renderCompared)}</tbody>
      </table>
      ${[...circumstances, ...unmatched].map((note) => html`<p class="hint">${sentence(note)}</p>`)}
    </div>
  `;
}

function renderCompared(row: BenchmarkComparison["rows"][number]): TemplateResult {
  const { system, condition, mark, a, b, ratio, ci95, adjustedP, verdict } = row;
  const isChanged = verdict === "slower" || verdict === "faster";
  const interval = ci95 === null ? "" : ` (${ci95.map((end) => end.toFixed(2)).join(" to ")})`;
  return html`
    <tr>
      <th scope="row">${system}</th><td class="text">${condition}: ${mark}</td><td>${formatMs(a.p50)}</td><td>${formatMs(b.p50)}</td>
      <td>${ratio === null ? "–" : `${ratio.toFixed(2)}${interval}`}</td><td>${adjustedP < 0.001 ? "< 0.001" : adjustedP.toFixed(3)}</td>
      <td class="text">${isChanged ? html`<b>${verdict}</b>` : verdict}</td>
    </tr>
  `;
}

customElements.define("benchmark-page", BenchmarkPage);
