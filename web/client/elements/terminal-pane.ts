/**
 * `<terminal-pane>`: one terminal of one machine, with search, settings, and what to do when it has ended. xterm.js is
 * fetched when the first one is shown.
 */

import { signal } from "@preact/signals-core";
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import type { ExitStatus } from "../../protocol/exit-status.ts";
import { copyText } from "../app/clipboard.ts";
import { RingsideElement } from "../app/element.ts";
import { TerminalConnection } from "../terminal/connection.ts";
import type { LinkState } from "../terminal/link.ts";
import { screenReaderMode, tabMovesFocus } from "../terminal/settings.ts";
import type { TerminalView } from "../terminal/terminal-view.ts";
import "./copy-button.ts";

/** Sizes come in floods while a window is dragged; the program is told once they stop. */
const SETTLE_MS = 60;

const FONT_PX = 13;
const LARGE_FONT_PX = 18;

export class TerminalPane extends RingsideElement {
  static override properties = {
    terminal: {},
    label: {},
    restart: { attribute: false },
    large: { type: Boolean },
    silence: {},
  };

  /** The terminal's id. */
  declare terminal: string;
  declare label: string;
  /** What starts its like again, if anything can. */
  declare restart: (() => void) | undefined;
  /** What a terminal that has shown nothing yet is waiting for. */
  declare silence: string;
  /** For a projector. */
  declare large: boolean;

  readonly #connection = signal<TerminalConnection | undefined>(undefined);
  readonly #searching = signal(false);
  #view: TerminalView | undefined;
  #settle: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.terminal = "";
    this.label = "Terminal";
    this.large = false;
    this.silence = "";
  }

  /** Types a text, as if the reader had, and gives the terminal the focus. */
  type(text: string): void {
    this.#connection.value?.input(new TextEncoder().encode(text));
    this.#view?.focus();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#drop();
  }

  override render(): TemplateResult {
    const state = this.#connection.value?.state.value;
    return html`
      <div class="terminal-head">
        <span class="terminal-title">${this.label}</span>
        <span class="terminal-state" role="status">${this.#words(state)}</span>
        <span class="terminal-tools">
          <button type="button" class="link" @click=${this.#openSearch} title="Ctrl Shift F">search</button>
          <button type="button" class="link" @click=${this.#copy}>copy text</button>
          <button type="button" class="link" aria-pressed=${tabMovesFocus.value} @click=${toggleTab} title="Ctrl M">${tabMovesFocus.value ? "Tab leaves" : "Tab to shell"}</button>
          <button type="button" class="link" aria-pressed=${screenReaderMode.value} @click=${toggleReader}>screen reader</button>
        </span>
      </div>
      ${this.#searching.value ? this.#renderSearch() : nothing}
      <div class="terminal-host"></div>
      ${this.#renderEnd(state)}
    `;
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    if (changed.has("terminal") || this.#connection.value === undefined) void this.#connect();
  }

  async #connect(): Promise<void> {
    const { terminal } = this;
    this.#drop();
    const { TerminalView } = await import("../terminal/terminal-view.ts");
    const host = this.querySelector<HTMLElement>(".terminal-host");
    if (host === null || !this.isConnected || terminal !== this.terminal || terminal === "" || this.#view !== undefined)
      return;
    const view = new TerminalView(
      host,
      { label: this.label, fontSizePx: this.large ? LARGE_FONT_PX : FONT_PX },
      {
        onInput: (bytes) => connection.input(bytes),
        onSearch: this.#openSearch,
        onRoom: () => this.#offerSize(),
      },
    );
    const connection = new TerminalConnection(terminal, view);
    this.#view = view;
    this.#connection.value = connection;
    connection.open();
  }

  #drop(): void {
    clearTimeout(this.#settle);
    this.#connection.value?.close();
    this.#view?.dispose();
    this.#view = undefined;
    this.#connection.value = undefined;
  }

  #offerSize(): void {
    clearTimeout(this.#settle);
    this.#settle = setTimeout(() => this.#connection.value?.offerSize(), SETTLE_MS);
  }

  #renderEnd(state: LinkState | undefined): TemplateResult | typeof nothing {
    if (state?.kind === "ended") {
      return html`<p class="terminal-end" role="status">
        ${exitWords(state.status)}
        ${this.restart === undefined ? nothing : html`<button type="button" @click=${this.restart}>Start another</button>`}
      </p>`;
    }
    if (state?.kind !== "lost") return nothing;
    return html`<p class="terminal-end" role="alert">${state.reason}. ${state.fix ?? ""}
      <button type="button" @click=${() => this.#connection.value?.retry()}>Try again</button></p>`;
  }

  #renderSearch(): TemplateResult {
    return html`
      <form class="terminal-search" role="search" @submit=${this.#find} @keydown=${this.#searchKey}>
        <input type="search" name="text" aria-label="Search in the terminal" placeholder="search" autocomplete="off" />
        <button class="link" value="previous">back</button>
        <button class="link" value="next">on</button>
        <button type="button" class="link" @click=${this.#closeSearch}>close</button>
      </form>
    `;
  }

  #words(state: LinkState | undefined): string {
    const silent = state?.kind === "live" && this.#connection.value?.isSilent.value === true;
    return silent ? this.silence : stateWords(state);
  }

  readonly #openSearch = async (): Promise<void> => {
    this.#searching.value = true;
    await this.updateComplete;
    this.querySelector<HTMLInputElement>(".terminal-search input")?.focus();
  };

  readonly #closeSearch = (): void => {
    this.#searching.value = false;
    this.#view?.endSearch();
  };

  readonly #find = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget;
    if (!(form instanceof HTMLFormElement)) return;
    const text = String(new FormData(form).get("text") ?? "");
    const back = event.submitter instanceof HTMLButtonElement && event.submitter.value === "previous";
    if (text !== "") this.#view?.find(text, back ? "previous" : "next");
  };

  readonly #searchKey = (event: KeyboardEvent): void => {
    if (event.key === "Escape") this.#closeSearch();
  };

  readonly #copy = (): void => {
    void copyText(this.#view?.text() ?? "");
  };
}

function toggleTab(): void {
  tabMovesFocus.value = !tabMovesFocus.value;
}

function toggleReader(): void {
  screenReaderMode.value = !screenReaderMode.value;
}

function stateWords(state: LinkState | undefined): string {
  switch (state?.kind) {
    case undefined:
    case "asking":
    case "opening":
    case "greeting":
      return "connecting…";
    case "waiting":
      return "the connection broke; trying again…";
    case "live":
    case "left":
      return "";
    case "ended":
      return "ended";
    case "lost":
      return "not connected";
  }
}

/** How it ended, and why where that is known. */
function exitWords(status: ExitStatus): string {
  const how = status.kind === "signaled" ? `Ended by ${status.signal}.` : `Ended with exit code ${status.code}.`;
  return status.why === undefined ? how : `${how} Why: ${status.why}.`;
}

customElements.define("terminal-pane", TerminalPane);
