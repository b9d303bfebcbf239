/**
 * `<copy-button>`: copies a text, such as the command that closes a gap.
 */

import { html, type TemplateResult } from "lit";
import { RingsideElement } from "../app/element.ts";

const SAID_FOR_MS = 1500;

export class CopyButton extends RingsideElement {
  static override properties = { text: {}, said: { state: true } };

  declare text: string;
  declare said: string;

  constructor() {
    super();
    this.text = "";
    this.said = "";
  }

  override render(): TemplateResult {
    return html`<button type="button" class="link" @click=${this.#copy}>${this.said === "" ? "copy" : this.said}</button>`;
  }

  readonly #copy = async (): Promise<void> => {
    this.said = (await copyText(this.text)) ? "copied" : "press Ctrl C";
    setTimeout(() => {
      this.said = "";
    }, SAID_FOR_MS);
  };
}

/** The clipboard is closed to pages that came over plain HTTP from another machine; the old command still works there. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  document.body.append(field);
  field.select();
  try {
    return document.execCommand("copy");
  } finally {
    field.remove();
  }
}

customElements.define("copy-button", CopyButton);
