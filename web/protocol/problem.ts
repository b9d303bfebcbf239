/**
 * How the server says no: the body of every answer with a status of 400 or more. `error` says what was being done and
 * why it failed, `fix` what to do about it.
 */

import * as z from "zod/mini";

export const problemSchema = z.object({ error: z.string(), fix: z.exactOptional(z.string()) });

export type Problem = z.infer<typeof problemSchema>;
