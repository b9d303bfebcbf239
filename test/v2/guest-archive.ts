/**
 * What changes with every run, as the guest's initial RAM disk: its first program, the drivers, the checkout as it is
 * now with what has been built of it, the image ringside/base, and the command to run.
 */
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requireProgram } from "../../runtime/bench/programs.ts";
import { findStaticBusybox } from "../../runtime/image/busybox.ts";
import { cacheDirectory } from "../../runtime/image/cache.ts";
import { checkoutDirectory } from "../../runtime/image/checkout.ts";
import { BASE_IMAGE, readRecord, recordPath, treesDirectory } from "../../runtime/image/image.ts";
import { type CpioEntry, writeCpio } from "../../runtime/vm/cpio.ts";
import type { GuestKernel } from "../../runtime/vm/guest-files.ts";
import { collectModules } from "../../runtime/vm/modules.ts";
import { C_SOURCES, compile, compiledName, needsCompiler } from "../support/compiled.ts";
import { cacheLinks, fillCompileCache } from "./compile-cache.ts";

/** The disk, its file system, what containers and their networks are made of. */
const MODULES = ["virtio_pci", "virtio_blk", "ext4", "overlay", "veth", "bridge"];

/** Not carried in: what git keeps, what lies on the disk, what no test in the guest reads. */
const LEFT_OUT = new Set([
  ...[".git", "node_modules", "native/build", "assets", "web", "lessons", "docs"],
  ...["dist/web", "dist/chunks", "dist/.compiled", "dist/.stamps"],
]);
/** Of what has been built, the programs and the addon, and not their parts. */
const BUILT = /^(ringside\.node|ringside-[a-z-]+)$/;
const PLACE = "carried";

export interface GuestCommand {
  /** What the guest's shell is to run in the checkout. */
  readonly command: string;
  /** As a unit of systemd, which then is process 1. */
  readonly systemd: boolean;
}

/**
 * Makes the archive.
 *
 * @throws Error when the image has not been made or the kernel lacks a driver
 */
export function guestArchive(kernel: GuestKernel, { command, systemd }: GuestCommand): Uint8Array {
  const checkout = checkoutDirectory();
  if (!existsSync(join(checkout, "dist/cli.js"))) throw new Error("there is no dist/cli.js; npm run build");
  fillCompileCache();
  const busybox = findStaticBusybox() ?? requireProgram("busybox", "busybox-static");
  return writeCpio([
    ...["bin", "proc", "sys", "dev", "disk", "modules", PLACE].map(directory),
    { kind: "device", path: "dev/console", mode: 0o600, major: 5, minor: 1 },
    { kind: "file", path: "bin/busybox", mode: 0o755, data: readFileSync(busybox) },
    { kind: "file", path: "init", mode: 0o755, data: readFileSync(join(import.meta.dirname, "guest/init.sh")) },
    ...moduleEntries(kernel),
    file(`${PLACE}/command`, command),
    ...(systemd ? [file(`${PLACE}/systemd`, "")] : []),
    ...checkoutEntries(checkout),
    ...imageEntries(),
    ...programEntries(),
  ]);
}

function directory(path: string): CpioEntry {
  return { kind: "directory", path, mode: 0o755 };
}

function file(path: string, text: string): CpioEntry {
  return { kind: "file", path, mode: 0o644, data: Buffer.from(text) };
}

/** The number before the name is the order of loading. */
function moduleEntries(kernel: GuestKernel): CpioEntry[] {
  const modules = collectModules(join(cacheDirectory(), "guest-kernel/modules", kernel.version), MODULES);
  return modules.map(({ name, content }, position) => ({
    kind: "file",
    path: `modules/${String(position).padStart(2, "0")}-${name}.ko`,
    mode: 0o644,
    data: content,
  }));
}

function checkoutEntries(checkout: string): CpioEntry[] {
  const built = "native/build/Release";
  return [
    ...treeEntries(checkout, `${PLACE}/checkout`, (path) => !LEFT_OUT.has(path)),
    ...cacheLinks().map(
      ({ path, target }): CpioEntry => ({ kind: "symlink", path: `${PLACE}/checkout/${path}`, target }),
    ),
    ...["native/build", built, "node_modules"].map((path) => directory(`${PLACE}/checkout/${path}`)),
    ...treeEntries(join(checkout, built), `${PLACE}/checkout/${built}`, (path) => BUILT.test(path)).slice(1),
  ];
}

function imageEntries(): CpioEntry[] {
  const record = readRecord(BASE_IMAGE);
  if (record === undefined) throw new Error(`the image ${BASE_IMAGE} has not been made; ./ringside image build`);
  const name = recordPath(BASE_IMAGE, "").replace(/^\//, "");
  return [
    ...["cache", "cache/images", "cache/trees"].map((path) => directory(`${PLACE}/${path}`)),
    file(`${PLACE}/cache/${name}`, readFileSync(recordPath(BASE_IMAGE), "utf8")),
    ...treeEntries(join(treesDirectory(), record.tree), `${PLACE}/cache/trees/${record.tree}`, () => true),
  ];
}

/** What tests have in C: the guest has no compiler. */
function programEntries(): CpioEntry[] {
  if (needsCompiler() !== undefined) return [];
  const place = mkdtempSync(join(tmpdir(), "ringside-compiled-"));
  try {
    const programs = C_SOURCES.map((source): CpioEntry => {
      const path = join(place, compiledName(source));
      compile(source, path);
      return { kind: "file", path: `${PLACE}/compiled/${compiledName(source)}`, mode: 0o755, data: readFileSync(path) };
    });
    return [directory(`${PLACE}/compiled`), ...programs];
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** A directory of the host with all below it, and where it goes; `takes` is asked with paths below it. */
function treeEntries(source: string, place: string, takes: (path: string) => boolean): CpioEntry[] {
  const add = (inner: string): CpioEntry[] => {
    const path = join(source, inner);
    const status = lstatSync(path);
    const at = { path: inner === "" ? place : `${place}/${inner}`, mode: status.mode & 0o7777 };
    if (status.isSymbolicLink()) return [{ kind: "symlink", path: at.path, target: readlinkSync(path) }];
    if (status.isFile()) return [{ kind: "file", ...at, data: readFileSync(path) }];
    if (!status.isDirectory()) return [];
    const names = readdirSync(path).map((name) => (inner === "" ? name : `${inner}/${name}`));
    return [{ kind: "directory", ...at }, ...names.filter(takes).sort().flatMap(add)];
  };
  return add("");
}
