/** Which shared library a program lacks: what its loader looked for and did not find (ld.so(8)). */
import { ElfError, isElf } from "../../image/elf.ts";
import { type Closure, type LibrarySearch, libraryClosure } from "../../image/libraries.ts";
import { readLoaderCache } from "../../image/loader-cache.ts";
import type { Finding } from "./finding.ts";
import { findProgram, interpreterLine, type ProgramFacts } from "./program.ts";
import type { RootView } from "./root-view.ts";

function libraryPath(env: readonly string[]): string[] {
  const value = env.findLast((entry) => entry.startsWith("LD_LIBRARY_PATH="))?.slice("LD_LIBRARY_PATH=".length) ?? "";
  return value.split(/[:;]/).filter((directory) => directory.startsWith("/"));
}

/**
 * @returns the first library that the program, or the interpreter of a script, needs and nothing in the root provides
 */
export function examineLibraries(view: RootView, facts: ProgramFacts): Finding | undefined {
  const { path, look } = findProgram(view, facts);
  if (look.kind !== "file") return undefined;
  const bytes = view.read(path) ?? new Uint8Array();
  const script = interpreterLine(bytes);
  if (script !== undefined) {
    const [program = ""] = /(^|\/)env$/.test(script.interpreter) ? script.argument.split(" ") : [script.interpreter];
    return program === "" ? undefined : examineLibraries(view, { ...facts, args: [program] });
  }
  if (!isElf(bytes)) return undefined;
  const read = (file: string): Uint8Array | undefined => view.read(file);
  const cache = readLoaderCache(view.read("/etc/ld.so.cache") ?? new Uint8Array());
  const lacking = firstMissing(path, { read, cache, first: libraryPath(facts.env) });
  if (lacking === undefined) return undefined;
  const { library, neededBy } = lacking;
  return {
    kind: "library-missing",
    sentence: `${neededBy} needs the shared library ${library}, which is nowhere that its loader looks`,
    path: library,
    fix: `add the package with ${library} to the image, or name its directory in LD_LIBRARY_PATH`,
  };
}

function firstMissing(path: string, search: LibrarySearch): Closure["missing"][number] | undefined {
  try {
    return libraryClosure([path], search).missing[0];
  } catch (error) {
    // A damaged program needs nothing that could be named.
    if (error instanceof ElfError) return undefined;
    throw error;
  }
}

/** @returns what a script's `#!/usr/bin/env NAME` asked for and did not find */
export function examineEnvScript(view: RootView, facts: ProgramFacts): Finding | undefined {
  const { path, look } = findProgram(view, facts);
  const line = look.kind === "file" ? interpreterLine(view.read(path) ?? new Uint8Array()) : undefined;
  if (line === undefined || !/(^|\/)env$/.test(line.interpreter)) return undefined;
  const [program = ""] = line.argument.replace(/^-S\s*/, "").split(" ");
  if (line.endsWithReturn) {
    const sentence = `the lines of ${path} end with CR LF, as on Windows, so env looks for a program "${program}\\r"`;
    return { kind: "carriage-return", sentence, path, fix: `sed -i 's/\\r$//' ${path}` };
  }
  if (findProgram(view, { ...facts, args: [program] }).look.kind === "file") return undefined;
  const sentence = `the first line of ${path} asks env for ${program}, which is not in $PATH`;
  return { kind: "interpreter-missing", sentence, path: program, fix: "use an image that has it, or another one" };
}
