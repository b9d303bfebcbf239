/**
 * `<simulations-page>`: every scenario that can be simulated, by theme, each with what it asks.
 */

import { html, nothing, type TemplateResult } from "lit";
import { findScenario, THEMES, type Theme } from "../../../simulator/scenarios/registry.ts";
import type { Scenario } from "../../../simulator/scenarios/scenario.ts";
import { RingsideElement } from "../app/element.ts";

export class SimulationsPage extends RingsideElement {
  override render(): TemplateResult {
    return html`
      <article class="page simulations">
        <h1>Simulations</h1>
        <p class="lead">The same work as a process, in a container, in a virtual machine and in a z/OS address space. Each asks first:
          say what you expect, then run it.</p>
        ${THEMES.map((theme) => renderTheme(theme))}
      </article>
    `;
  }
}

function renderTheme({ title, names }: Theme): TemplateResult | typeof nothing {
  const scenarios = names.flatMap((name) => findScenario(name) ?? []);
  if (scenarios.length === 0) return nothing;
  return html`<section><h2>${title}</h2><ul>${scenarios.map((scenario) => renderScenario(scenario))}</ul></section>`;
}

function renderScenario({ name, title, question }: Scenario): TemplateResult {
  return html`<li><h3><a href=${`/simulate/${name}`}>${title}</a></h3><p>${question.text}</p></li>`;
}

customElements.define("simulations-page", SimulationsPage);
