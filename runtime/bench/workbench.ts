/** What the systems of a benchmark share: a launcher that is up, a directory, the image as one directory, the probe. */

import { cpSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Launcher, nativeProgram } from "../../native/kernel.ts";
import { newId } from "../container/new-id.ts";
import { RingsideError } from "../error.ts";
import { BASE_IMAGE, findImage, type Image } from "../image/image.ts";
import { type Journal, openJournal } from "./journal.ts";
import { freePorts } from "./ports.ts";
import type { Workload } from "./protocol.ts";
import type { Workbench } from "./system.ts";

const MEMORY_BYTES = 64 * 1024 * 1024;
const PIDS_LIMIT = 64;
const GUEST_PROBE = "/bin/ringside-probe";

export interface WorkbenchOptions {
  /** How many starts may be under way at once; one unless said otherwise. */
  readonly slots?: number;
  readonly workloads?: readonly Workload[];
  /** The base image unless another one is given. */
  readonly image?: Image;
}

/**
 * Sets up.
 *
 * @param cleanup undoes it
 * @throws RingsideError when the image has not been made or the probe has not been built
 */
export async function openWorkbench(
  cleanup: AsyncDisposableStack,
  { slots = 1, workloads = ["byte"], image = findImage(BASE_IMAGE) }: WorkbenchOptions = {},
): Promise<Workbench> {
  if (image === undefined) {
    throw new RingsideError(`benchmark ${BASE_IMAGE}: the image has not been made`, { fix: "ringside image build" });
  }
  const probe = nativeProgram("ringside-probe");
  if (probe === undefined) {
    throw new RingsideError("benchmark a start: the probe has not been built", { fix: "npm run build" });
  }
  const ports = workloads.includes("serve") ? await freePorts(slots) : [];
  const journal = openJournal();
  cleanup.defer(() => journal.close());
  const directory = makeDirectory(journal);
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
    slots,
    workloads,
    portOf: (slot) => portOf(ports, slot),
    journal,
    cleanup,
    afterwards,
  };
}

function portOf(ports: readonly number[], slot: number): number {
  const port = ports[slot];
  if (port === undefined) throw new RangeError(`slot ${slot} has no port: ${ports.length} were asked for`);
  return port;
}

/** Written down before it is made, so its name is not mkdtemp(3)'s; short, since podman takes no path over 50 characters. */
function makeDirectory(journal: Journal): string {
  const path = join(tmpdir(), `ringside-bench-${newId().slice(0, 8)}`);
  const entry = journal.will({ kind: "directory", path });
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Not made by us, so not ours to remove.
    entry.done();
    throw error;
  }
  return path;
}
