import { html } from "lit";
import { RingsideElement } from "../app/element.ts";

class P extends RingsideElement {
  override render() {
    return html`<p>soon</p>`;
  }
}
customElements.define("lesson-page", P);
