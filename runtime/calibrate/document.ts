/** The profile of a machine as a file, schema ringside.costs/1: quantities as they were measured, and costs made of them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Cost } from "../../simulator/costs/cost.ts";
import { checkCost } from "../../simulator/costs/cost.ts";
import { RingsideError, reasonOf } from "../error.ts";
import { cacheDirectory } from "../image/cache.ts";
import { writeWhole } from "../vm/cached-file.ts";

const count = z.int().nonnegative();

const quantitySchema = z.object({
  name: z.string(),
  what: z.string(),
  n: z.int().positive(),
  p25: count,
  p50: count,
  p75: count,
  date: z.string(),
  /** Who executed the guest, where the quantity is of one: never a figure of emulation without that word. */
  accelerator: z.string().optional(),
});

const costSchema = z.object({
  id: z.string().min(1),
  value: count,
  unit: z.enum(["ns", "count", "permille"]),
  status: z.enum(["published", "derived", "measured", "assumed"]),
  source: z.string(),
  date: z.string(),
  machine: z.string(),
});

const documentSchema = z.object({
  schema: z.literal("ringside.costs/1"),
  name: z.string().regex(/^measured-[\w.-]+$/),
  title: z.string(),
  measuredAt: z.string(),
  machine: z.object({
    kernel: z.string(),
    cpu: z.string(),
    cores: count,
    memoryBytes: count,
    cgroupMode: z.string(),
  }),
  quantities: z.array(quantitySchema),
  refused: z.array(z.object({ name: z.string(), why: z.string() })),
  costs: z.array(costSchema),
});

/** One quantity: median, and between which values the middle half of the samples lies. */
export type Quantity = z.infer<typeof quantitySchema>;
export type CostsDocument = z.infer<typeof documentSchema>;

function directory(cache: string): string {
  return join(cache, "costs");
}

/** @returns where the profile of that name is kept. */
export function costsPath(name: string, cache: string = cacheDirectory()): string {
  return join(directory(cache), `${name}.json`);
}

/** @returns the document as JSON, with a newline at its end. */
export function costsText(document: CostsDocument): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** Keeps a profile, in the place of an older one of its name. @throws RingsideError where it cannot be written */
export function writeCosts(document: CostsDocument, cache: string = cacheDirectory()): string {
  const path = costsPath(document.name, cache);
  try {
    writeWhole(path, costsText(document));
  } catch (cause) {
    throw new RingsideError(`write the cost profile ${path}: ${reasonOf(cause)}`, {
      cause,
      fix: "RINGSIDE_CACHE names a directory that can be written",
    });
  }
  return path;
}

/**
 * Parses a profile.
 * @param from what the text is, for errors
 * @throws RingsideError where it is no ringside.costs/1, or one of its costs is not sound
 */
export function parseCosts(text: string, from: string): CostsDocument {
  const fix = "ringside calibrate makes it again";
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new RingsideError(`read the cost profile ${from}: it is not JSON: ${reasonOf(cause)}`, { cause, fix });
  }
  const parsed = documentSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue === undefined || issue.path.length === 0 ? "" : ` at ${issue.path.join(".")}`;
    throw new RingsideError(`read the cost profile ${from}: no ringside.costs/1${where}: ${issue?.message ?? ""}`, {
      fix,
    });
  }
  const problems = parsed.data.costs.flatMap((cost: Cost) => checkCost(cost));
  if (problems.length > 0) throw new RingsideError(`read the cost profile ${from}: ${problems[0] ?? ""}`, { fix });
  return parsed.data;
}

/** @returns the profile that is kept by that name; undefined where there is none. @throws RingsideError as parseCosts does */
export function readCosts(name: string, cache: string = cacheDirectory()): CostsDocument | undefined {
  const path = costsPath(name, cache);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  return parseCosts(text, path);
}

/** @returns the names of the profiles that are kept, sorted; none where nothing has been calibrated. */
export function keptProfiles(cache: string = cacheDirectory()): string[] {
  try {
    const files = readdirSync(directory(cache)).filter((file) => /^measured-[\w.-]+\.json$/.test(file));
    return files.map((file) => file.slice(0, -".json".length)).sort();
  } catch {
    return [];
  }
}
