/**
 * The terminal's colours, light and dark: paper and ink as on the page, sixteen that can be read on either.
 */

import type { ITheme } from "@xterm/xterm";
import type { Theme } from "../app/theme.ts";

const LIGHT: ITheme = {
  background: "#f3f1eb",
  foreground: "#1d1c1a",
  cursor: "#1d1c1a",
  cursorAccent: "#f3f1eb",
  selectionBackground: "#cfc9ba",
  scrollbarSliderBackground: "#d6d2c8",
  scrollbarSliderHoverBackground: "#bdb8ab",
  scrollbarSliderActiveBackground: "#bdb8ab",
  black: "#1d1c1a",
  red: "#a8321f",
  green: "#1f6f4f",
  yellow: "#8a5a00",
  blue: "#2b5f8f",
  magenta: "#784893",
  cyan: "#1a6b73",
  white: "#6a665f",
  brightBlack: "#67635b",
  brightRed: "#b53a25",
  brightGreen: "#217a5b",
  brightYellow: "#956300",
  brightBlue: "#2f69a0",
  brightMagenta: "#844fa2",
  brightCyan: "#1d757e",
  brightWhite: "#1d1c1a",
};

const DARK: ITheme = {
  background: "#1c1e22",
  foreground: "#e7e4dd",
  cursor: "#e7e4dd",
  cursorAccent: "#1c1e22",
  selectionBackground: "#454850",
  scrollbarSliderBackground: "#33363c",
  scrollbarSliderHoverBackground: "#4a4d55",
  scrollbarSliderActiveBackground: "#4a4d55",
  black: "#3a3c42",
  red: "#ef8f7b",
  green: "#74c9a0",
  yellow: "#ddb165",
  blue: "#83b6e2",
  magenta: "#c6a2e2",
  cyan: "#74c4cc",
  white: "#d3cfc6",
  brightBlack: "#8f8b82",
  brightRed: "#f5a594",
  brightGreen: "#8fd8b4",
  brightYellow: "#e8c384",
  brightBlue: "#9cc6ea",
  brightMagenta: "#d3b6ea",
  brightCyan: "#8fd3da",
  brightWhite: "#ffffff",
};

/**
 * The palette of a theme.
 */
export function paletteOf(theme: Theme): ITheme {
  return theme === "dark" ? DARK : LIGHT;
}
