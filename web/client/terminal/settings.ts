/**
 * The reader's settings for every terminal, kept by the browser.
 */

import { type Signal, signal } from "@preact/signals-core";
import { readStored, writeStored } from "../app/storage.ts";

/** Output is offered to screen readers; costs speed, so it is off unless asked for. */
export const screenReaderMode: Signal<boolean> = stored("terminal.screen-reader");

/** Tab moves the focus on, as on any page, instead of going to the shell. */
export const tabMovesFocus: Signal<boolean> = stored("terminal.tab-moves");

function stored(key: string): Signal<boolean> {
  const value = signal(readStored(key) === "yes");
  value.subscribe((on) => writeStored(key, on ? "yes" : undefined));
  return value;
}
