/** Columns for a terminal: as wide as what is in them, texts to the left, figures to the right. */

/**
 * The table's lines, without a line break at the end.
 *
 * @param rows the heading first
 * @param isText whether a column, counted from 0, is text
 */
export function textTable(rows: readonly (readonly string[])[], isText: (column: number) => boolean): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const cell = (text: string, column: number): string =>
    isText(column) ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0);
  return rows.map((row) => row.map(cell).join("  ").trimEnd()).join("\n");
}
