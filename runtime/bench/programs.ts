/** The programs that a benchmark cannot do without. */
import { findProgram } from "../host-program.ts";
import { Unusable } from "./system.ts";

/**
 * The path of an executable file of that name.
 * @param debianPackage what to install where it is missing
 * @throws Unusable where there is none
 */
export function requireProgram(name: string, debianPackage: string): string {
  const path = findProgram(name);
  if (path !== undefined) return path;
  throw new Unusable({ reason: `${name} is not installed`, fix: `apt-get install ${debianPackage}` });
}
