/**
 * What native/bench/overhead prints: a line of JSON for each sample, each refusal and each remark. Between them may stand
 * what others have said on the same console; a hostile or broken program is no more than lines that are none of these.
 */
import { constants } from "node:os";
import * as z from "zod";
import { QUANTITIES, type QuantityRow } from "./quantities.ts";

const name = z.string().max(64);
const errno = z.int().nonnegative();
const lineSchema = z.union([
  z.strictObject({ name, unit: z.enum(["ns", "bytes/s"]), value: z.number().nonnegative() }),
  z.strictObject({ name, refused: name, errno }),
  z.strictObject({ name, note: name, errno }),
]);

/** One start's samples by quantity, and what went otherwise than meant. */
export interface Output {
  readonly samples: ReadonlyMap<string, readonly number[]>;
  /** In words, each once. */
  readonly remarks: readonly string[];
}

const KNOWN: ReadonlyMap<string, QuantityRow> = new Map(QUANTITIES.map((row) => [row.name, row]));
const MOST_LINES = 100_000;
const MOST_REMARKS = 32;

/** @returns what the program said; lines that are not its are left out */
export function parseOutput(text: string): Output {
  const samples = new Map<string, number[]>();
  const remarks = new Set<string>();
  for (const line of text.split("\n", MOST_LINES)) {
    const said = parseLine(line.trim());
    if (said === undefined) continue;
    if ("value" in said) {
      if (KNOWN.get(said.name)?.unit !== said.unit) continue;
      const list = samples.get(said.name);
      if (list === undefined) samples.set(said.name, [said.value]);
      else list.push(said.value);
    } else if (remarks.size < MOST_REMARKS) {
      const [what, effect] = "refused" in said ? [said.refused, "not measured"] : [said.note, "measured without it"];
      remarks.add(`${said.name}: ${what} gave ${errorName(said.errno)}, ${effect}`);
    }
  }
  return { samples, remarks: [...remarks] };
}

function parseLine(line: string): z.output<typeof lineSchema> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return lineSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

function errorName(errno: number): string {
  return Object.entries(constants.errno).find(([, number]) => number === errno)?.[0] ?? `error ${errno}`;
}
