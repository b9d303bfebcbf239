/**
 * `<machine-form>`: starts a container or a virtual machine. Everything has a default; the button is all that is needed.
 */

import { signal } from "@preact/signals-core";
import { html, nothing, type TemplateResult } from "lit";
import type { MachineKind } from "../../protocol/machine.ts";
import { RingsideElement } from "../app/element.ts";
import type { LabState } from "../lab/lab-state.ts";
import { BASE_IMAGE, machineRequest } from "../lab/machine-request.ts";

const KINDS: readonly { readonly kind: MachineKind; readonly name: string; readonly start: string }[] = [
  { kind: "container", name: "container", start: "Start a container" },
  { kind: "vm", name: "virtual machine", start: "Start a virtual machine" },
];
const FIRST_SIZE = { columns: 80, rows: 24 };

interface FieldRow {
  readonly name: "image" | "command" | "memoryMib" | "cpus" | "pids";
  readonly label: string;
  readonly placeholder: string;
  readonly help: string;
  /** Only containers have it. */
  readonly containerOnly: boolean;
  readonly numeric: boolean;
}

const FIELDS: readonly FieldRow[] = [
  {
    name: "image",
    label: "image",
    placeholder: BASE_IMAGE,
    help: "its root file system",
    containerOnly: false,
    numeric: false,
  },
  {
    name: "command",
    label: "command",
    placeholder: "the image’s own: a shell",
    help: "the first program in it",
    containerOnly: false,
    numeric: false,
  },
  { name: "memoryMib", label: "memory", placeholder: "256", help: "MiB at most", containerOnly: false, numeric: true },
  {
    name: "cpus",
    label: "cpus",
    placeholder: "no limit",
    help: "processors at most, 0.5 is half of one",
    containerOnly: true,
    numeric: true,
  },
  {
    name: "pids",
    label: "pids",
    placeholder: "256",
    help: "processes and threads at most",
    containerOnly: true,
    numeric: true,
  },
];

export class MachineForm extends RingsideElement {
  static override properties = { lab: { attribute: false } };

  declare lab: LabState;
  readonly #kind = signal<MachineKind>("container");

  override render(): TemplateResult {
    const kind = this.#kind.value;
    const creating = this.lab.creating.value;
    return html`
      <form class="machine-form" data-world=${kind} @submit=${this.#submit}>
        <div class="machine-form-line">
          <div class="choice" role="group" aria-label="What to start">
            ${KINDS.map(({ kind: own, name }) => html`<button type="button" aria-pressed=${own === kind} @click=${() => this.#choose(own)}>${name}</button>`)}
          </div>
          <button class="primary" ?disabled=${creating}>${creating ? "Starting…" : KINDS.find((row) => row.kind === kind)?.start}</button>
        </div>
        <details>
          <summary>Image, command, limits</summary>
          <div class="fields">${FIELDS.filter(({ containerOnly }) => kind === "container" || !containerOnly).map(renderField)}</div>
        </details>
        ${kind === "vm" && creating ? html`<p class="hint">A virtual machine boots a kernel of its own first.</p>` : nothing}
      </form>
    `;
  }

  #choose(kind: MachineKind): void {
    this.#kind.value = kind;
  }

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement)) return;
    const fields = new FormData(event.currentTarget);
    const text = (name: FieldRow["name"]): string => String(fields.get(name) ?? "");
    void this.lab.create(
      machineRequest(
        {
          kind: this.#kind.value,
          image: text("image"),
          command: text("command"),
          memoryMib: text("memoryMib"),
          cpus: text("cpus"),
          pids: text("pids"),
        },
        FIRST_SIZE,
      ),
    );
  };
}

function renderField({ name, label, placeholder, help, numeric }: FieldRow): TemplateResult {
  return html`
    <label class="knob">
      <span class="name">${label}</span>
      <input type="text" name=${name} placeholder=${placeholder} inputmode=${numeric ? "decimal" : "text"} autocomplete="off" spellcheck="false" />
      <span class="help">${help}</span>
    </label>
  `;
}

customElements.define("machine-form", MachineForm);
