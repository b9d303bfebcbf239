/** --pid-file: written beside its place and renamed, so that who waits for it never reads half a number. */
import { renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { RingsideError, reasonOf } from "../../error.ts";

/** @throws RingsideError when it cannot be written */
export function writePidFile(path: string, pid: number): void {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}`);
  try {
    writeFileSync(temporary, String(pid), { mode: 0o644 });
    renameSync(temporary, path);
  } catch (cause) {
    throw new RingsideError(`the pid file ${path} cannot be written: ${reasonOf(cause)}`, { cause });
  }
}
