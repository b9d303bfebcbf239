/**
 * Finds every library that a program needs, as the dynamic loader would: DT_RPATH, DT_RUNPATH, the loader's cache, the
 * default directories; ld.so(8). Nothing is executed, since `ldd` may run the program that it is asked about.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Elf, ElfError, readElf } from "./elf.ts";
import { readLoaderCache } from "./loader-cache.ts";

/** Debian's multiarch names of the machines that Ringside runs on, by e_machine. */
const MULTIARCH: Readonly<Record<number, string>> = { 62: "x86_64-linux-gnu", 183: "aarch64-linux-gnu" };

/** Where libraries are looked for: any tree of files. */
export interface LibrarySearch {
  /** @returns the bytes of a file, undefined where there is none */
  readonly read: (path: string) => Uint8Array | undefined;
  readonly cache: ReadonlyMap<string, readonly string[]>;
  /** Directories before all others: LD_LIBRARY_PATH. */
  readonly first?: readonly string[];
}

/** The libraries of a host. */
export interface LibraryPlaces extends LibrarySearch {
  /** Where the host's files lie; "/" but in tests. */
  readonly root: string;
}

export interface Closure {
  /** Paths as a program on the host would name them, without the root; loaders included. */
  readonly files: readonly string[];
  /** Libraries that nothing on this host provides, with who needs them. */
  readonly missing: readonly { readonly library: string; readonly neededBy: string }[];
}

/** @returns where libraries are looked for on the host that lies at `root` */
export function libraryPlaces(root = "/"): LibraryPlaces {
  const path = join(root, "etc/ld.so.cache");
  const read = (file: string): Uint8Array | undefined => {
    try {
      return readFileSync(join(root, file));
    } catch {
      return undefined;
    }
  };
  return { root, read, cache: existsSync(path) ? readLoaderCache(readFileSync(path)) : new Map() };
}

/**
 * Follows the needs of programs until nothing new is found.
 *
 * @throws ElfError where one of the programs is not an ELF file that can be read
 */
export function libraryClosure(programs: readonly string[], places: LibrarySearch): Closure {
  const files = new Set<string>();
  const missing: { library: string; neededBy: string }[] = [];
  const waiting = programs.map((path) => ({ path, inherited: [] as readonly string[] }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (files.has(next.path)) continue;
    files.add(next.path);
    const elf = readElf(places.read(next.path) ?? new Uint8Array());
    // A library may name a loader too (glibc's own can be executed); it is the program's that counts.
    const isLoaderThere = elf.interpreter !== undefined && places.read(elf.interpreter) !== undefined;
    if (elf.interpreter !== undefined && (isLoaderThere || programs.includes(next.path))) {
      waiting.push({ path: elf.interpreter, inherited: [] });
    }
    // A library's DT_RPATH holds for what it needs in turn, DT_RUNPATH does not: ld.so(8).
    const own = elf.runpath.length > 0 ? [] : expand(elf.rpath, next.path, elf);
    const inherited = [...own, ...next.inherited];
    for (const library of elf.needed) {
      const path = findLibrary(library, next.path, elf, inherited, places);
      if (path === undefined) missing.push({ library, neededBy: next.path });
      else waiting.push({ path, inherited });
    }
  }
  return { files: [...files].sort(), missing };
}

function findLibrary(
  library: string,
  neededBy: string,
  elf: Elf,
  inherited: readonly string[],
  places: LibrarySearch,
): string | undefined {
  if (library.includes("/")) return fits(library, elf, places) ? library : undefined;
  const own = elf.runpath.length > 0 ? [] : inherited;
  const directories = [...own, ...(places.first ?? []), ...expand(elf.runpath, neededBy, elf)];
  const candidates = [
    ...directories.map((directory) => join(directory, library)),
    ...(places.cache.get(library) ?? []),
    ...defaultDirectories(elf).map((directory) => join(directory, library)),
  ];
  return candidates.find((candidate) => fits(candidate, elf, places));
}

/** The loader passes over a library for another machine, for example a 32-bit one of the same name. */
function fits(path: string, elf: Elf, places: LibrarySearch): boolean {
  const bytes = places.read(path);
  if (bytes === undefined) return false;
  try {
    const library = readElf(bytes);
    return library.bits === elf.bits && library.machine === elf.machine;
  } catch (error) {
    if (error instanceof ElfError) return false;
    throw error;
  }
}

function defaultDirectories(elf: Elf): string[] {
  const multiarch = MULTIARCH[elf.machine];
  const wide = elf.bits === 64 ? ["/lib64", "/usr/lib64"] : [];
  const debian = multiarch === undefined ? [] : [`/lib/${multiarch}`, `/usr/lib/${multiarch}`];
  return [...debian, ...wide, "/lib", "/usr/lib", "/usr/local/lib"];
}

/** Expands the loader's tokens. Relative directories are left out: they depend on where the program is started. */
function expand(directories: readonly string[], path: string, elf: Elf): string[] {
  const tokens: Readonly<Record<string, string>> = { ORIGIN: dirname(path), LIB: elf.bits === 64 ? "lib64" : "lib" };
  return directories
    .map((directory) => directory.replace(/\$(?:\{(ORIGIN|LIB)\}|(ORIGIN|LIB))/g, (_, a, b) => tokens[a ?? b] ?? ""))
    .filter((directory) => directory.startsWith("/"));
}
