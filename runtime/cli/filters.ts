/** `--filter NAME=VALUE`, as often as wanted, for whatever is listed. docker-ps(1), docker-events(1). */
import { RingsideError } from "../error.ts";

/** By name: from a value to what matches it. */
export type FilterTable<Subject> = Readonly<Record<string, (value: string) => (subject: Subject) => boolean>>;

export interface Filters<Subject> {
  readonly names: readonly string[];
  matches(subject: Subject): boolean;
}

/**
 * Of one name any may hold, of several names all must.
 * @throws RingsideError for a filter that there is not
 */
export function parseFilters<Subject>(table: FilterTable<Subject>, texts: readonly string[]): Filters<Subject> {
  const filters = texts.map((text) => parseFilter(table, text));
  const names = [...new Set(filters.map(({ name }) => name))];
  return {
    names,
    matches: (subject) => names.every((name) => filters.some((one) => one.name === name && one.matches(subject))),
  };
}

function parseFilter<Subject>(table: FilterTable<Subject>, text: string) {
  const equals = text.indexOf("=");
  const name = text.slice(0, Math.max(0, equals));
  const make = Object.entries(table).find(([known]) => known === name)?.[1];
  if (make !== undefined) return { name, matches: make(text.slice(equals + 1)) };
  const known = Object.keys(table).map((one) => `${one}=…`);
  throw new RingsideError(`there is no filter ${JSON.stringify(text)}`, { fix: `use one of ${known.join(", ")}` });
}
