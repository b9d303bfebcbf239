/**
 * `<failure-notice>`: why something did not work, calmly, and the one thing to do about it.
 */

import { html, nothing, type TemplateResult } from "lit";
import type { RequestError } from "../api/request.ts";
import { RingsideElement } from "../app/element.ts";
import "./copy-button.ts";

export class FailureNotice extends RingsideElement {
  static override properties = { failure: { attribute: false } };

  declare failure: RequestError | undefined;

  override render(): TemplateResult | typeof nothing {
    const { failure } = this;
    if (failure === undefined) return nothing;
    const { message, fix, kind } = failure;
    return html`
      <div class="notice" data-kind=${kind} role="alert">
        <p><b>${sentence(message)}</b></p>
        ${fix === undefined || fix === "" ? nothing : html`<p>${kind === "refused" ? html`<code>${fix}</code> <copy-button .text=${fix}></copy-button>` : withCode(fix)}</p>`}
      </div>
    `;
  }
}

/** A message of the server as a sentence of its own. */
function sentence(message: string): string {
  const text = message.trim();
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}

/** Backticks are commands. */
function withCode(text: string): (TemplateResult | string)[] {
  return text.split("`").map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : part));
}

customElements.define("failure-notice", FailureNotice);
