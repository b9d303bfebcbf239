/**
 * Light or dark: the system's choice, unless the reader made another.
 */

import { computed, effect, type ReadonlySignal, signal } from "@preact/signals-core";
import { readStored, writeStored } from "./storage.ts";

export type Theme = "light" | "dark";

const system = window.matchMedia("(prefers-color-scheme: dark)");
const systemTheme = signal<Theme>(system.matches ? "dark" : "light");
const chosen = signal<Theme | undefined>(parseTheme(readStored("theme")));

/** The theme that is shown. */
export const theme: ReadonlySignal<Theme> = computed(() => chosen.value ?? systemTheme.value);

/**
 * Changes to the other theme. Back at the system's own, the choice is forgotten, so that the page follows it again.
 */
export function toggleTheme(): void {
  const next: Theme = theme.value === "dark" ? "light" : "dark";
  chosen.value = next === systemTheme.value ? undefined : next;
  writeStored("theme", chosen.value);
}

/**
 * Keeps the document's theme equal to the one chosen.
 */
export function startTheme(): void {
  system.addEventListener("change", () => {
    systemTheme.value = system.matches ? "dark" : "light";
  });
  effect(() => {
    document.documentElement.dataset.theme = theme.value;
  });
}

function parseTheme(value: string | undefined): Theme | undefined {
  return value === "light" || value === "dark" ? value : undefined;
}
