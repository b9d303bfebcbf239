/**
 * The drivers that the guest's kernel has as modules, in the order in which they have to be loaded: what a module needs
 * is in its section .modinfo, `depends=` (modinfo(8)); packages carry no modules.dep, which depmod(8) makes at install.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { requireProgram } from "../../runtime/bench/programs.ts";

export interface KernelModule {
  readonly name: string;
  readonly content: Uint8Array;
}

const MODULE_FILE = /^(.+)\.ko(\.xz|\.zst)?$/;
const MOST_MODULE_BYTES = 64 * 1024 ** 2;

/**
 * Reads modules with all that they need.
 *
 * @param directory of one kernel: …/modules/VERSION
 * @param names with underscores; those that are built into the kernel are passed over
 * @returns each after what it needs
 * @throws Error when the kernel has a module neither as a file nor built in
 */
export function collectModules(directory: string, names: readonly string[]): KernelModule[] {
  const files = moduleFiles(directory);
  const builtIn = builtInModules(directory);
  const found = new Map<string, KernelModule>();
  const visit = (name: string): void => {
    if (found.has(name) || builtIn.has(name)) return;
    const path = files.get(name);
    if (path === undefined) throw new Error(`the guest's kernel (${basename(directory)}) has no module ${name}`);
    const content = readModule(path);
    for (const needed of dependenciesOf(content)) visit(needed);
    found.set(name, { name, content });
  };
  for (const name of names) visit(name);
  return [...found.values()];
}

/** File names may have dashes where the module's name has underscores. */
function nameOf(file: string): string | undefined {
  return MODULE_FILE.exec(basename(file))?.[1]?.replaceAll("-", "_");
}

function moduleFiles(directory: string): Map<string, string> {
  const paths = readdirSync(directory, { recursive: true, encoding: "utf8" }).map((path) => join(directory, path));
  return new Map(
    paths.flatMap((path) => {
      const name = nameOf(path);
      return name === undefined ? [] : [[name, path]];
    }),
  );
}

function builtInModules(directory: string): Set<string> {
  const list = join(directory, "modules.builtin");
  const lines = existsSync(list) ? readFileSync(list, "utf8").split("\n") : [];
  return new Set(lines.flatMap((line) => nameOf(line) ?? []));
}

function readModule(path: string): Uint8Array {
  if (path.endsWith(".zst")) return zstdDecompressSync(readFileSync(path));
  if (!path.endsWith(".xz")) return readFileSync(path);
  const busybox = requireProgram("busybox", "busybox-static");
  return execFileSync(busybox, ["unxz", "-c", path], { maxBuffer: MOST_MODULE_BYTES });
}

function dependenciesOf(module: Uint8Array): string[] {
  const [, list = ""] = /\0depends=([^\0]*)\0/.exec(Buffer.from(module).toString("latin1")) ?? [];
  return list.split(",").filter((name) => name !== "");
}
