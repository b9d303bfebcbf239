/** Which libraries a program needs, on crafted hosts: the rules of ld.so(8), one by one. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TreeBuilder } from "../../runtime/image/entry.ts";
import { addHostBinaries, copyPath } from "../../runtime/image/host-binaries.ts";
import { libraryClosure, libraryPlaces } from "../../runtime/image/libraries.ts";
import { readLoaderCache } from "../../runtime/image/loader-cache.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { type ElfPlan, makeElf } from "./make-elf.ts";

/** A host whose files are ELF files, symbolic links (`→ target`), or text. */
function makeHost(files: Readonly<Record<string, ElfPlan | string>>): string {
  const root = temporaryDirectory();
  for (const [path, what] of Object.entries(files)) {
    const place = join(root, path);
    mkdirSync(dirname(place), { recursive: true });
    if (typeof what !== "string") writeFileSync(place, makeElf(what), { mode: 0o755 });
    else if (what.startsWith("→ ")) symlinkSync(what.slice(2), place);
    else writeFileSync(place, what, { mode: 0o755 });
  }
  return root;
}

const LOADER = "/lib64/ld-linux-x86-64.so.2";

describe("the libraries that a program needs", () => {
  test("are followed from library to library, the loader included, each once", () => {
    const root = makeHost({
      "bin/tool": { interpreter: LOADER, needed: ["liba.so", "libc.so.6"] },
      [LOADER]: {},
      "usr/lib/liba.so": { needed: ["libb.so", "libc.so.6"] },
      "usr/lib/libb.so": { needed: ["liba.so"] },
      "lib/libc.so.6": { needed: ["ld-linux-x86-64.so.2"] },
    });
    const closure = libraryClosure(["/bin/tool"], libraryPlaces(root));
    expect(closure.missing).toEqual([]);
    expect(closure.files).toEqual(["/bin/tool", "/lib/libc.so.6", LOADER, "/usr/lib/liba.so", "/usr/lib/libb.so"]);
  });

  test("that nobody has are named with who needs them", () => {
    const root = makeHost({ "bin/tool": { needed: ["libmissing.so.1"] } });
    expect(libraryClosure(["/bin/tool"], libraryPlaces(root)).missing).toEqual([
      { library: "libmissing.so.1", neededBy: "/bin/tool" },
    ]);
  });

  test("of another machine or word size are passed over, as the loader does", () => {
    const root = makeHost({
      "bin/tool": { needed: ["libx.so"] },
      "lib/x86_64-linux-gnu/libx.so": { machine: 183 },
      "lib64/libx.so": { bits: 32 },
      "usr/lib/libx.so": {},
    });
    expect(libraryClosure(["/bin/tool"], libraryPlaces(root)).files).toContain("/usr/lib/libx.so");
  });

  test("are looked for beside the program where $ORIGIN says so", () => {
    const root = makeHost({
      "opt/app/bin/tool": { needed: ["liba.so"], runpath: "$ORIGIN/../lib:relative" },
      "opt/app/lib/liba.so": {},
      "usr/lib/liba.so": {},
    });
    expect(libraryClosure(["/opt/app/bin/tool"], libraryPlaces(root)).files).toContain("/opt/app/lib/liba.so");
  });

  test("inherit DT_RPATH from who needs them, but not DT_RUNPATH (ld.so(8))", () => {
    const files = {
      "opt/lib/liba.so": { needed: ["libb.so"] },
      "opt/lib/libb.so": {},
    };
    const byRpath = makeHost({ ...files, "bin/tool": { needed: ["liba.so"], rpath: "/opt/lib" } });
    expect(libraryClosure(["/bin/tool"], libraryPlaces(byRpath)).missing).toEqual([]);
    const byRunpath = makeHost({ ...files, "bin/tool": { needed: ["liba.so"], runpath: "/opt/lib" } });
    expect(libraryClosure(["/bin/tool"], libraryPlaces(byRunpath)).missing).toEqual([
      { library: "libb.so", neededBy: "/opt/lib/liba.so" },
    ]);
  });
});

