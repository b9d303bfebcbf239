/** Finds the host's programs, as a shell would; also in the administrator's directories, where runc lies. */

import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";
import { Unusable } from "./system.ts";

const ALSO = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** The path of an executable file of that name, or undefined. */
export function findProgram(name: string, searchPath: string = process.env.PATH ?? ""): string | undefined {
  return [...searchPath.split(":").filter((directory) => directory.startsWith("/")), ...ALSO]
    .map((directory) => join(directory, name))
    .find(isExecutable);
}

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

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
