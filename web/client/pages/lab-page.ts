/**
 * `<lab-page>`: the machines that this server runs, each with its terminals; or one of them, with how it started.
 */

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { Machine } from "../../protocol/machine.ts";
import { RingsideElement } from "../app/element.ts";
import "../elements/failure-notice.ts";
import "../elements/machine-form.ts";
import "../elements/machine-section.ts";
import "../elements/start-plan.ts";
import { LabState } from "../lab/lab-state.ts";

const EMPTY = html`
  <section class="empty">
    <h2>Nothing runs yet</h2>
    <p><b data-world="container">A container</b> is a process with a view of its own on this machine’s kernel. It starts in milliseconds, and you
      are root in it.</p>
    <p><b data-world="vm">A virtual machine</b> boots a kernel of its own first, with the same files. It takes seconds; its
      first terminal is its console, and further shells are started by an agent in it.</p>
  </section>
`;

export class LabPage extends RingsideElement {
  static override properties = { machine: {} };

  /** The id of the one machine to show. */
  declare machine: string | undefined;
  readonly #lab = new LabState();

  override connectedCallback(): void {
    super.connectedCallback();
    this.#lab.start();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#lab.stop();
  }

  override render(): TemplateResult {
    return html`<article class="lab">${this.machine === undefined ? this.#renderAll() : this.#renderOne(this.machine)}</article>`;
  }

  #renderAll(): TemplateResult {
    const machines = this.#lab.machines.value;
    return html`
      <header class="lab-head">
        <div>
          <h1>Lab</h1>
          <p class="lead">Real containers and virtual machines on this computer. They live as long as the server.</p>
        </div>
        <machine-form .lab=${this.#lab}></machine-form>
      </header>
      <failure-notice .failure=${this.#lab.failure.value}></failure-notice>
      ${machines?.length === 0 ? EMPTY : nothing}
      <div class="machines">${repeat(
        machines ?? [],
        ({ id }) => id,
        (machine) => this.#renderMachine(machine, false),
      )}</div>
    `;
  }

  #renderOne(id: string): TemplateResult {
    const machines = this.#lab.machines.value;
    const machine = machines?.find((candidate) => candidate.id === id);
    return html`
      <p class="up"><a href="/lab">all machines</a></p>
      <failure-notice .failure=${this.#lab.failure.value}></failure-notice>
      ${machines !== undefined && machine === undefined ? html`<p class="empty">This machine is gone.</p>` : nothing}
      ${
        machine === undefined
          ? nothing
          : html`${this.#renderMachine(machine, true)}
              <section class="how"><h2>How it started</h2><start-plan .machine=${machine.id} .kind=${machine.kind}></start-plan></section>`
      }
    `;
  }

  #renderMachine(machine: Machine, alone: boolean): TemplateResult {
    return html`<machine-section .machine=${machine} .lab=${this.#lab} ?alone=${alone}></machine-section>`;
  }
}

customElements.define("lab-page", LabPage);
