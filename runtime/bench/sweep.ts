/**
 * What commands that have nothing to do with benchmarks do about a killed one: look whether there is a journal, which is one
 * readdir(3), and only then load what can undo it.
 */

import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { places } from "../container/directories.ts";

/** Where the journals are. */
export function journalsDirectory(): string {
  return join(dirname(places().states), "bench");
}

/** Takes away what killed benchmarks have left, if there is any. @returns what could not be taken away, with reasons */
export async function sweepAfterBenches(): Promise<readonly string[]> {
  try {
    if (readdirSync(journalsDirectory()).length === 0) return [];
  } catch {
    return [];
  }
  const { sweepBenches } = await import("./journal.ts");
  return await sweepBenches();
}
