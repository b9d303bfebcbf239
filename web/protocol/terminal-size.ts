/**
 * The size of a terminal in character cells, as TIOCSWINSZ takes it (ioctl_tty(2)), with the bounds that both sides
 * keep: a window is never empty, and never so large that a screen of it would not fit into memory many times over.
 */

import * as z from "zod/mini";

export const MAX_COLUMNS = 500;
export const MAX_ROWS = 300;

export const terminalSizeSchema = z.object({
  columns: z.int().check(z.minimum(1), z.maximum(MAX_COLUMNS)),
  rows: z.int().check(z.minimum(1), z.maximum(MAX_ROWS)),
});

export type TerminalSize = z.infer<typeof terminalSizeSchema>;

/**
 * The nearest size within the bounds; for a browser window that asks for more than is allowed.
 *
 * @param size any two numbers, as a layout computed them
 */
export function clampSize(size: { readonly columns: number; readonly rows: number }): TerminalSize {
  const clamp = (value: number, limit: number): number => Math.min(Math.max(Math.floor(value) || 1, 1), limit);
  return { columns: clamp(size.columns, MAX_COLUMNS), rows: clamp(size.rows, MAX_ROWS) };
}
