/**
 * What a guest boots from: the kernel that the set-up has put into the cache, and an initial RAM disk made of an image's
 * root file system and our init.
 *
 * Measured with Debian's cloud kernels under emulation, QEMU 7.2 (CPU seconds of a guest's whole life, busy host): 6.12
 * takes 1.8 and 6.1 takes 1.3. The difference is how they are packed: to unpack zstd costs the emulated processor 0.7 s,
 * LZ4 0.2 s. The archive is therefore not packed at all: 3.7 MB are copied faster than anything can be unpacked.
 *
 * An ELF kernel started by its PVH entry needs no unpacking (1.2 and 1.05), and was given up all the same: now and then
 * such a guest hangs. Suspected, and not shown: QEMU's firmware for it reads the kernel's header to address 0, over its
 * own interrupt vectors.
 */
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, readdirSync, readFileSync } from "node:fs";
import { release } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import { nativeProgram } from "../../native/kernel.ts";
import { RingsideError } from "../error.ts";
import { cacheDirectory } from "../image/cache.ts";
import type { Image } from "../image/image.ts";
import { cachedFile, removeOthers } from "./cached-file.ts";
import { type CpioEntry, writeCpio } from "./cpio.ts";
import { imageEntries } from "./image-entries.ts";
import { kernelOfFile } from "./kernel-file.ts";

export interface GuestKernel {
  readonly version: string;
  readonly path: string;
  /** Where its modules lie; /lib/modules/VERSION unless given. */
  readonly modulesDirectory?: string;
}

export interface GuestFiles {
  readonly kernel: GuestKernel;
  /** The archive that is the same for every start from this image. */
  readonly initramfs: string;
}

const versionSchema = z.object({ version: z.string() });

const KERNEL_FIX = "node set-up.mjs vm";
const EXECUTABLE = 0o755;
const DEVICE_CONSOLE = { major: 5, minor: 1 } as const;

/**
 * Finds or makes both.
 *
 * @param image whose root file system the guest gets; undefined for a guest with nothing but our init
 * @param kernelFile another kernel than the one that the set-up has fetched
 * @throws RingsideError when there is no kernel, or our init has not been built
 */
export function guestFiles(
  image: Image | undefined,
  kernelFile?: string,
  cache: string = cacheDirectory(),
): GuestFiles {
  const kernel = kernelFile === undefined ? guestKernel(cache) : kernelOfFile(kernelFile);
  return { kernel, initramfs: baseInitramfs(image, cache) };
}

/**
 * Finds the guest's kernel.
 *
 * @throws RingsideError when there is none
 */
export function guestKernel(cache: string = cacheDirectory()): GuestKernel {
  const found = downloadedKernel(cache) ?? hostKernel();
  if (found === undefined) {
    throw new RingsideError(
      `there is no kernel for virtual machines in ${join(cache, "guest-kernel")}, and none in /boot can be read`,
      {
        fix: KERNEL_FIX,
      },
    );
  }
  return found;
}

function downloadedKernel(cache: string): GuestKernel | undefined {
  const path = join(cache, "guest-kernel/vmlinuz");
  try {
    const { version } = versionSchema.parse(JSON.parse(readFileSync(join(cache, "guest-kernel/version.json"), "utf8")));
    const modulesDirectory = join(cache, "guest-kernel/modules", version);
    return existsSync(path) ? { version, path, modulesDirectory } : undefined;
  } catch {
    return undefined;
  }
}

/** The host's own kernel first, then the newest by name that may be read. */
function hostKernel(): GuestKernel | undefined {
  let names: string[] = [];
  try {
    names = readdirSync("/boot").filter((name) => name.startsWith("vmlinuz-"));
  } catch {
    return undefined;
  }
  const own = `vmlinuz-${release()}`;
  const ordered = names.sort((a, b) => (a === own ? -1 : b === own ? 1 : b.localeCompare(a, "en", { numeric: true })));
  const name = ordered.find((candidate) => isReadable(join("/boot", candidate)));
  return name === undefined ? undefined : { version: name.slice("vmlinuz-".length), path: join("/boot", name) };
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** The archive for an image: kept by the image's id and the init's content. */
function baseInitramfs(image: Image | undefined, cache: string): string {
  const initPath = nativeProgram("ringside-init");
  if (initPath === undefined) {
    throw new RingsideError("the guest's init, native/build/Release/ringside-init, has not been built", {
      fix: "npm run build",
    });
  }
  const init = readFileSync(initPath);
  const key = createHash("sha256")
    .update(image?.id ?? "")
    .update(init)
    .digest("hex")
    .slice(0, 16);
  const prefix = `initramfs-${image === undefined ? "init-only" : encodeURIComponent(image.name)}-`;
  const path = join(cache, "guest", `${prefix}${key}.cpio`);
  const isNew = !existsSync(path);
  cachedFile(path, () => writeCpio(guestEntries(image, init)));
  if (isNew) removeOthers(dirname(path), prefix, path);
  return path;
}

/** The image's files, and what the kernel needs before init has mounted anything: a console and a place for the init. */
function guestEntries(image: Image | undefined, init: Uint8Array): CpioEntry[] {
  const fromImage = image === undefined ? [] : imageEntries(image.lowerDirectories);
  const there = new Set(fromImage.map(({ path }) => path));
  const directories = ["dev", "proc", "sys", "tmp", "run"].filter((path) => !there.has(path));
  return [
    ...fromImage,
    ...directories.map((path): CpioEntry => ({ kind: "directory", path, mode: EXECUTABLE })),
    { kind: "device", path: "dev/console", mode: 0o600, ...DEVICE_CONSOLE },
    { kind: "directory", path: "ringside", mode: 0o700 },
    { kind: "file", path: "ringside/init", mode: EXECUTABLE, data: init },
  ];
}
