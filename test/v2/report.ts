/**
 * What the guest tells of its tests: one JSON object a line, over the second serial line. Written by
 * guest/run-tests.ts there, read here; whatever is not such a line (a warning, a crash of Node) is kept as words.
 */
import { stripVTControlCharacters } from "node:util";
import { z } from "zod";

const testLine = z.object({
  kind: z.literal("test"),
  file: z.string(),
  name: z.string(),
  state: z.enum(["passed", "failed", "skipped"]),
  durationMs: z.number(),
  /** Why it was skipped, or how it failed. */
  words: z.string(),
});
const lineSchema = z.discriminatedUnion("kind", [
  testLine,
  /** What failed outside a test: a file that does not load, a hook, an error that nobody caught. */
  z.object({ kind: z.literal("outside"), file: z.string(), words: z.string() }),
  /** The last line: how the command in the guest ended. */
  z.object({ kind: z.literal("status"), code: z.number() }),
]);

export type InnerTest = z.infer<typeof testLine>;
export type ReportLine = z.infer<typeof lineSchema>;

/** @returns undefined where the line is not of this report */
export function parseReportLine(line: string): ReportLine | undefined {
  // vitest hides the cursor, as on a terminal.
  const text = stripVTControlCharacters(line);
  if (!text.startsWith("{")) return undefined;
  try {
    return lineSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
