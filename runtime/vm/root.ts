/** Which root file system a guest gets: the one that was asked for, else what suits the size of the image. */
import { lstatSync } from "node:fs";
import { z } from "zod";
import { cacheDirectory } from "../image/cache.ts";
import type { Image } from "../image/image.ts";
import { canMakeDisk } from "./disk.ts";
import { recall, remember } from "./known-facts.ts";
import { layeredFiles } from "./layers.ts";
import type { RootKind } from "./vmm.ts";

const MIB = 1024 ** 2;
/** While the kernel unpacks it, an archive is in the guest's memory twice: of the 256 MiB that are usual, half. */
const MOST_IN_MEMORY_BYTES = 64 * MIB;

/**
 * @param asked for; undefined where it is ours to choose
 * @param cache where the image's size is kept
 * @returns a disk where the image is too big for memory and the tool that makes one is there
 */
export function chooseRoot(image: Image, asked: RootKind | undefined, cache: string = cacheDirectory()): RootKind {
  if (asked !== undefined) return asked;
  return imageBytes(image, cache) > MOST_IN_MEMORY_BYTES && canMakeDisk("erofs") ? "erofs" : "initramfs";
}

/** What the image's files take, without their names. Counted once for each image. */
function imageBytes(image: Image, cache: string): number {
  const fact = `size-${encodeURIComponent(image.name)}`;
  const known = recall(fact, [image.id], z.int(), cache);
  if (known !== undefined) return known;
  let bytes = 0;
  for (const { source } of layeredFiles(image.lowerDirectories)) {
    const info = lstatSync(source);
    if (info.isFile()) bytes += info.size;
  }
  remember(fact, [image.id], bytes, cache);
  return bytes;
}
