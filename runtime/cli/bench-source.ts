/** Which report is meant: a file, standard input, or a number of the history. */

import { History } from "../bench/history.ts";
import type { BenchReport } from "../bench/schema.ts";
import { readReport } from "./bench-report.ts";

/**
 * Reads it.
 * @param named digits alone are a number of the history; `./7` is a file of that name
 * @throws RingsideError where there is none, or it is no report
 */
export function namedReport(named: string): BenchReport {
  if (!/^\d+$/.test(named)) return readReport(named);
  using history = new History();
  return history.find(Number(named));
}
