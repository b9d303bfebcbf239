/**
 * A file system tree as a list: what lies where, with which mode and owner. A tree can so be made from any source, hashed
 * before it is written, and tested without being written at all.
 *
 * Paths are relative, without "." and "..", parents before their children: see `TreeBuilder`, which sees to it.
 */
import { posix } from "node:path";

/** open(2) gives up with ELOOP after this many. */
export const MOST_SYMLINKS = 40;

interface Place {
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
}

export type TreeEntry =
  | (Place & { readonly kind: "directory"; readonly mode: number })
  | (Place & { readonly kind: "file"; readonly mode: number; readonly content: Uint8Array })
  | (Place & { readonly kind: "symlink"; readonly target: string });

interface Attributes {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * Collects entries: adds missing parent directories, follows symbolic links within the tree, and refuses paths that
 * leave it or pass through a file.
 */
export class TreeBuilder {
  readonly #entries = new Map<string, TreeEntry>();

  /** Adds a directory, or changes the mode and owner of one that is there. */
  directory(path: string, { mode = 0o755, uid = 0, gid = 0 }: Attributes = {}): void {
    const clean = this.#place(path);
    const there = this.#entries.get(clean);
    if (there !== undefined && there.kind !== "directory") throw occupied(clean, there);
    if (clean !== "") this.#entries.set(clean, { kind: "directory", path: clean, mode, uid, gid });
  }

  /** Adds a file; text is written as UTF-8. A later file takes the place of an earlier one. */
  file(path: string, content: Uint8Array | string, { mode = 0o644, uid = 0, gid = 0 }: Attributes = {}): void {
    const clean = this.#place(path);
    const there = this.#entries.get(clean);
    if (there?.kind === "directory") throw occupied(clean, there);
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    this.#entries.set(clean, { kind: "file", path: clean, mode, uid, gid, content: bytes });
  }

  /** Adds a symbolic link, unless something lies there already: the first one to name a place keeps it. */
  symlink(path: string, target: string): void {
    const clean = this.#place(path);
    if (!this.#entries.has(clean)) this.#entries.set(clean, { kind: "symlink", path: clean, target, uid: 0, gid: 0 });
  }

  /** @returns what lies at a path, not following symbolic links */
  get(path: string): TreeEntry | undefined {
    return this.#entries.get(normalize(path));
  }

  /** @returns every entry, parents before children, in one order whatever the order of adding was */
  entries(): TreeEntry[] {
    return [...this.#entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** Finds where a path leads, through symbolic links to directories of the same tree, and makes missing parents. */
  #place(path: string): string {
    let waiting = normalize(path).split("/");
    let walked = "";
    for (let links = 0; waiting.length > 1; ) {
      const [part = "", ...rest] = waiting;
      const here = walked === "" ? part : `${walked}/${part}`;
      const there = this.#entries.get(here);
      if (there?.kind === "symlink") {
        if (++links > MOST_SYMLINKS) throw new Error(`add ${path} to a tree: too many symbolic links`);
        const target = there.target.startsWith("/") ? there.target : `${walked}/${there.target}`;
        waiting = [...normalize(posix.normalize(`/${target}`)).split("/"), ...rest];
        walked = "";
        continue;
      }
      if (there?.kind === "file") throw occupied(here, there);
      if (there === undefined) this.#entries.set(here, { kind: "directory", path: here, mode: 0o755, uid: 0, gid: 0 });
      walked = here;
      waiting = rest;
    }
    return walked === "" ? (waiting[0] ?? "") : `${walked}/${waiting[0]}`;
  }
}

function normalize(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..") || path.includes("\0")) throw new Error(`add ${path} to a tree: it leads out of the tree`);
  return parts.join("/");
}

function occupied(path: string, entry: TreeEntry): Error {
  return new Error(`add to a tree at ${path}: a ${entry.kind} is there`);
}
