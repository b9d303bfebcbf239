/** What the guest's kernel unpacks into memory: the image's archive, and behind it this start's run file. */
import { randomBytes } from "node:crypto";
import { closeSync, constants, openSync, readFileSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeCpio } from "./cpio.ts";
import { encodeRunFile, RUN_FILE_PATH, type RunFile } from "./run-file.ts";

const NAME_BYTES = 12;
const RUN_FILE_MODE = 0o600;

/**
 * Archives may be concatenated: the kernel unpacks one after the other.
 *
 * @param base the path of the archive that is the same for every start
 * @returns a descriptor of a file without a name, which the caller closes
 * @throws an error of Node's shape
 */
export function openArchive(base: string, run: RunFile): number {
  const path = join(tmpdir(), `.ringside-${randomBytes(NAME_BYTES).toString("hex")}`);
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, RUN_FILE_MODE);
  try {
    unlinkSync(path);
    writeWholly(fd, readFileSync(base));
    writeWholly(fd, writeCpio([{ kind: "file", path: RUN_FILE_PATH, mode: RUN_FILE_MODE, data: encodeRunFile(run) }]));
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function writeWholly(fd: number, data: Uint8Array): void {
  for (let done = 0; done < data.length; ) done += writeSync(fd, data, done);
}
