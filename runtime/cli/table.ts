/** Rows of text in columns. */

/** @returns the rows with their columns lined up, each with a newline; the last column is not filled up */
export function tableText(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

/** @returns one line of at most `most` characters, the last an ellipsis where something is missing */
export function shorten(text: string, most: number): string {
  // A script has lines, and a row has one; what steers a terminal steers nobody's from here.
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
  return line.length <= most ? line : `${line.slice(0, most - 1)}…`;
}
