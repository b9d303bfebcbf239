/** The filters of `ringside ps`, by Docker's names. docker-ps(1), --filter. */
import { exitCodeOf } from "../container/exit-code.ts";
import type { ContainerState } from "../container/state.ts";
import { type Filters, type FilterTable, parseFilters } from "./filters.ts";

const FILTERS: FilterTable<ContainerState> = {
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
 * What `ringside ps --filter` asks for.
 * @throws RingsideError for a filter that there is not
 */
export function containerFilters(
  texts: readonly string[],
): Filters<ContainerState> & { readonly asksForStatus: boolean } {
  const filters = parseFilters(FILTERS, texts);
  return { ...filters, asksForStatus: filters.names.some((name) => ASKING_FOR_STATUS.has(name)) };
}
