/**
 * The drivers that a guest's kernel has as modules, in the order in which they have to be loaded: what a module needs is
 * in its section .modinfo, `depends=` (modinfo(8)); packages carry no modules.dep, which depmod(8) makes at install.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { RingsideError, reasonOf } from "../error.ts";
import { findProgram } from "../host-program.ts";

export interface KernelModule {
  readonly name: string;
  readonly content: Uint8Array;
}

const MODULE_FILE = /^(.+)\.ko(\.xz|\.zst)?$/;
const MOST_MODULE_BYTES = 64 * 1024 ** 2;

/** What the end of a signed module says: Documentation/admin-guide/module-signing.rst of the kernel. */
const SIGNATURE_MARK = "~Module signature appended~\n";
/** struct module_signature: its last four bytes are the length of the signature before it, most significant first. */
const SIGNATURE_INFO_BYTES = 12;

/**
 * Reads modules with all that they need.
 *
 * @param directory of one kernel: …/modules/VERSION
 * @param names with underscores; those that are built into the kernel are passed over
 * @returns each after what it needs
 * @throws RingsideError when the kernel has a module neither as a file nor built in, or it cannot be unpacked
 */
export function collectModules(directory: string, names: readonly string[]): KernelModule[] {
  if (names.length === 0) return [];
  const files = moduleFiles(directory);
  const builtIn = builtInModules(directory);
  const found = new Map<string, KernelModule>();
  const visit = (name: string): void => {
    if (found.has(name) || builtIn.has(name)) return;
    const path = files.get(name);
    if (path === undefined) {
      throw new RingsideError(`the guest's kernel (${basename(directory)}) has no driver ${name}`, {
        fix: "node set-up.mjs vm, which fetches a kernel with its drivers",
      });
    }
    const content = readModule(path);
    for (const needed of dependenciesOf(content)) visit(needed);
    found.set(name, { name, content });
  };
  for (const name of names) visit(name);
  return [...found.values()];
}

/**
 * Takes the signature off a module. A kernel that does not insist on signatures, as distributions' do not without Secure
 * Boot, would else check it, which takes an emulated processor longer than all the rest of loading it.
 *
 * @returns the module itself; unchanged where it carries none
 */
export function withoutSignature(module: Uint8Array): Uint8Array {
  const bytes = Buffer.from(module.buffer, module.byteOffset, module.byteLength);
  const mark = bytes.length - SIGNATURE_MARK.length;
  if (mark < SIGNATURE_INFO_BYTES || bytes.toString("latin1", mark) !== SIGNATURE_MARK) return module;
  const end = mark - SIGNATURE_INFO_BYTES - bytes.readUInt32BE(mark - 4);
  return end > 0 ? module.subarray(0, end) : module;
}

/** File names may have dashes where the module's name has underscores. */
function nameOf(file: string): string | undefined {
  return MODULE_FILE.exec(basename(file))?.[1]?.replaceAll("-", "_");
}

function moduleFiles(directory: string): Map<string, string> {
  const inside = existsSync(directory) ? readdirSync(directory, { recursive: true, encoding: "utf8" }) : [];
  return new Map(
    inside.flatMap((path) => {
      const name = nameOf(path);
      return name === undefined ? [] : [[name, join(directory, path)]];
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
  const busybox = findProgram("busybox");
  if (busybox === undefined) {
    throw new RingsideError(`cannot unpack the driver ${path}: busybox is not installed`, {
      fix: "apt-get install busybox-static",
    });
  }
  try {
    return execFileSync(busybox, ["unxz", "-c", path], { maxBuffer: MOST_MODULE_BYTES });
  } catch (cause) {
    throw new RingsideError(`cannot unpack the driver ${path}: ${reasonOf(cause)}`, {
      cause,
      fix: "node set-up.mjs vm",
    });
  }
}

function dependenciesOf(module: Uint8Array): string[] {
  const [, list = ""] = /\0depends=([^\0]*)\0/.exec(Buffer.from(module).toString("latin1")) ?? [];
  return list.split(",").filter((name) => name !== "");
}
