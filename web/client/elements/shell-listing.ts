/**
 * `<shell-listing>`: a listing that can be sent to the lesson's terminal with one click, or copied.
 */

import { html, nothing, type TemplateResult } from "lit";
import { RingsideElement } from "../app/element.ts";
import { takeChildren } from "../app/taken-children.ts";
import { sessionAround } from "../lessons/session.ts";
import "./copy-button.ts";

export class ShellListing extends RingsideElement {
  #listing: Element | undefined;

  override connectedCallback(): void {
    this.#listing ??= takeChildren(this).firstElementChild ?? undefined;
    super.connectedCallback();
  }

  override render(): TemplateResult {
    const text = this.#listing?.textContent ?? "";
    const typist = sessionAround(this)?.typist.value;
    return html`
      ${this.#listing}
      <span class="listing-tools">
        ${typist === undefined ? nothing : html`<button type="button" class="link" @click=${() => typist(`${text.trimEnd()}\n`)}>run</button>`}
        <copy-button .text=${text}></copy-button>
      </span>
    `;
  }
}

customElements.define("shell-listing", ShellListing);
