/**
 * `<ringside-app>`: the bar with the rooms, and the page below it.
 */

import { html, nothing, type TemplateResult } from "lit";
import { keyed } from "lit/directives/keyed.js";
import { RingsideElement } from "./element.ts";
import { openKeyList } from "./keys.ts";
import { route } from "./router.ts";
import type { Route } from "./routes.ts";
import { theme, toggleTheme } from "./theme.ts";

const ROOMS: readonly { readonly path: string; readonly name: string; readonly pages: readonly Route["page"][] }[] = [
  { path: "/", name: "Race", pages: ["race"] },
  { path: "/lab", name: "Lab", pages: ["lab"] },
  { path: "/simulate", name: "Simulate", pages: ["simulations", "simulation"] },
  { path: "/lessons", name: "Lessons", pages: ["lessons", "lesson"] },
  { path: "/benchmark", name: "Benchmark", pages: ["benchmark", "benchmark-report"] },
  { path: "/doctor", name: "Doctor", pages: ["doctor"] },
];

const TITLES: Readonly<Record<Route["page"], string>> = {
  race: "Race",
  lab: "Lab",
  benchmark: "Benchmark",
  "benchmark-report": "Benchmark",
  doctor: "Doctor",
  simulations: "Simulations",
  simulation: "Simulation",
  lessons: "Lessons",
  lesson: "Lesson",
  walk: "Walkthrough",
  missing: "No such page",
};

export class RingsideApp extends RingsideElement {
  #page: Route["page"] | undefined;

  override render(): TemplateResult {
    const where = route.value;
    if (where.page === "walk") return html`<walk-page .slug=${where.slug}></walk-page><key-list></key-list>`;
    return html`
      <a class="skip-link" href="#content">Skip to the content</a>
      <header class="bar">
        <a class="wordmark" href="/">Ringside</a>
        <nav aria-label="Rooms">
          ${ROOMS.map(({ path, name, pages }) => html`<a href=${path} aria-current=${pages.includes(where.page) ? "page" : nothing}>${name}</a>`)}
        </nav>
        <div class="bar-tools">
          <button type="button" class="quiet" @click=${openKeyList} aria-label="Keys" title="Keys (?)"><kbd>?</kbd></button>
          <button type="button" class="quiet" @click=${toggleTheme}>${theme.value === "dark" ? "Light" : "Dark"}</button>
        </div>
      </header>
      <main id="content" tabindex="-1">${pageOf(where)}</main>
      <key-list></key-list>
    `;
  }

  /** A new page has its own title, and whoever listens to the page hears it from its beginning. */
  protected override updated(): void {
    const { page } = route.value;
    if (page === this.#page) return;
    document.title = page === "race" ? "Ringside" : `${TITLES[page]} · Ringside`;
    if (this.#page !== undefined) this.querySelector<HTMLElement>("main")?.focus({ preventScroll: true });
    this.#page = page;
  }
}

function pageOf(where: Exclude<Route, { page: "walk" }>): TemplateResult {
  switch (where.page) {
    case "race":
      return html`<race-page></race-page>`;
    case "lab":
      return html`<lab-page .machine=${where.machine}></lab-page>`;
    case "benchmark":
      return html`<benchmark-page></benchmark-page>`;
    case "benchmark-report":
      return html`${keyed(where.report, html`<benchmark-report-page .report=${where.report}></benchmark-report-page>`)}`;
    case "doctor":
      return html`<doctor-page></doctor-page>`;
    case "simulations":
      return html`<simulations-page></simulations-page>`;
    case "simulation":
      return html`${keyed(where.scenario, html`<simulation-page .name=${where.scenario}></simulation-page>`)}`;
    case "lessons":
      return html`<lessons-page></lessons-page>`;
    case "lesson":
      return html`<lesson-page .slug=${where.slug}></lesson-page>`;
    case "missing":
      return html`<article class="page"><h1>There is no page here</h1><p>Nothing is kept at <code>${where.path}</code>. The race is at <a href="/">the front</a>.</p></article>`;
  }
}

customElements.define("ringside-app", RingsideApp);
