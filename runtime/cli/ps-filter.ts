/** The filters of `ringside ps`, by Docker's names. docker-ps(1), --filter. */
import { exitCodeOf } from "../container/exit-code.ts";
import type { ContainerState } from "../container/state.ts";
import { RingsideError } from "../error.ts";

type Matches = (container: ContainerState) => boolean;

const FILTERS: Readonly<Record<string, (value: string) => Matches>> = {
  id: (value) => (container) => value !== "" && container.id.startsWith(value),
  name: (value) => (container) => container.name.includes(value),
  status: (value) => (container) => container.status === value,
  ancestor: (value) => (container) => container.image === value,
  label: (value) => (container) => hasLabel(container.labels, value),
  exited: (value) => (container) =>
    container.exit !== undefined && String(exitCodeOf(container.exit.status)) === value.trim(),
};

/** These ask for what does not run, so that -a need not be given. */
const ASKING_FOR_STATUS = new Set(["status", "exited"]);

function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const equals = wanted.indexOf("=");
  const name = equals < 0 ? wanted : wanted.slice(0, equals);
  return Object.hasOwn(labels, name) && (equals < 0 || labels[name] === wanted.slice(equals + 1));
}

/**
 * Of one name any may hold, of several names all must.
 * @throws RingsideError for a filter that there is not
 */
export function parseFilters(texts: readonly string[]): { readonly matches: Matches; readonly asksForStatus: boolean } {
  const filters = texts.map(parseFilter);
  const names = [...new Set(filters.map(({ name }) => name))];
  return {
    matches: (container) =>
      names.every((name) => filters.some((filter) => filter.name === name && filter.matches(container))),
    asksForStatus: names.some((name) => ASKING_FOR_STATUS.has(name)),
  };
}

function parseFilter(text: string): { readonly name: string; readonly matches: Matches } {
  const equals = text.indexOf("=");
  const name = text.slice(0, Math.max(0, equals));
  const make = Object.entries(FILTERS).find(([known]) => known === name)?.[1];
  if (make !== undefined) return { name, matches: make(text.slice(equals + 1)) };
  throw new RingsideError(`there is no filter ${JSON.stringify(text)}`, {
    fix: `use one of ${Object.keys(FILTERS)
      .map((known) => `${known}=…`)
      .join(", ")}`,
  });
}
