/**
 * The image `ringside/inside`: Ringside itself, with the default image to make containers of. It is meant for a virtual
 * machine, whose kernel then has containers of its own: `ringside vm run -it ringside/inside`, and there `ringside run`.
 *
 * Nothing is downloaded: Node and its libraries, the bundle of the command line, the launcher, the addon and the default
 * image are those of this machine.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RingsideError } from "../error.ts";
import { addBusybox, findStaticBusybox } from "./busybox.ts";
import { cacheDirectory } from "./cache.ts";
import { checkoutDirectory } from "./checkout.ts";
import { addDirectory } from "./copy-directory.ts";
import { TreeBuilder } from "./entry.ts";
import { copyPath } from "./host-binaries.ts";
import { BASE_CONFIG, BASE_IMAGE, findImage, type Image, readRecord, recordPath, treesDirectory } from "./image.ts";
import { libraryClosure, libraryPlaces } from "./libraries.ts";
import { addSkeleton } from "./skeleton.ts";
import { imageInput, writeImage } from "./write-image.ts";

export const INSIDE_IMAGE = "ringside/inside";

/** Where everything of Ringside lies in it. */
const PLACE = "opt/ringside";
const CACHE = "var/cache/ringside";
const PROGRAMS = ["ringside-launcher", "ringside.node", "ringside-oci"];
/** Each loads what it could need, so that its code is compiled once and here: emulated, that takes many seconds. */
const COMPILED = [["run", "--help"], ["ps"], ["exec", "--help"], ["kill", "--help"], ["image", "ls"]];
const PORTABLE = { NODE_COMPILE_CACHE_PORTABLE: "1" } as const;

const COMMAND = `#!/bin/sh
exec /${PLACE}/bin/node --v8-pool-size=0 -- /${PLACE}/dist/cli.js "$@"
`;

/** What a system's own init would mount: cgroup v2, with every controller handed on. */
const ENTRY = `#!/bin/sh
if [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then
  mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 /sys/fs/cgroup
fi
mkdir -p /sys/fs/cgroup/init
for process in $(cat /sys/fs/cgroup/cgroup.procs); do echo "$process" >/sys/fs/cgroup/init/cgroup.procs 2>/dev/null; done
for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
  echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null
done
exec "$@"
`;

/**
 * Makes the image, or finds that what is there was made from the same files.
 *
 * @throws RingsideError naming what has not been built, or is not installed
 */
export function buildInsideImage(cache: string = cacheDirectory()): Image {
  const parts = requireParts(cache);
  const known = readRecord(INSIDE_IMAGE, cache);
  const inputs = parts.files.map(imageInput);
  const found = findImage(INSIDE_IMAGE, cache);
  if (found !== undefined && JSON.stringify(known?.inputs) === JSON.stringify(inputs)) return found;
  const tree = new TreeBuilder();
  addSkeleton(tree);
  addBusybox(tree, parts.busybox);
  addRingside(tree, parts);
  addBaseImage(tree, cache);
  tree.file("usr/local/bin/ringside", COMMAND, { mode: 0o755 });
  tree.file("sbin/inside", ENTRY, { mode: 0o755 });
  return writeImage(cache, {
    name: INSIDE_IMAGE,
    tree,
    config: {
      ...BASE_CONFIG,
      env: [...BASE_CONFIG.env, `RINGSIDE_CACHE=/${CACHE}`, ...Object.entries(PORTABLE).map((pair) => pair.join("="))],
      entrypoint: ["/sbin/inside"],
    },
    builtFrom: `this Ringside, Node ${process.version} and ${BASE_IMAGE}`,
    inputs,
  });
}

interface Parts {
  readonly checkout: string;
  readonly node: string;
  readonly busybox: string;
  readonly libraries: readonly string[];
  readonly bundle: readonly string[];
  /** Everything that it is made from; when one changes, it is made again. */
  readonly files: readonly string[];
}

function requireParts(cache: string): Parts {
  const checkout = checkoutDirectory();
  const busybox = findStaticBusybox();
  if (busybox === undefined) throw missing("a static busybox", "apt-get install busybox-static");
  const programs = PROGRAMS.map((name) => join(checkout, "native/build/Release", name));
  const bundle = bundleFiles(join(checkout, "dist"));
  const absent = [...programs, join(checkout, "dist/cli.js")].find((path) => !existsSync(path));
  if (absent !== undefined) throw missing(absent, "npm run build");
  if (findImage(BASE_IMAGE, cache) === undefined) throw missing(`the image ${BASE_IMAGE}`, "ringside image build");
  const node = realpathSync(process.execPath);
  const addon = join(checkout, "native/build/Release/ringside.node");
  const libraries = libraryClosure([node, addon], libraryPlaces()).files.filter(
    (path) => path !== node && path !== addon,
  );
  const files = [node, busybox, ...programs, ...bundle, ...libraries, recordPath(BASE_IMAGE, cache)];
  return { checkout, node, busybox, libraries, bundle, files };
}

function missing(what: string, fix: string): RingsideError {
  return new RingsideError(`cannot make ${INSIDE_IMAGE}: ${what} is not there`, { fix });
}

/** The command line's own; the pages and what they share lie in directories. */
function bundleFiles(dist: string): string[] {
  if (!existsSync(dist)) return [];
  return readdirSync(dist)
    .filter((name) => /^((cli|oci).*\.js|package\.json)$/.test(name))
    .sort()
    .map((name) => join(dist, name));
}

function addRingside(tree: TreeBuilder, { checkout, node, libraries, bundle }: Parts): void {
  tree.file(`${PLACE}/bin/node`, readFileSync(node), { mode: 0o755 });
  for (const path of libraries) copyPath(tree, path, libraryPlaces());
  tree.file(`${PLACE}/package.json`, readFileSync(join(checkout, "package.json")));
  for (const name of PROGRAMS) {
    const path = join("native/build/Release", name);
    tree.file(`${PLACE}/${path}`, readFileSync(join(checkout, path)), { mode: 0o755 });
  }
  withCompiledBundle(node, bundle, (dist) => addDirectory(tree, dist, `${PLACE}/dist`));
}

/** A copy of the bundle with what V8 makes of it, in names that do not depend on the place (node(1)). */
function withCompiledBundle(node: string, bundle: readonly string[], use: (dist: string) => void): void {
  const work = mkdtempSync(join(tmpdir(), "ringside-inside-"));
  try {
    const dist = join(work, "dist");
    for (const path of bundle) cpSync(path, join(dist, path.slice(path.lastIndexOf("/") + 1)));
    for (const args of COMPILED) {
      const env = { ...process.env, ...PORTABLE };
      // How it ends is of no interest: it is to be compiled.
      spawnSync(node, ["--v8-pool-size=0", "--", join(dist, "cli.js"), ...args], { env, stdio: "ignore" });
    }
    use(dist);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function addBaseImage(tree: TreeBuilder, cache: string): void {
  const record = readRecord(BASE_IMAGE, cache);
  if (record === undefined) throw missing(`the image ${BASE_IMAGE}`, "ringside image build");
  tree.file(`${CACHE}/images/${encodeURIComponent(BASE_IMAGE)}.json`, readFileSync(recordPath(BASE_IMAGE, cache)));
  addDirectory(tree, join(treesDirectory(cache), record.tree), `${CACHE}/trees/${record.tree}`);
}
