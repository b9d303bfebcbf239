/**
 * `<copy-button>`: copies a text, such as the command that closes a gap.
 */

import { html, type TemplateResult } from "lit";
import { copyText } from "../app/clipboard.ts";
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

customElements.define("copy-button", CopyButton);
