/** How a process ended: its exit code, or the signal that ended it (wait(2)); and why, where a post-mortem found it. */

import * as z from "zod/mini";

/** One sentence without a full stop. */
const why = z.exactOptional(z.string());

export const exitStatusSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("exited"), code: z.int(), why }),
  z.object({ kind: z.literal("signaled"), signal: z.string(), why }),
]);

export type ExitStatus = z.infer<typeof exitStatusSchema>;
