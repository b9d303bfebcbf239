/**
 * The image of another processor, `ringside/s390x`: the default image with the busybox that the set-up has fetched
 * (set-up/foreign-guest.mjs). A container cannot run it here, since a container brings no processor; a virtual machine of
 * that architecture can.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { RingsideError } from "../error.ts";
import { cacheDirectory } from "./cache.ts";
import { TreeBuilder } from "./entry.ts";
import { BASE_CONFIG, type Image } from "./image.ts";
import { addSkeleton } from "./skeleton.ts";
import { imageInput, writeImage } from "./write-image.ts";

/** Architectures that machines can be made of, beside the host's own, and as elf(5) numbers them. */
export const FOREIGN_ARCHITECTURES = ["s390x"] as const;
export type ForeignArchitecture = (typeof FOREIGN_ARCHITECTURES)[number];

/** How to have what a foreign architecture needs. */
export const FOREIGN_FIX = "node set-up.mjs s390x";

/** @returns the name of the image of an architecture */
export function foreignImageName(architecture: ForeignArchitecture): string {
  return `ringside/${architecture}`;
}

/** @returns where the set-up puts what it fetches for an architecture */
export function foreignDirectory(architecture: ForeignArchitecture, cache: string = cacheDirectory()): string {
  return join(cache, "foreign", architecture);
}

/**
 * Makes the image.
 *
 * @throws RingsideError where the set-up has not fetched its busybox; Error where that names no applets
 */
export function buildForeignImage(
  architecture: ForeignArchitecture = "s390x",
  cache: string = cacheDirectory(),
): Image {
  const path = join(foreignDirectory(architecture, cache), "busybox");
  const tree = new TreeBuilder();
  addSkeleton(tree);
  const busybox = readBusybox(path);
  tree.file("bin/busybox", busybox, { mode: 0o755 });
  for (const applet of appletNames(busybox)) if (applet !== "busybox") tree.symlink(`bin/${applet}`, "busybox");
  return writeImage(cache, {
    name: foreignImageName(architecture),
    tree,
    config: BASE_CONFIG,
    builtFrom: `static busybox for ${architecture}, the distribution's package`,
    inputs: [imageInput(path)],
  });
}

function readBusybox(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new RingsideError(`there is no busybox of that architecture in ${path}`, { cause, fix: FOREIGN_FIX });
  }
}

/**
 * The names of a busybox's applets, out of the file, since it cannot be run here to ask it: they stand in it one after
 * the other in alphabetical order, each behind a zero byte (applet_names of busybox's include/applet_tables.h).
 *
 * @throws Error where no such table is found
 */
export function appletNames(busybox: Buffer): string[] {
  const start = busybox.indexOf("[\0[[\0", 0, "latin1");
  const end = start < 0 ? -1 : busybox.indexOf("\0\0", start, "latin1");
  const names = end < 0 ? [] : busybox.toString("latin1", start, end).split("\0");
  if (names.length < 2 || !names.every((name) => /^[\w.[-]+$/.test(name))) {
    throw new Error("list the applets of a busybox of another processor: its table of names was not found");
  }
  return names;
}
