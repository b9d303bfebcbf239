/** A directory of the host with all below it, as a part of an image's tree. */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { TreeBuilder } from "./entry.ts";

const PERMISSIONS = 0o7777;

/**
 * Files, directories and symbolic links are taken with their permissions; anything else is not.
 *
 * @param source on the host
 * @param place in the image, without a slash in front
 */
export function addDirectory(tree: TreeBuilder, source: string, place: string): void {
  tree.directory(place, { mode: lstatSync(source).mode & PERMISSIONS });
  for (const name of readdirSync(source).sort()) {
    const [from, to] = [join(source, name), `${place}/${name}`];
    const status = lstatSync(from);
    if (status.isDirectory()) addDirectory(tree, from, to);
    else if (status.isSymbolicLink()) tree.symlink(to, readlinkSync(from));
    else if (status.isFile()) tree.file(to, readFileSync(from), { mode: status.mode & PERMISSIONS });
  }
}
