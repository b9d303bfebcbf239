/**
 * The guest's disk: what changes seldom, as an ext4 file system that is mounted read-only. Busybox, Node, npm's packages
 * that tests need, and some of the host's programs with their libraries. Made by mke2fs(8) from a directory, kept in the
 * cache under the hash of what went into it.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { requireProgram } from "../../runtime/bench/programs.ts";
import { findProgram } from "../../runtime/host-program.ts";
import { addBusybox, findStaticBusybox } from "../../runtime/image/busybox.ts";
import { cacheDirectory } from "../../runtime/image/cache.ts";
import { checkoutDirectory } from "../../runtime/image/checkout.ts";
import { TreeBuilder } from "../../runtime/image/entry.ts";
import { copyPath } from "../../runtime/image/host-binaries.ts";
import { libraryClosure, libraryPlaces } from "../../runtime/image/libraries.ts";
import { writeTree } from "../../runtime/image/tree.ts";
import { removeOthers } from "../../runtime/vm/cached-file.ts";
import { packageClosure } from "./packages.ts";

/** What the tests import. */
const PACKAGES = ["vitest", "vite", "fast-check", "zod", "commander"];

/** Busybox's own takes its own programs before those of the search path. */
const SHELL = "dash";

/** Of the host's programs those that busybox has not, or not wholly; what the host does not have is left out. */
const HOST_PROGRAMS = [
  ...["crun", "runc", "mount", "umount", "unshare", "nsenter", "setpriv", "strace", "script", "ip"],
  // Tests look for these where a distribution has them, and busybox lays them elsewhere.
  ...["tar", "cat", "chown", SHELL],
];

/** They change who they are: uid_map(5) is root's to write. */
const SET_ID_PROGRAMS = ["newuidmap", "newgidmap"];

/** Takes descriptors from sockets in tests, which Node cannot; left out where the host has none of the distribution's. */
const PYTHON = "/usr/bin/python3";
const PYTHON_MACHINE_CODE = ["_ctypes"];
const PYTHON_LEFT_OUT = ["idlelib", "lib2to3", "pydoc_data", "test", "tkinter"];

/** systemd as process 1 of a second boot, with its bus; left out where the host has not all of it. */
const SYSTEMD = ["/lib/systemd/systemd", "/usr/bin/systemctl", "/usr/bin/busctl", "/usr/bin/dbus-daemon"];
const BUS_CONFIGURATION = "/usr/share/dbus-1";

const DIRECTORIES = ["carried", "proc", "sys", "dev", "run", "tmp", "var", "root", "node_modules/.bin"];
const PASSWD = `root:x:0:0:root:/root:/bin/sh
messagebus:x:100:102::/nonexistent:/bin/false
nobody:x:65534:65534:nobody:/:/bin/sh
`;
const GROUP = "root:x:0:\ntty:x:5:\nmessagebus:x:102:\nnogroup:x:65534:\n";
/** systemd and its bus want one; the guest's is nobody's. */
const MACHINE_ID = "c".repeat(32);
/** As npm lays it out. */
const NODE_PLACE = `node_modules/node-linux-${process.arch}/bin/node`;
const PREFIX = "v2-disk-";

/**
 * Finds or makes the disk.
 *
 * @returns the path of the file
 * @throws Error naming the program that is missing
 */
