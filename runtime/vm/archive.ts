/**
 * What the guest's kernel unpacks into memory: the image's archive, the drivers that this start needs, and its run file.
 */
import { randomBytes } from "node:crypto";
import { closeSync, constants, openSync, readFileSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeCpio } from "./cpio.ts";
import { prepareSetup } from "./guest-setup.ts";
import { encodeRunFile, type GuestSetup, RUN_FILE_PATH } from "./run-file.ts";
import type { GuestRequest } from "./vmm.ts";

const NAME_BYTES = 12;
const RUN_FILE_MODE = 0o600;

/**
 * Archives may be concatenated: the kernel unpacks one after the other.
 *
 * @param milestones where the guest's init is to tell them: the debug console's port, unless the monitor has none
 * @returns a descriptor of a file without a name, which the caller closes
 * @throws RingsideError when the kernel has no driver for a device that was asked for; an error of Node's shape
 */
export function openArchive(
  request: Pick<GuestRequest, "files" | "machine" | "devices" | "console" | "run" | "nonce">,
  milestones: GuestSetup["milestones"] = "port",
): number {
  const { files, run, nonce } = request;
  const { setup, drivers } = prepareSetup({ ...request, kernel: files.kernel, milestones });
  const runFile = encodeRunFile({ ...run, nonce, setup });
  const path = join(tmpdir(), `.ringside-${randomBytes(NAME_BYTES).toString("hex")}`);
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, RUN_FILE_MODE);
  try {
    unlinkSync(path);
    writeWholly(fd, readFileSync(files.initramfs));
    if (drivers !== undefined) writeWholly(fd, readFileSync(drivers));
    writeWholly(fd, writeCpio([{ kind: "file", path: RUN_FILE_PATH, mode: RUN_FILE_MODE, data: runFile }]));
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function writeWholly(fd: number, data: Uint8Array): void {
  for (let done = 0; done < data.length; ) done += writeSync(fd, data, done);
}
