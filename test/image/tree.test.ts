/** Trees of files: where a path may lead, what a hash covers, and that writing is all or nothing. */
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { TreeBuilder } from "../../runtime/image/entry.ts";
import { pruneTrees } from "../../runtime/image/prune.ts";
import { hashTree, removePartialTrees, writeTree } from "../../runtime/image/tree.ts";
import { temporaryDirectory } from "../support/temporary.ts";

function example(): TreeBuilder {
  const tree = new TreeBuilder();
  tree.file("bin/tool", "#!", { mode: 0o755 });
  tree.directory("tmp", { mode: 0o1777 });
  tree.symlink("bin/link", "tool");
  return tree;
}

describe("a tree", () => {
  test("refuses paths that lead out of it", () => {
    for (const path of ["../etc/passwd", "a/../../b", "a\0b"]) {
      expect(() => new TreeBuilder().file(path, "")).toThrow(/leads out of the tree/);
    }
  });

  test("refuses a place below a file", () => {
    const tree = new TreeBuilder();
    tree.file("a", "");
    expect(() => tree.file("a/b", "")).toThrow(/a file is there/);
  });

  test("follows its own links to directories, and never out of itself", () => {
    const tree = new TreeBuilder();
    tree.symlink("bin", "../../usr/bin");
    tree.file("bin/tool", "x");
    expect(tree.get("usr/bin/tool")).toMatchObject({ kind: "file" });
    expect(tree.get("bin")).toMatchObject({ kind: "symlink" });
  });

  test("gives up on links that lead in a circle", () => {
    const tree = new TreeBuilder();
    tree.symlink("a", "b");
    tree.symlink("b", "a");
    expect(() => tree.file("a/file", "")).toThrow(/too many symbolic links/);
  });

  test("has one hash whatever the order of adding, and another for any difference", () => {
    const other = new TreeBuilder();
    other.symlink("bin/link", "tool");
    other.directory("tmp", { mode: 0o1777 });
    other.file("bin/tool", "#!", { mode: 0o755 });
    const hash = hashTree(example().entries());
    expect(hashTree(other.entries())).toBe(hash);
    const changes: ((tree: TreeBuilder) => void)[] = [
      (tree) => tree.file("bin/tool", "##", { mode: 0o755 }),
      (tree) => tree.file("bin/tool", "#!", { mode: 0o700 }),
      (tree) => tree.file("bin/tool", "#!", { mode: 0o755, uid: 1 }),
      (tree) => tree.symlink("bin/other", "tool"),
      (tree) => tree.directory("tmp", { mode: 0o755 }),
    ];
    for (const change of changes) {
      const tree = example();
      change(tree);
      expect(hashTree(tree.entries())).not.toBe(hash);
    }
  });
});

describe("writing a tree", () => {
  test("gives modes that no umask takes away, links, and contents", () => {
    const destination = join(temporaryDirectory(), "tree");
    const before = process.umask(0o077);
    try {
      writeTree(example().entries(), destination);
    } finally {
      process.umask(before);
    }
    expect(statSync(join(destination, "tmp")).mode & 0o7777).toBe(0o1777);
    expect(statSync(join(destination, "bin/tool")).mode & 0o7777).toBe(0o755);
    expect(statSync(destination).mode & 0o7777).toBe(0o755);
    expect(readlinkSync(join(destination, "bin/link"))).toBe("tool");
    expect(readFileSync(join(destination, "bin/tool"), "utf8")).toBe("#!");
  });

  test("that fails half way leaves nothing behind", () => {
    const parent = temporaryDirectory();
    const impossible = {
      kind: "file",
      path: "missing/parent",
      mode: 0o644,
      uid: 0,
      gid: 0,
      content: Buffer.alloc(0),
    } as const;
    const entries = [...example().entries(), impossible];
    expect(() => writeTree(entries, join(parent, "tree"))).toThrow(/ENOENT/);
    expect(readdirSync(parent)).toEqual([]);
  });

  test("leaves a tree alone that is there already", () => {
    const destination = join(temporaryDirectory(), "tree");
    mkdirSync(destination);
    writeTree(example().entries(), destination);
    expect(readdirSync(destination)).toEqual([]);
  });
});

test("what a killed builder left is removed, what a living one writes is not", () => {
  const parent = temporaryDirectory();
  const dead = "tree.999999999-0a1b2c3d.partial";
  const living = `tree.${process.pid}-0a1b2c3d.partial`;
  for (const name of [dead, living, "tree"]) {
    mkdirSync(join(parent, name));
    writeFileSync(join(parent, name, "file"), "");
  }
  removePartialTrees(parent);
  expect(readdirSync(parent).sort()).toEqual(["tree", living].sort());
  expect(lstatSync(join(parent, living)).isDirectory()).toBe(true);
});

describe("trees that no image refers to", () => {
  const HOUR_MS = 3_600_000;
  const OLD = "00000000000000aa";
  const MOUNTED = "00000000000000bb";
  const TABLES = [`30 1 0:30 / /x rw - overlay overlay rw,lowerdir=/cache/trees/${MOUNTED},upperdir=/u`];

  function cacheWithTrees(): string {
    const cache = temporaryDirectory();
    for (const name of [OLD, MOUNTED]) mkdirSync(join(cache, "trees", name), { recursive: true });
    return cache;
  }

  test("are removed when they are old, but not while a mount anywhere names them", () => {
    expect(pruneTrees(cacheWithTrees(), TABLES, Date.now() + 2 * HOUR_MS)).toEqual([OLD]);
  });

  test("stay while they are young, since a start may have found its image and not mounted it yet", () => {
    expect(pruneTrees(cacheWithTrees(), TABLES)).toEqual([]);
  });

  test("stay where the mounts of other processes cannot be seen", () => {
    expect(pruneTrees(cacheWithTrees(), null, Date.now() + 2 * HOUR_MS)).toEqual([]);
  });
});
