/**
 * Small facts about this machine that cost a boot or a process to find, kept in the cache until what they depend on
 * changes: a new host kernel, another QEMU, a restart.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { cacheDirectory } from "../image/cache.ts";
import { writeWhole } from "./cached-file.ts";

const fileSchema = z.object({ key: z.array(z.string()), value: z.unknown() });

/** Where a fact is kept: without the file it is found out again. */
export function factPath(name: string, cache: string = cacheDirectory()): string {
  return join(cache, "guest", `${name}.json`);
}

/**
 * @param name of the fact
 * @param key what it depends on; a fact with another key is not known
 * @returns the fact, undefined where it is not known or not of that shape
 */
export function recall<Value>(
  name: string,
  key: readonly string[],
  schema: z.ZodType<Value>,
  cache: string = cacheDirectory(),
): Value | undefined {
  try {
    const file = fileSchema.parse(JSON.parse(readFileSync(factPath(name, cache), "utf8")));
    if (JSON.stringify(file.key) !== JSON.stringify(key)) return undefined;
    return schema.parse(file.value);
  } catch {
    return undefined;
  }
}

/** Keeps a fact. Where the cache cannot be written it is found again next time: not an error. */
export function remember(name: string, key: readonly string[], value: unknown, cache: string = cacheDirectory()): void {
  try {
    writeWhole(factPath(name, cache), `${JSON.stringify({ key, value }, null, 2)}\n`);
  } catch {
    // A cache that cannot be written makes things slower, not wrong.
  }
}
