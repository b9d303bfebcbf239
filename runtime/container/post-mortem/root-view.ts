/**
 * A container's root file system as its inside sees it, looked at from outside: layers stacked as overlayfs stacks them,
 * and what is mounted over them. Links are followed here, component by component, each looked up below a layer and
 * without following anything (native lookBelow), so that no link of a hostile image leads out. path_resolution(7).
 */
import { closeSync, fstatSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { type FoundFile, lookBelow, openBelow } from "../../../native/kernel.ts";

/** Something of the host that is shown inside. */
export interface ShownMount {
  readonly destination: string;
  /** A path on the host; undefined: a new file system, which is empty when the container starts. */
  readonly source: string | undefined;
}

export interface RootSources {
  /** Directories on the host, the topmost first. */
  readonly layers: readonly string[];
  readonly mounts: readonly ShownMount[];
}

/** A file, a directory or something else that lies at a path. */
export interface Found extends FoundFile {
  readonly kind: "file" | "directory" | "other";
  /** Its path without links. */
  readonly path: string;
}

/** What lies at a path. */
export type Look =
  | Found
  /** `component` is the first part of the path that is not there; `link`, where one led there, is who pointed to it. */
  | { readonly kind: "missing"; readonly component: string; readonly link: string | undefined }
  /** A part of the path is a file, where a directory would have to be. */
  | { readonly kind: "through-file"; readonly component: string }
  | { readonly kind: "loop" };

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_IFLNK = 0o120000;
const S_IFCHR = 0o020000;
/** As many as the kernel follows (path_resolution(7)). */
const MOST_LINKS = 40;
/** What one post-mortem reads and looks up at most: an image may be made to keep its reader busy. */
const MOST_BYTES = 512 << 20;
const MOST_LOOKUPS = 20_000;

function typeOf({ mode }: FoundFile): number {
  return mode & S_IFMT;
}

/** overlayfs hides what lies in lower layers behind a device 0/0 (filesystems/overlayfs of the kernel's documentation). */
function isWhiteout(found: FoundFile): boolean {
  return typeOf(found) === S_IFCHR && found.device === 0;
}

function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

export class RootView {
  readonly #layers: readonly string[];
  readonly #mounts: readonly ShownMount[];
  #lookups = 0;
  #bytes = 0;

  constructor({ layers, mounts }: RootSources) {
    this.#layers = layers;
    // The longest first: the innermost mount is the one that is seen.
    this.#mounts = mounts.toSorted((a, b) => b.destination.length - a.destination.length);
  }

  /** The directories of the host that may hold a path, and where in them. */
  #placesOf(path: string): { readonly roots: readonly string[]; readonly below: string } {
    const mount = this.#mounts.find(({ destination }) => path === destination || path.startsWith(`${destination}/`));
    if (mount === undefined) return { roots: this.#layers, below: path };
    const { source, destination } = mount;
    if (source === undefined) return { roots: [], below: path };
    // A file that is shown is found by its name in its directory.
    const below = path.slice(destination.length);
    return below === ""
      ? { roots: [posix.dirname(source)], below: posix.basename(source) }
      : { roots: [source], below };
  }

  #isMountPoint(path: string): boolean {
    return this.#mounts.some(({ destination, source }) => destination === path && source === undefined);
  }

  /** One path without links in it, in the topmost layer that has it. */
  #lookup(path: string): (FoundFile & { readonly root: string; readonly below: string }) | undefined {
    if (++this.#lookups > MOST_LOOKUPS)
      throw new RangeError(`more than ${MOST_LOOKUPS} files would have to be looked at`);
    const { roots, below } = this.#placesOf(path);
    for (const root of roots) {
      try {
        const found = lookBelow(root, below);
        return isWhiteout(found) ? undefined : { ...found, root, below };
      } catch {
        // Not in this layer.
      }
    }
    if (!this.#isMountPoint(path)) return undefined;
    return { mode: S_IFDIR | 0o755, uid: 0, gid: 0, size: 0, device: 0, target: "", root: "", below };
  }

  /** Follows `path` as the inside would. */
  look(path: string): Look {
    let waiting = partsOf(path);
    let current = "";
    let link: string | undefined;
    let last: FoundFile = { mode: S_IFDIR | 0o755, uid: 0, gid: 0, size: 0, device: 0, target: "" };
    for (let links = 0; waiting.length > 0; ) {
      const [part = "", ...rest] = waiting;
      waiting = rest;
      if (part === "..") {
        current = posix.dirname(current === "" ? "/" : current).replace(/^\/$/, "");
        continue;
      }
      const next = `${current}/${part}`;
      const found = this.#lookup(next);
      if (found === undefined) return { kind: "missing", component: next, link };
      if (typeOf(found) === S_IFLNK) {
        if (++links > MOST_LINKS) return { kind: "loop" };
        link = next;
        waiting = [...partsOf(found.target), ...waiting];
        if (found.target.startsWith("/")) current = "";
        continue;
      }
      if (waiting.length > 0 && typeOf(found) !== S_IFDIR) return { kind: "through-file", component: next };
      current = next;
      last = found;
    }
    const type = typeOf(last);
    const kind = type === S_IFREG ? "file" : type === S_IFDIR || current === "" ? "directory" : "other";
    return { ...last, kind, path: current === "" ? "/" : current };
  }

  /** @returns the bytes of a regular file; undefined when there is none at `path`. @throws RangeError when too much has been read */
  read(path: string): Uint8Array | undefined {
    const look = this.look(path);
    if (look.kind !== "file") return undefined;
    this.#bytes += look.size;
    if (this.#bytes > MOST_BYTES) throw new RangeError(`more than ${MOST_BYTES >> 20} MiB would have to be read`);
    const place = this.#lookup(look.path);
    if (place === undefined) return undefined;
    try {
      const fd = openBelow(place.root, place.below);
      try {
        return fstatSync(fd).isFile() ? readFileSync(fd) : undefined;
      } finally {
        closeSync(fd);
      }
    } catch {
      return undefined;
    }
  }
}
