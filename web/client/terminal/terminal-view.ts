/**
 * One xterm.js terminal in an element: options, addons, keys. It shows what a TerminalConnection brings.
 */

import { effect } from "@preact/signals-core";
import { FitAddon } from "@xterm/addon-fit";
import { SearchAddon } from "@xterm/addon-search";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import { clampSize, type TerminalSize } from "../../protocol/terminal-size.ts";
import { theme } from "../app/theme.ts";
import type { TerminalScreen } from "./connection.ts";
import { followLink } from "./links.ts";
import { paletteOf } from "./palette.ts";
import { accelerate, release } from "./renderer.ts";
import { screenReaderMode, tabMovesFocus } from "./settings.ts";

const FONT = 'ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace';
const SCROLLBACK_LINES = 5000;

export interface TerminalViewEvents {
  /** What was typed or pasted, or a report that a program asked for. */
  readonly onInput: (bytes: Uint8Array) => void;
  readonly onSearch: () => void;
  /** There is more or less room than before. */
  readonly onRoom: () => void;
}

export interface TerminalLook {
  /** What a screen reader calls it. */
  readonly label: string;
  readonly fontSizePx: number;
}

export class TerminalView implements TerminalScreen {
  readonly #terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #search = new SearchAddon();
  readonly #host: HTMLElement;
  readonly #events: TerminalViewEvents;
  readonly #room: ResizeObserver;
  readonly #stops: (() => void)[] = [];

  constructor(host: HTMLElement, look: TerminalLook, events: TerminalViewEvents) {
    this.#host = host;
    this.#events = events;
    this.#terminal = new Terminal({
      fontFamily: FONT,
      fontSize: look.fontSizePx,
      lineHeight: 1.2,
      scrollback: SCROLLBACK_LINES,
      minimumContrastRatio: 4.5,
      cursorBlink: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
      theme: paletteOf(theme.value),
      // The widths of Unicode 11 are a proposed interface.
      allowProposedApi: true,
      linkHandler: { activate: followLink, allowNonHttpProtocols: false },
    });
    this.#loadAddons();
    this.#terminal.open(host);
    this.#terminal.textarea?.setAttribute("aria-label", `${look.label}. Shift Tab leaves the terminal.`);
    this.#terminal.attachCustomKeyEventHandler((event) => this.#takesKey(event));
    const encoder = new TextEncoder();
    this.#terminal.onData((text) => events.onInput(encoder.encode(text)));
    this.#terminal.onBinary((text) => events.onInput(Uint8Array.from(text, (character) => character.charCodeAt(0))));
    this.#terminal.textarea?.addEventListener("focus", () => accelerate(this.#terminal));
    this.#room = new ResizeObserver(() => events.onRoom());
    this.#room.observe(host);
    this.#stops.push(
      effect(() => {
        this.#terminal.options.theme = paletteOf(theme.value);
      }),
      effect(() => {
        this.#terminal.options.screenReaderMode = screenReaderMode.value;
      }),
    );
  }

  focus(): void {
    this.#terminal.focus();
  }

  dispose(): void {
    this.#room.disconnect();
    for (const stop of this.#stops) stop();
    release(this.#terminal);
    this.#terminal.dispose();
  }

  // --- what the connection brings ------------------------------------------------------------------------------------

  restore(size: TerminalSize, ansi: string): void {
    this.#terminal.reset();
    this.#terminal.resize(size.columns, size.rows);
    this.#terminal.write(ansi);
  }

  write(bytes: Uint8Array, onParsed: () => void): void {
    this.#terminal.write(bytes, onParsed);
  }

  resize(size: TerminalSize): void {
    // After what was written before it: the program wrote that for the old size.
    this.#terminal.write("", () => this.#terminal.resize(size.columns, size.rows));
  }

  wantedSize(): TerminalSize | undefined {
    if (this.#host.clientWidth === 0) return undefined;
    const proposed = this.#fit.proposeDimensions();
    return proposed === undefined ? undefined : clampSize({ columns: proposed.cols, rows: proposed.rows });
  }

  size(): TerminalSize {
    return clampSize({ columns: this.#terminal.cols, rows: this.#terminal.rows });
  }

  // --- what the reader does ------------------------------------------------------------------------------------------

  /** Looks for a text, from the selection on. @returns whether it is there */
  find(text: string, direction: "next" | "previous"): boolean {
    return direction === "next" ? this.#search.findNext(text) : this.#search.findPrevious(text);
  }

  endSearch(): void {
    this.#search.clearDecorations();
    this.#terminal.clearSelection();
    this.#terminal.focus();
  }

  /** The selection, or else everything that the terminal still knows, as plain text. */
  text(): string {
    if (this.#terminal.hasSelection()) return this.#terminal.getSelection();
    const buffer = this.#terminal.buffer.active;
    const lines = Array.from({ length: buffer.length }, (_, row) => buffer.getLine(row)?.translateToString(true) ?? "");
    return lines.join("\n").trimEnd();
  }

  #loadAddons(): void {
    this.#terminal.loadAddon(this.#fit);
    this.#terminal.loadAddon(this.#search);
    this.#terminal.loadAddon(new Unicode11Addon());
    this.#terminal.unicode.activeVersion = "11";
    this.#terminal.loadAddon(new WebLinksAddon(followLink));
  }

  /** @returns false for keys that are the page's: xterm.js then leaves them to the browser */
  #takesKey(event: KeyboardEvent): boolean {
    if (event.type !== "keydown") return true;
    if (event.key === "Tab" && (event.shiftKey || tabMovesFocus.value)) return false;
    if (event.ctrlKey && !event.altKey && !event.metaKey && !event.shiftKey && event.key === "m") {
      tabMovesFocus.value = !tabMovesFocus.value;
      event.preventDefault();
      return false;
    }
    if (event.ctrlKey && event.shiftKey && event.key.toLowerCase() === "f") {
      event.preventDefault();
      this.#events.onSearch();
      return false;
    }
    return true;
  }
}