describe("the loader's cache", () => {
  /** A cache in glibc's new format. */
  function makeCache(entries: Readonly<Record<string, string>>): Buffer {
    const names = Object.entries(entries);
    const header = Buffer.alloc(48 + names.length * 24);
    header.write("glibc-ld.so.cache1.1", 0, "latin1");
    header.writeUInt32LE(names.length, 20);
    let strings = "";
    const add = (text: string) => {
      const at = header.length + strings.length;
      strings += `${text}\0`;
      return at;
    };
    names.forEach(([name, path], index) => {
      header.writeUInt32LE(add(name), 48 + index * 24 + 4);
      header.writeUInt32LE(add(path), 48 + index * 24 + 8);
    });
    return Buffer.concat([header, Buffer.from(strings, "latin1")]);
  }

  test("gives the path of a library outside of the default directories", () => {
    const cache = readLoaderCache(makeCache({ "liba.so": "/opt/strange/liba.so" }));
    expect(cache.get("liba.so")).toEqual(["/opt/strange/liba.so"]);
  });

  test("is found behind the old format too", () => {
    const old = Buffer.alloc(16 + 12 + 4);
    old.write("ld.so-1.7.0", 0, "latin1");
    old.writeUInt32LE(1, 12);
    const cache = readLoaderCache(Buffer.concat([old, makeCache({ "liba.so": "/a" })]));
    expect(cache.get("liba.so")).toEqual(["/a"]);
  });

  test("gives nothing, and no error, where it is damaged", () => {
    const whole = makeCache({ "liba.so": "/opt/liba.so", "libb.so": "/opt/libb.so" });
    expect(readLoaderCache(Buffer.from("nothing of the kind")).size).toBe(0);
    fc.assert(
      fc.property(fc.nat(whole.length), fc.nat(whole.length - 1), fc.nat(255), (length, at, value) => {
        const file = Buffer.from(whole.subarray(0, length));
        if (at < length) file[at] = value;
        for (const paths of readLoaderCache(file).values()) for (const path of paths) expect(path).toMatch(/^\//);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("copying from the host", () => {
  test("keeps the links on the way, so that the loader's path means the same inside", () => {
    const root = makeHost({
      lib64: "→ usr/lib64",
      "usr/lib64/ld-linux-x86-64.so.2": "→ ../lib/x86_64-linux-gnu/ld-2.36.so",
      "usr/lib/x86_64-linux-gnu/ld-2.36.so": {},
    });
    const tree = new TreeBuilder();
    copyPath(tree, LOADER, libraryPlaces(root));
    expect(tree.get("lib64")).toMatchObject({ kind: "symlink", target: "usr/lib64" });
    expect(tree.get("usr/lib64/ld-linux-x86-64.so.2")).toMatchObject({ kind: "symlink" });
    expect(tree.get("usr/lib/x86_64-linux-gnu/ld-2.36.so")).toMatchObject({ kind: "file", mode: 0o755 });
  });

  test("gives up on links that lead in a circle", () => {
    const root = makeHost({ "bin/a": "→ b", "bin/b": "→ a" });
    expect(() => copyPath(new TreeBuilder(), "/bin/a", libraryPlaces(root))).toThrow(/too many symbolic links/);
  });

  test("takes the tools that are whole and leaves out scripts and tools with a missing library", () => {
    const root = makeHost({
      "bin/sh": { interpreter: LOADER, needed: ["libc.so.6"] },
      "bin/ls": { needed: ["libgone.so"] },
      "usr/bin/cat": {},
      "usr/bin/ps": "#!/bin/sh\n",
      [LOADER]: {},
      "lib/libc.so.6": {},
    });
    const tree = new TreeBuilder();
    expect(addHostBinaries(tree, libraryPlaces(root))).toEqual(["/bin/sh", "/usr/bin/cat"]);
    expect(tree.get("bin/sh")).toMatchObject({ kind: "file" });
    expect(tree.get("bin/cat")).toMatchObject({ kind: "symlink", target: "/usr/bin/cat" });
    expect(tree.get("lib/libc.so.6")).toMatchObject({ kind: "file" });
  });

  test("says so where the host has no shell", () => {
    expect(() => addHostBinaries(new TreeBuilder(), libraryPlaces(makeHost({ "bin/ls": {} })))).toThrow(/no shell/);
  });
});
