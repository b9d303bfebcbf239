/**
 * `<benchmark-report-page>`: one stored benchmark, as the page that can also be taken away as a file. It is shown in a
 * frame: it is a document of its own, with a stricter policy than the app's.
 */

import { html, type TemplateResult } from "lit";
import { ROUTES } from "../../protocol/routes.ts";
import { RingsideElement } from "../app/element.ts";
import { theme } from "../app/theme.ts";

export class BenchmarkReportPage extends RingsideElement {
  static override properties = { report: {} };

  /** Its id in the history. */
  declare report: string;
  readonly #observer = new ResizeObserver(() => this.#fit());

  constructor() {
    super();
    this.report = "";
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#observer.disconnect();
  }

  override render(): TemplateResult {
    const file = (name: string): string => ROUTES.benchmarkFile(this.report, name);
    const link = (name: string, words: string): TemplateResult =>
      html`<a href=${`${file(name)}?download`} download>${words}</a>`;
    return html`
      <article class="benchmark-report">
        <nav class="benchmark-line" aria-label="This report"><a href="/benchmark">all benchmarks</a>
          <span class="files">${link("report.html", "HTML")} ${link("report.csv", "CSV")} ${link("report.json", "JSON")}</span></nav>
        <iframe title="The report" src=${`${file("report.html")}?theme=${theme.value}`} @load=${this.#loaded}></iframe>
      </article>
    `;
  }

  readonly #loaded = (): void => {
    this.#observer.disconnect();
    const body = this.#page()?.body;
    if (body != null) this.#observer.observe(body);
    this.#fit();
  };

  /** As high as what is in it: the page scrolls, the frame does not. */
  #fit(): void {
    const frame = this.querySelector("iframe");
    const height = this.#page()?.documentElement.getBoundingClientRect().height;
    if (frame !== null && height !== undefined) frame.style.height = `${Math.ceil(height)}px`;
  }

  #page(): Document | null | undefined {
    return this.querySelector("iframe")?.contentDocument;
  }
}

customElements.define("benchmark-report-page", BenchmarkReportPage);
