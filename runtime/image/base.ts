/**
 * Makes the default image, `ringside/base`, from what is on the machine: a static busybox where there is one, else the
 * host's own tools. With it go our small static programs, where they have been built: the probe that benchmarks start in
 * every world, the counter that notices when its world is moved or stopped, the one that measures what its world costs, and
 * the init of virtual machines.
 */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { addBusybox, findStaticBusybox } from "./busybox.ts";
import { cacheDirectory } from "./cache.ts";
import { checkoutDirectory } from "./checkout.ts";
import { TreeBuilder } from "./entry.ts";
import { addHostBinaries } from "./host-binaries.ts";
import { BASE_CONFIG, BASE_IMAGE, type Image, type ImageInput } from "./image.ts";
import { addSkeleton } from "./skeleton.ts";
import { imageInput, writeImage } from "./write-image.ts";

/** Where our own static programs go, by their names in native/build/Release. */
const OWN_PROGRAMS: Readonly<Record<string, string>> = {
  "ringside-probe": "bin/ringside-probe",
  "ringside-counter": "bin/ringside-counter",
  "ringside-overhead": "bin/ringside-overhead",
  "ringside-init": "sbin/ringside-init",
};

export interface BaseImageOptions {
  readonly cache?: string;
  /** A busybox that needs no library; "none" makes the image from the host's own programs. */
  readonly busybox?: string | "none";
  /** Where our own static programs are built. */
  readonly programs?: string;
}

/**
 * Makes the default image, or finds that what is there is the same.
 *
 * @returns the image as `findImage` gives it
 * @throws Error where neither busybox nor the host's programs serve; whatever the file system says. The image that was
 *   there before stays in use then.
 */
export function buildBaseImage(options: BaseImageOptions = {}): Image {
  const cache = options.cache ?? cacheDirectory();
  const programs = options.programs ?? join(checkoutDirectory(), "native/build/Release");
  const busybox = options.busybox === "none" ? undefined : (options.busybox ?? findStaticBusybox());
  const tree = new TreeBuilder();
  addSkeleton(tree);
  if (busybox === undefined) addHostBinaries(tree);
  else addBusybox(tree, busybox);
  const inputs = [...(busybox === undefined ? [] : [imageInput(busybox)]), ...addOwnPrograms(tree, programs)];
  const builtFrom =
    busybox === undefined ? "the host's own programs and their libraries" : `static busybox (${busybox})`;
  return writeImage(cache, { name: BASE_IMAGE, tree, config: BASE_CONFIG, builtFrom, inputs });
}

function addOwnPrograms(tree: TreeBuilder, directory: string): ImageInput[] {
  return Object.entries(OWN_PROGRAMS).flatMap(([name, place]) => {
    const path = join(directory, name);
    const found = inputIfThere(path);
    if (found === undefined) return [];
    tree.file(place, readFileSync(path), { mode: 0o755 });
    return [found];
  });
}

function inputIfThere(path: string): ImageInput | undefined {
  return statSync(path, { throwIfNoEntry: false }) === undefined ? undefined : imageInput(path);
}
