/** The file that a container's id is written to, for scripts. docker-run(1), --cidfile. */
import { closeSync, openSync, unlinkSync, writeSync } from "node:fs";
import { RingsideError, reasonOf } from "../error.ts";

/** A file that is ours from before the start, so that two starts cannot have the same one. */
export interface IdFile {
  write(id: string): void;
  /** There is no container: removes the file again. */
  giveUp(): void;
}

/**
 * @param path undefined: there is no file
 * @throws RingsideError when the file exists already or cannot be made
 */
export function claimIdFile(path: string | undefined): IdFile {
  if (path === undefined) return { write() {}, giveUp() {} };
  let fd: number;
  try {
    fd = openSync(path, "wx");
  } catch (cause) {
    throw new RingsideError(`the id cannot be written to ${path}: ${reasonOf(cause)}`, {
      cause,
      fix: "give --cidfile a file that does not exist yet, in a directory that you may write",
    });
  }
  return {
    write(id) {
      writeSync(fd, id);
      closeSync(fd);
    },
    giveUp() {
      closeSync(fd);
      unlinkSync(path);
    },
  };
}
