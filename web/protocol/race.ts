/**
 * The race for real: `POST /api/race { worlds }` answers with a stream of JSON lines, one RaceLine each, `done` last.
 * Only one race runs at a time: another gets 429 and a problem.
 */

import * as z from "zod/mini";
import type { Timeline } from "../../simulator/trace/timeline.ts";
import { timelineSchema } from "./timeline.ts";

/** The worlds that can run for real here. The z/OS address space is always simulated. */
export const realWorldSchema = z.enum(["process", "container", "vm"]);

export type RealWorld = z.infer<typeof realWorldSchema>;

export const startRaceSchema = z.strictObject({
  worlds: z.array(realWorldSchema).check(z.minLength(1), z.maxLength(3)),
});

export type StartRace = z.infer<typeof startRaceSchema>;

export const raceLineSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("progress"), world: realWorldSchema, message: z.string() }),
  z.object({ kind: z.literal("lane"), world: realWorldSchema, timeline: timelineSchema }),
  z.object({ kind: z.literal("unavailable"), world: realWorldSchema, reason: z.string(), fix: z.string() }),
  z.object({ kind: z.literal("done") }),
]);

export type RaceLine =
  | { readonly kind: "progress"; readonly world: RealWorld; readonly message: string }
  | { readonly kind: "lane"; readonly world: RealWorld; readonly timeline: Timeline }
  | { readonly kind: "unavailable"; readonly world: RealWorld; readonly reason: string; readonly fix: string }
  | { readonly kind: "done" };

/**
 * One line of a race.
 *
 * @throws SyntaxError where it is no JSON, z.core.$ZodError where it is another thing
 */
export function parseRaceLine(line: string): RaceLine {
  return z.parse(raceLineSchema, JSON.parse(line));
}
