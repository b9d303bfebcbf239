/**
 * The programs of an image from the host's own, where there is no static busybox: a handful of tools, the libraries
 * that they need, and the symbolic links on the way (`/bin` → `usr/bin`, `libc.so.6` → …), so that each path means the
 * same inside as outside. The loader's path in particular is compiled into every program (PT_INTERP).
 */
import { existsSync, lstatSync, readFileSync, readlinkSync } from "node:fs";
import { join, posix } from "node:path";
import { isElf } from "./elf.ts";
import { MOST_SYMLINKS, type TreeBuilder } from "./entry.ts";
import { type LibraryPlaces, libraryClosure, libraryPlaces } from "./libraries.ts";

/** What the lessons and the issue of a first look at a container need. Those that the host does not have are left out. */
const TOOLS = [
  ...["sh", "ls", "cat", "ps", "hostname", "id", "mount", "umount", "sleep", "echo", "env", "true", "false", "kill"],
  ...["mkdir", "rmdir", "rm", "cp", "mv", "ln", "touch", "chmod", "chown", "stat", "readlink", "df", "du", "free"],
  ...["grep", "sed", "awk", "head", "tail", "wc", "sort", "uniq", "cut", "tr", "tee", "seq", "date", "dd", "yes"],
  ...["uname", "whoami", "nproc", "tty", "stty", "test", "expr", "printf", "ip", "ping", "top", "vi", "dmesg", "find"],
  ...["basename", "dirname", "mktemp", "mknod", "sync", "timeout", "setsid", "unshare", "nsenter", "su", "xargs"],
];
const DIRECTORIES = ["/bin", "/usr/bin", "/sbin", "/usr/sbin"];

/** Bits for others to write, and set-id bits: an image needs neither from its host. */
const MODE_MASK = 0o755;

/**
 * Adds the host's tools and their libraries to a tree.
 *
 * @returns the tools that were added, as paths
 * @throws Error where the host has no shell that can be copied
 */
export function addHostBinaries(tree: TreeBuilder, places: LibraryPlaces = libraryPlaces()): string[] {
  const tools = TOOLS.flatMap(
    (tool) => DIRECTORIES.map((directory) => `${directory}/${tool}`).filter(exists(places))[0] ?? [],
  );
  if (!tools.some((tool) => tool.endsWith("/sh")))
    throw new Error(`make an image from ${places.root}: it has no shell`);
  const added = tools.filter((tool) => addTool(tree, tool, places));
  linkTheOtherWay(tree, added);
  return added;
}

function exists(places: LibraryPlaces): (path: string) => boolean {
  return (path) => existsSync(join(places.root, path));
}

/** A tool comes with all that it needs or not at all. */
function addTool(tree: TreeBuilder, tool: string, places: LibraryPlaces): boolean {
  const bytes = readFileSync(join(places.root, tool));
  if (!isElf(bytes)) return false; // A script, whose interpreter may not be among the tools.
  const closure = libraryClosure([tool], places);
  if (closure.missing.length > 0) return false;
  for (const file of closure.files) copyPath(tree, file, places);
  return true;
}

/** Where the host keeps /bin and /usr/bin apart, scripts of either habit should still find their interpreter. */
function linkTheOtherWay(tree: TreeBuilder, tools: readonly string[]): void {
  for (const tool of tools) {
    const other = tool.startsWith("/usr/") ? tool.slice("/usr".length) : `/usr${tool}`;
    const parent = tree.get(posix.dirname(other));
    if (parent?.kind !== "symlink" && tree.get(posix.dirname(tool))?.kind !== "symlink") tree.symlink(other, tool);
  }
}

/**
 * Copies a file of the host together with every symbolic link that its path goes through, step by step as the kernel
 * walks it: path_resolution(7).
 *
 * @throws Error after more links than the kernel would follow
 */
export function copyPath(tree: TreeBuilder, path: string, places: LibraryPlaces): void {
  let waiting = path.split("/").filter((part) => part !== "" && part !== ".");
  let walked: string[] = [];
  for (let links = 0; waiting.length > 0; ) {
    const [part = "", ...rest] = waiting;
    if (part === "..") {
      walked = walked.slice(0, -1);
      waiting = rest;
      continue;
    }
    const here = [...walked, part].join("/");
    const status = lstatSync(join(places.root, here));
    if (!status.isSymbolicLink()) {
      walked = [...walked, part];
      waiting = rest;
      if (status.isFile()) tree.file(here, readFileSync(join(places.root, here)), { mode: status.mode & MODE_MASK });
      continue;
    }
    if (++links > MOST_SYMLINKS) throw new Error(`copy ${path} into an image: too many symbolic links`);
    const target = readlinkSync(join(places.root, here));
    tree.symlink(here, target);
    if (target.startsWith("/")) walked = [];
    waiting = [...target.split("/").filter((each) => each !== "" && each !== "."), ...rest];
  }
}
