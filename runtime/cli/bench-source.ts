/** Which report is meant: a file, standard input, or a number of the history. */

import { readFileSync } from "node:fs";
import * as z from "zod";
import { History } from "../bench/history.ts";
import { type BenchReport, benchReportSchema } from "../bench/schema.ts";
import { RingsideError, reasonOf } from "../error.ts";

const STANDARD_INPUT = "-";

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

/**
 * Reads a report.
 *
 * @param file `-` for standard input
 * @throws RingsideError where it cannot be read, or is no report of this format
 */
function readReport(file: string): BenchReport {
  const doing = `read the benchmark report ${file === STANDARD_INPUT ? "from standard input" : file}`;
  const fix = "give a file that `ringside bench … --json FILE` has written";
  let text: string;
  try {
    text = readFileSync(file === STANDARD_INPUT ? 0 : file, "utf8");
  } catch (error) {
    throw new RingsideError(`${doing}: ${reasonOf(error)}`, { cause: error, fix });
  }
  const parsed = benchReportSchema.safeParse(parseJson(text, doing, fix));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? "" : `${z.core.toDotPath(issue.path)}: `;
  throw new RingsideError(`${doing}: it is not ringside.bench/1: ${where}${issue?.message}`, {
    cause: parsed.error,
    fix,
  });
}

function parseJson(text: string, doing: string, fix: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RingsideError(`${doing}: ${reasonOf(error)}`, { cause: error, fix });
  }
}
