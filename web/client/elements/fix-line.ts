/**
 * `<fix-line>`: what to do about something, with a button to copy each command.
 */

import { html, type TemplateResult } from "lit";
import { RingsideElement } from "../app/element.ts";
import { fixParts } from "../app/fix-words.ts";
import "./copy-button.ts";

export class FixLine extends RingsideElement {
  static override properties = { fix: {} };

  declare fix: string;

  constructor() {
    super();
    this.fix = "";
  }

  override render(): TemplateResult {
    return html`${fixParts(this.fix).map(({ kind, text }) =>
      kind === "text"
        ? text
        : html`<span class="command"><code>${text}</code> <copy-button .text=${text}></copy-button></span>`,
    )}`;
  }
}

customElements.define("fix-line", FixLine);
