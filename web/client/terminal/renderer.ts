/**
 * Drawing on the graphics card, for the terminal that has the focus only: browsers allow a page about sixteen contexts
 * and take the oldest away without asking. Where there is none, the page draws as it always can.
 */

import { WebglAddon } from "@xterm/addon-webgl";
import type { Terminal } from "@xterm/xterm";

let current: { readonly terminal: Terminal; readonly addon: WebglAddon } | undefined;

/**
 * Gives the terminal the fast renderer and takes it from the one that had it.
 */
export function accelerate(terminal: Terminal): void {
  if (current?.terminal === terminal) return;
  if (current !== undefined) release(current.terminal);
  try {
    const addon = new WebglAddon();
    addon.onContextLoss(() => release(terminal));
    terminal.loadAddon(addon);
    current = { terminal, addon };
  } catch {
    // No WebGL here: the terminal goes on drawing with elements.
    current = undefined;
  }
}

/**
 * Takes the fast renderer from a terminal, if it has it.
 */
export function release(terminal: Terminal): void {
  if (current?.terminal !== terminal) return;
  const { addon } = current;
  current = undefined;
  addon.dispose();
}
