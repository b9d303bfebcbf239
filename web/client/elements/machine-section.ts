/**
 * `<machine-section>`: one machine of the lab with its terminals.
 */

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { Machine } from "../../protocol/machine.ts";
import { RingsideElement } from "../app/element.ts";
import type { LabState } from "../lab/lab-state.ts";
import { formatBytes } from "../timeline/format.ts";
import "./terminal-pane.ts";

export class MachineSection extends RingsideElement {
  static override properties = { machine: { attribute: false }, lab: { attribute: false }, alone: { type: Boolean } };

  declare machine: Machine;
  declare lab: LabState;
  /** The only one on the page, so there is no need to lead to it. */
  declare alone: boolean;

  constructor() {
    super();
    this.alone = false;
  }

  override render(): TemplateResult {
    const { machine, lab } = this;
    const terminals = lab.terminals.value[machine.id] ?? [];
    const leaving = lab.leaving.value.has(machine.id);
    return html`
      <section class="machine" data-world=${machine.kind} aria-label=${machine.name}>
        <header class="machine-head">
          <h2>${machine.kind === "vm" ? "Virtual machine" : "Container"} <span class="machine-name">${machine.name}</span></h2>
          <p class="machine-facts">${factsOf(machine).map((fact) => html`<span>${fact}</span>`)}</p>
          <div class="machine-tools">
            ${this.alone ? nothing : html`<a href=${`/lab/${encodeURIComponent(machine.id)}`}>how it started</a>`}
            ${
              machine.state === "running"
                ? html`<button type="button" @click=${() => lab.openTerminal(machine.id)}>another shell</button>`
                : nothing
            }
            <button type="button" ?disabled=${leaving} @click=${() => lab.remove(machine.id)}>${leaving ? "removing…" : "remove"}</button>
          </div>
        </header>
        ${machine.state === "starting" ? html`<p class="hint" role="status">starting…</p>` : nothing}
        <div class="terminals" data-count=${terminals.length}>
          ${repeat(
            terminals,
            ({ id }) => id,
            (terminal) =>
              html`<terminal-pane .terminal=${terminal.id} .label=${terminal.title} .silence=${machine.kind === "vm" && terminal.main ? "booting: nothing on the console yet" : ""}></terminal-pane>`,
          )}
        </div>
      </section>
    `;
  }
}

function factsOf(machine: Machine): string[] {
  const { image, memoryBytes, accelerator, state, startedAt, lesson } = machine;
  const started = new Date(startedAt);
  return [
    image,
    ...(memoryBytes === undefined ? [] : [formatBytes(memoryBytes)]),
    ...(accelerator === undefined ? [] : [accelerator]),
    ...(lesson === undefined ? [] : [`lesson ${lesson}`]),
    ...(state === "exited" ? ["ended"] : []),
    `started ${started.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}`,
  ];
}

customElements.define("machine-section", MachineSection);
