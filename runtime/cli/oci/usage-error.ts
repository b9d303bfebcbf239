/** A wrong command line, as opposed to a right one that cannot be obeyed: what to do is in the command's --help. */
import { RingsideError } from "../../error.ts";

export class UsageError extends RingsideError {}

/**
 * @param command of `ringside oci`; undefined for what stands before it
 * @returns the error with a line to type, where it has none of its own
 */
export function withHelp(error: unknown, command?: string): unknown {
  if (!(error instanceof UsageError) || error.fix !== undefined) return error;
  const asked = ["ringside oci", ...(command === undefined ? [] : [command]), "--help"].join(" ");
  return new UsageError(error.message, { cause: error.cause, fix: `${asked} shows what it takes, with examples` });
}
