/**
 * The programs of an image from one static busybox: the binary at /bin/busybox, and a symbolic link for each of its
 * applets at the place where busybox itself says that it belongs (`busybox --list-full`).
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { readElf } from "./elf.ts";
import type { TreeBuilder } from "./entry.ts";

/** Left out: they are package managers of other systems, and would only confuse inside an image without packages. */
const WITHOUT = new Set(["dpkg", "dpkg-deb", "rpm", "rpm2cpio"]);

/**
 * Finds a busybox that needs no library.
 *
 * @param path the search path, as in $PATH
 * @returns its path; undefined where there is none, or only one that is linked dynamically
 */
export function findStaticBusybox(path: string = process.env.PATH ?? ""): string | undefined {
  const directories = [...path.split(delimiter), "/bin", "/usr/bin", "/usr/lib/busybox"].filter((part) => part !== "");
  return directories.map((directory) => join(directory, "busybox")).find(isStatic);
}

/** Whether a file is a program that the kernel can start without a loader: it has no PT_INTERP, elf(5). */
export function isStatic(path: string): boolean {
  try {
    return readElf(readFileSync(path)).interpreter === undefined;
  } catch {
    return false;
  }
}

/**
 * Adds busybox and its applets to a tree.
 *
 * @throws Error where the binary does not answer `--list-full`
 */
export function addBusybox(tree: TreeBuilder, busybox: string): void {
  tree.file("bin/busybox", readFileSync(busybox), { mode: 0o755 });
  const applets = execFileSync(busybox, ["--list-full"], { encoding: "utf8", timeout: 10_000 })
    .split("\n")
    .filter((path) => /^(usr\/)?s?bin\/[^/]+$/.test(path));
  if (applets.length === 0) throw new Error(`list the applets of ${busybox}: it names none`);
  for (const applet of applets) {
    if (!WITHOUT.has(applet.slice(applet.lastIndexOf("/") + 1))) tree.symlink(applet, "/bin/busybox");
  }
}
