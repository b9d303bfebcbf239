/**
 * What this machine can do: `GET /api/doctor`, the same document as `ringside doctor --json`.
 */

import * as z from "zod/mini";

export const doctorCheckSchema = z.object({
  name: z.string(),
  state: z.enum(["ok", "missing", "limited"]),
  detail: z.string(),
  /** The one line that closes the gap. Absent where there is no gap, or nothing to be done about it. */
  fix: z.optional(z.nullable(z.string())),
});

export type DoctorCheck = z.infer<typeof doctorCheckSchema>;

export const doctorReportSchema = z.object({
  schema: z.literal("ringside.doctor/1"),
  checks: z.array(doctorCheckSchema),
});

export type DoctorReport = z.infer<typeof doctorReportSchema>;
