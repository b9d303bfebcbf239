/**
 * The parser of a timeline that came over the wire: the words of simulator/trace/timeline.ts, checked.
 */

import * as z from "zod/mini";
import type { Timeline } from "../../simulator/trace/timeline.ts";

const worldSchema = z.enum(["process", "container", "vm", "address-space"]);
const modeSchema = z.enum(["user", "kernel", "hypervisor", "problem", "supervisor"]);
const argsSchema = z.record(z.string(), z.union([z.string(), z.number()]));

export const provenanceSchema = z.object({
  kind: z.enum(["measured", "simulated", "published"]),
  detail: z.string(),
  n: z.exactOptional(z.int()),
  date: z.exactOptional(z.string()),
  accelerator: z.exactOptional(z.string()),
});

const trackSchema = z.object({
  id: z.string(),
  name: z.string(),
  world: worldSchema,
  unit: z.enum(["ns", "step"]),
  provenance: provenanceSchema,
});

const spanSchema = z.object({
  track: z.string(),
  name: z.string(),
  start: z.number(),
  end: z.number(),
  mode: modeSchema,
  stage: z.string(),
  args: z.exactOptional(argsSchema),
});

const instantSchema = z.object({
  track: z.string(),
  name: z.string(),
  at: z.number(),
  args: z.exactOptional(argsSchema),
});

const counterSchema = z.object({ track: z.string(), name: z.string(), at: z.number(), value: z.number() });

export const timelineSchema = z.object({
  title: z.string(),
  tracks: z.array(trackSchema),
  spans: z.array(spanSchema),
  instants: z.array(instantSchema),
  counters: z.array(counterSchema),
});

/**
 * A timeline, from JSON that was parsed but not checked.
 *
 * @throws z.core.$ZodError where a field is missing or of another type
 */
export function parseTimeline(input: unknown): Timeline {
  return z.parse(timelineSchema, input);
}
