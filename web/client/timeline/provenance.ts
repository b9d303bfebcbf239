/**
 * Where a figure comes from, in a line of text.
 */

import type { Provenance } from "../../../simulator/trace/timeline.ts";

/**
 * The parts of a provenance: its kind, then what is known about it.
 */
export function provenanceParts(provenance: Provenance): string[] {
  const { kind, detail, n, date, accelerator } = provenance;
  return [
    kind,
    detail,
    ...(n === undefined ? [] : [`n\u00a0=\u00a0${n}`]),
    ...(accelerator === undefined || detail.includes(accelerator) ? [] : [accelerator]),
    ...(date === undefined ? [] : [date.slice(0, 16).replace("T", " ")]),
  ].filter((part) => part !== "");
}
