/**
 * Reads a table of system calls: each line is a number and the name that has it, followed by the names of the numbers
 * after it. Lines are short runs, so that a gap in the numbers is a new line.
 *
 * @returns names with their numbers, in the order of the table
 */
export function numbered(table: string): ReadonlyMap<string, number> {
  return new Map(
    table
      .trim()
      .split("\n")
      .flatMap((line) => {
        const [first, ...names] = line.trim().split(" ");
        return names.map((name, index): [string, number] => [name, Number(first) + index]);
      }),
  );
}
