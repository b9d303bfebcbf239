/** JSON text in which a bigint is the number that it is: what an engine written in Go would write (JSON.rawJSON). */

/** @returns the text of a value that may have bigint in it */
export function stringifyExact(value: unknown): string {
  const raw: unknown = Reflect.get(JSON, "rawJSON");
  if (typeof raw !== "function") throw new Error("this Node has no JSON.rawJSON");
  return JSON.stringify(value, (_, entry: unknown) => {
    return typeof entry === "bigint" ? Reflect.apply(raw, JSON, [String(entry)]) : entry;
  });
}
