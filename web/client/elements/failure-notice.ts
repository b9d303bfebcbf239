/**
 * `<failure-notice>`: why something did not work, calmly, and the one thing to do about it.
 */

import { html, nothing, type TemplateResult } from "lit";
import type { RequestError } from "../api/request.ts";
import { RingsideElement } from "../app/element.ts";
import { sentence } from "../app/sentence.ts";
import "./fix-line.ts";

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
        ${fix === undefined || fix === "" ? nothing : html`<p><fix-line .fix=${fix}></fix-line></p>`}
      </div>
    `;
  }
}

customElements.define("failure-notice", FailureNotice);