export function guestDisk(cache: string = cacheDirectory()): string {
  const parts = collect();
  const path = join(cache, "guest", `${PREFIX}${parts.key}.ext4`);
  if (existsSync(path)) return path;
  mkdirSync(dirname(path), { recursive: true });
  const work = mkdtempSync(join(dirname(path), ".v2-disk-"));
  try {
    const root = join(work, "root");
    writeTree(parts.tree().entries(), root);
    for (const { from, to, without = [] } of parts.copies) {
      const leftOut = new Set(without.map((name) => join(from, name)));
      cpSync(from, join(root, to), {
        recursive: true,
        preserveTimestamps: true,
        filter: (path) => !leftOut.has(path),
      });
    }
    for (const path of parts.setId) chmodSync(join(root, path), 0o4755);
    makeFileSystem(root, join(work, "disk"));
    renameSync(join(work, "disk"), path);
    removeOthers(dirname(path), PREFIX, path);
    return path;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

interface Copy {
  readonly from: string;
  readonly to: string;
  /** Names in it that are not copied. */
  readonly without?: readonly string[];
}

interface Parts {
  readonly key: string;
  readonly tree: () => TreeBuilder;
  readonly copies: readonly Copy[];
  readonly setId: readonly string[];
}

function collect(): Parts {
  const checkout = checkoutDirectory();
  const busybox = findStaticBusybox() ?? requireProgram("busybox", "busybox-static");
  const node = realpathSync(process.execPath);
  const setId = SET_ID_PROGRAMS.flatMap((name) => findProgram(name) ?? []);
  const python = pythonOf();
  const found = HOST_PROGRAMS.flatMap((name) => findProgram(name) ?? []).map((path) => realpathSync(path));
  const hostPrograms = [...found, ...setId, ...python.programs];
  const nodeModules = join(checkout, "node_modules");
  const packages = packageClosure(nodeModules, PACKAGES);
  const systemd = hasSystemd() ? SYSTEMD : [];
  const addons = packages.flatMap((name) => addonsOf(join(nodeModules, name)));
  const programs = libraryClosure([node, ...addons, ...hostPrograms, ...systemd], libraryPlaces()).files;
  const libraries = programs.filter((path) => path !== node && !addons.includes(path));
  const manifests = packages.map((name) => join(nodeModules, name, "package.json"));
  const inputs = [busybox, node, ...libraries, ...manifests, import.meta.filename].map((path) => [
    path,
    ...stamp(path),
  ]);
  return {
    key: createHash("sha256").update(JSON.stringify(inputs)).digest("hex").slice(0, 16),
    copies: [
      { from: node, to: NODE_PLACE },
      ...(systemd.length > 0 ? [{ from: BUS_CONFIGURATION, to: BUS_CONFIGURATION }] : []),
      ...packages.map((name) => ({ from: join(nodeModules, name), to: join("node_modules", name) })),
      ...python.libraries.map((path) => ({ from: path, to: path, without: PYTHON_LEFT_OUT })),
    ],
    setId,
    tree: () => treeOf(busybox, libraries),
  };
}

/** Whether the guest can be booted with systemd: all of it is on the host. */
export function hasSystemd(): boolean {
  return [...SYSTEMD, BUS_CONFIGURATION].every((path) => existsSync(path));
}

interface Python {
  /** The interpreter, and what its modules load of machine code, which has needs of its own. */
  readonly programs: readonly string[];
  readonly libraries: readonly string[];
}

function pythonOf(): Python {
  if (!existsSync(PYTHON)) return { programs: [], libraries: [] };
  const library = join("/usr/lib", basename(realpathSync(PYTHON)));
  const machineCode = join(library, "lib-dynload");
  if (!existsSync(machineCode)) return { programs: [], libraries: [] };
  const modules = PYTHON_MACHINE_CODE.flatMap((name) =>
    readdirSync(machineCode)
      .filter((file) => file.startsWith(`${name}.`))
      .map((file) => join(machineCode, file)),
  );
  return { programs: [PYTHON, ...modules], libraries: [library] };
}

/** What a package brings for Node to load, of glibc's world: it has needs of its own. */
function addonsOf(directory: string): string[] {
  const files = readdirSync(directory, { recursive: true, encoding: "utf8" });
  return files.filter((path) => path.endsWith(".node")).map((path) => join(directory, path));
}

function treeOf(busybox: string, libraries: readonly string[]): TreeBuilder {
  const tree = new TreeBuilder();
  for (const path of DIRECTORIES) tree.directory(path);
  tree.file("etc/passwd", PASSWD);
  tree.file("etc/group", GROUP);
  tree.file("etc/machine-id", MACHINE_ID);
  // Tests lay lists of their own over these.
  for (const list of ["etc/subuid", "etc/subgid"]) tree.file(list, "");
  for (const path of libraries) copyPath(tree, path, libraryPlaces());
  tree.symlink("node_modules/.bin/node", relative("node_modules/.bin", NODE_PLACE));
  if (libraries.some((path) => basename(path) === SHELL)) tree.symlink("bin/sh", `/usr/bin/${SHELL}`);
  addBusybox(tree, busybox);
  return tree;
}

/** A file is taken for the same as long as its content's length and time are. */
function stamp(path: string): [number, number] {
  const { size, mtimeMs } = statSync(path);
  return [size, mtimeMs];
}

/** No journal: the disk is never written to. */
function makeFileSystem(root: string, disk: string): void {
  const bytes = Number(execFileSync("du", ["-s", "--block-size=1", root], { encoding: "utf8" }).split("\t")[0]);
  const blocks = Math.ceil((bytes * 1.1) / 4096) + 4096;
  const program = requireProgram("mke2fs", "e2fsprogs");
  execFileSync(program, ["-q", "-t", "ext4", "-O", "^has_journal", "-b", "4096", "-d", root, disk, String(blocks)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
}
