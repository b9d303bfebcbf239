/** The programs that a benchmark cannot do without. */
import { findProgram } from "../host-program.ts";
import { Unusable } from "./system.ts";

/**
 * The path of an executable file of that name.
 * @param source the Debian package to install where it is missing, or what else to do
 * @throws Unusable where there is none
 */
export function requireProgram(name: string, source: string | { readonly fix: string }): string {
  const path = findProgram(name);
  if (path !== undefined) return path;
  const fix = typeof source === "string" ? `apt-get install ${source}` : source.fix;
  throw new Unusable({ reason: `${name} is not installed`, fix });
}
