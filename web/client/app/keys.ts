/**
 * The keys, once, for every figure and every page: what they do is said in `<key-list>`, opened with `?`.
 */

import { html, type TemplateResult } from "lit";
import { RingsideElement } from "./element.ts";

const GROUPS: readonly { readonly title: string; readonly keys: readonly (readonly [string, string])[] }[] = [
  {
    title: "Time",
    keys: [
      ["Space", "play, pause"],
      ["← →", "to the event before, after"],
      ["Shift ← →", "ten events"],
      ["Home End", "to the start, to the end"],
      ["[ ]", "slower, faster"],
    ],
  },
  {
    title: "Window",
    keys: [
      ["W S", "closer, wider"],
      ["A D", "left, right"],
      ["F", "show everything"],
      ["L", "logarithmic or linear"],
      ["drag", "zoom into what was dragged over"],
      ["Ctrl wheel", "zoom"],
      ["Shift wheel", "move"],
    ],
  },
  {
    title: "Benchmark",
    keys: [["M", "measure, or stop and keep what there is"]],
  },
  {
    title: "Walkthrough",
    keys: [
      ["← → Space", "step back, step on"],
      ["Home End", "first step, last step"],
      ["F", "full screen"],
      ["Esc", "leave"],
    ],
  },
  {
    title: "Terminal",
    keys: [
      ["Ctrl Shift F", "search"],
      ["Ctrl M", "Tab leaves the terminal, or goes to the shell"],
      ["Shift Tab", "leave the terminal"],
    ],
  },
];

export class KeyList extends RingsideElement {
  override render(): TemplateResult {
    return html`
      <dialog class="key-list" aria-label="Keys" @click=${closeOnBackdrop}>
        <form method="dialog"><h2>Keys</h2><button class="quiet">Close</button></form>
        <div class="key-groups">
          ${GROUPS.map(
            ({ title, keys }) => html`
              <section>
                <h3>${title}</h3>
                <dl>${keys.map(([key, what]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${what}</dd></div>`)}</dl>
              </section>
            `,
          )}
        </div>
      </dialog>
    `;
  }
}

function closeOnBackdrop(event: MouseEvent): void {
  if (event.target instanceof HTMLDialogElement) event.target.close();
}

/**
 * Opens the list of keys.
 */
export function openKeyList(): void {
  const dialog = document.querySelector<HTMLDialogElement>("dialog.key-list");
  if (dialog !== null && !dialog.open) dialog.showModal();
}

/**
 * Whether a key press belongs to what has the focus (a field, a terminal, a button) rather than to the page.
 */
export function isForWidget(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return true;
  const target = event.target instanceof Element ? event.target : null;
  if (target === null) return false;
  if (target.closest("dialog, .xterm, input, select, textarea, [contenteditable]") !== null) return true;
  return (event.key === " " || event.key === "Enter") && target.closest("button, a, summary") !== null;
}

/**
 * Opens the list of keys at `?`.
 */
export function startKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.key === "?" && !isForWidget(event)) openKeyList();
  });
}

customElements.define("key-list", KeyList);
