/** What the systems of a benchmark share: a launcher that is up, a directory, the image as one directory, the probe. */

import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Launcher, nativeProgram } from "../../native/kernel.ts";
import { RingsideError } from "../error.ts";
import { BASE_IMAGE, findImage } from "../image/image.ts";
import type { Workbench } from "./system.ts";

const MEMORY_BYTES = 64 * 1024 * 1024;
const PIDS_LIMIT = 64;
const GUEST_PROBE = "/bin/ringside-probe";

/**
 * Sets up.
 *
 * @param cleanup undoes it
 * @throws RingsideError when the image has not been made or the probe has not been built
 */
export async function openWorkbench(cleanup: AsyncDisposableStack): Promise<Workbench> {
  const image = findImage(BASE_IMAGE);
  if (image === undefined) {
    throw new RingsideError(`benchmark ${BASE_IMAGE}: the image has not been made`, { fix: "ringside image build" });
  }
  const probe = nativeProgram("ringside-probe");
  if (probe === undefined) {
    throw new RingsideError("benchmark a start: the probe has not been built", { fix: "npm run build" });
  }
  const directory = mkdtempSync(join(tmpdir(), "ringside-bench-"));
  cleanup.defer(() => rmSync(directory, { recursive: true, force: true }));
  // Undone last to first.
  const afterwards = cleanup.use(new AsyncDisposableStack());
  const launcher = cleanup.use(await Launcher.open());
  const rootDirectory = join(directory, "rootfs");
  mkdirSync(rootDirectory);
  for (const layer of image.lowerDirectories.toReversed()) {
    cpSync(layer, rootDirectory, { recursive: true, verbatimSymlinks: true });
  }
  return {
    launcher,
    directory,
    rootDirectory,
    image,
    hostProbe: probe,
    guestProbe: GUEST_PROBE,
    memoryBytes: MEMORY_BYTES,
    pidsLimit: PIDS_LIMIT,
    cleanup,
    afterwards,
  };
}
