/** The host's programs, found as a shell would find them; also in the administrator's directories, where runc lies. */
import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";

const ALSO = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** The path of an executable file of that name, or undefined. */
export function findProgram(name: string, searchPath: string = process.env.PATH ?? ""): string | undefined {
  return [...searchPath.split(":").filter((directory) => directory.startsWith("/")), ...ALSO]
    .map((directory) => join(directory, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
