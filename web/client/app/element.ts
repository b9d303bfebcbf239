/**
 * The base of every element: Lit in light DOM, so that one style sheet serves the whole page and lessons can embed the
 * elements as plain tags. What `render` reads from signals is watched; a change renders again.
 */

import { effect } from "@preact/signals-core";
import { LitElement } from "lit";

export class RingsideElement extends LitElement {
  #stopWatching: (() => void) | undefined;

  override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // What was watched has been let go of while the element was out of the document.
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stopWatching?.();
    this.#stopWatching = undefined;
  }

  protected override performUpdate(): void {
    this.#stopWatching?.();
    let rendering = true;
    this.#stopWatching = effect(() => {
      if (rendering) super.performUpdate();
      else this.requestUpdate();
      rendering = false;
    });
  }
}
