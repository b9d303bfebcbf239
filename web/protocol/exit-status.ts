/** How a process ended: its exit code, or the signal that ended it (wait(2)). */

import * as z from "zod/mini";

export const exitStatusSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("exited"), code: z.int() }),
  z.object({ kind: z.literal("signaled"), signal: z.string() }),
]);

export type ExitStatus = z.infer<typeof exitStatusSchema>;
