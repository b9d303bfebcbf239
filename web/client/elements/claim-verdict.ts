/**
 * `<claim-verdict id="…">`: a statement of the article of 2014, and what the experiment says about it.
 */

import { html, nothing, type TemplateResult } from "lit";
import type { Verdict } from "../../../lessons/schema.ts";
import { RingsideElement } from "../app/element.ts";
import { takeChildren } from "../app/taken-children.ts";
import { sessionAround } from "../lessons/session.ts";

const WORDS: Readonly<Record<Verdict, string>> = {
  holds: "Holds",
  "holds loosely": "Holds loosely",
  outdated: "Outdated",
  wrong: "Wrong",
};

export class ClaimVerdict extends RingsideElement {
  override connectedCallback(): void {
    takeChildren(this);
    super.connectedCallback();
  }

  override render(): TemplateResult | typeof nothing {
    const claim = sessionAround(this)?.lesson.claims.find(({ id }) => id === this.id);
    if (claim === undefined) return nothing;
    return html`
      <section class="claim" data-verdict=${claim.verdict} aria-label="A claim and its verdict">
        <blockquote>${claim.statement}</blockquote>
        <p><b>${WORDS[claim.verdict]}.</b> ${claim.finding}</p>
      </section>
    `;
  }
}

customElements.define("claim-verdict", ClaimVerdict);
