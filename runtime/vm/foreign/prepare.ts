/** What is decided upon before a guest of another processor is started, and what of a machine's options it has not got. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { monotonicNs } from "../../../native/kernel.ts";
import { newId } from "../../container/new-id.ts";
import { RingsideError } from "../../error.ts";
import { cacheDirectory } from "../../image/cache.ts";
import { FOREIGN_FIX, type ForeignArchitecture, foreignDirectory, foreignImageName } from "../../image/foreign.ts";
import { findImage, type Image } from "../../image/image.ts";
import { newNonce } from "../boot.ts";
import { cachedFile, removeOthers } from "../cached-file.ts";
import { type CpioEntry, writeCpio } from "../cpio.ts";
import type { GuestFiles } from "../guest-files.ts";
import { imageEntries } from "../image-entries.ts";
import { checkMemory, DEFAULT_BOOT_TIMEOUT_MS, DEFAULT_MEMORY_BYTES, type VmOptions } from "../options.ts";
import { type PreparedVm, runOf } from "../prepare.ts";
import { s390xVmm } from "../vmm/s390x.ts";
import { FOREIGN_MACHINE } from "../vmm.ts";
import { requireForeignQemu } from "./qemu.ts";

const versionSchema = z.object({ version: z.string() });

/** @throws RingsideError where an option was given that needs our own init, a driver, or the host's processor */
function checkOptions(options: VmOptions, architecture: ForeignArchitecture): void {
  const refused: readonly (readonly [asked: boolean, what: string])[] = [
    [options.network !== undefined, "publish ports (-p)"],
    [options.root !== undefined && options.root !== "initramfs", `have ${options.root} as its root file system`],
    [options.accelerator === "kvm", "run on KVM, which has the host's processor"],
    [options.console === "virtio", "have a virtio console"],
    [options.terminal === undefined && options.input === true, "read input without a terminal (-i without -t)"],
    [options.kernel !== undefined, "boot another kernel than the one that the set-up fetches"],
  ];
  const found = refused.find(([asked]) => asked);
  if (found === undefined) return;
  throw new RingsideError(`a virtual machine of ${architecture} cannot ${found[1]}`, { fix: "leave that option out" });
}

/**
 * Decides upon everything, as prepare.ts does for the host's own processor.
 *
 * @throws RingsideError saying what was wrong with the options, or what the host lacks
 */
export function prepareForeignVm(options: VmOptions, architecture: ForeignArchitecture): PreparedVm {
  checkOptions(options, architecture);
  const { version } = requireForeignQemu(architecture);
  const image = requireForeignImage(options.image, architecture);
  const files = foreignFiles(image, architecture);
  const memoryBytes = options.memoryBytes ?? DEFAULT_MEMORY_BYTES;
  checkMemory(memoryBytes, readFileSync(files.initramfs).length);
  const id = newId();
  const run = runOf(options, image, options.hostname ?? id);
  if (run.user !== 0) {
    throw new RingsideError(`a virtual machine of ${architecture} runs its program as root, not as user ${run.user}`, {
      fix: "leave out -u",
    });
  }
  return {
    id,
    name: options.name ?? id,
    createdAt: new Date().toISOString(),
    image: options.image,
    vmm: s390xVmm,
    vmmVersion: version,
    machine: FOREIGN_MACHINE,
    verdict: { accelerator: "tcg", reason: `no ${architecture} processor is here: every instruction is emulated` },
    memoryBytes,
    bootTimeoutMs: options.bootTimeoutMs ?? DEFAULT_BOOT_TIMEOUT_MS,
    files,
    root: "initramfs",
    devices: {},
    console: "serial",
    run,
    nonce: newNonce(),
    requestedNs: monotonicNs(),
  };
}

function requireForeignImage(name: string, architecture: ForeignArchitecture): Image {
  const image = findImage(name);
  if (image !== undefined) return image;
  const own = foreignImageName(architecture);
  throw new RingsideError(`there is no image ${name}`, {
    fix: name === own ? FOREIGN_FIX : `ringside image ls shows which there are; that of ${architecture} is ${own}`,
  });
}

/** @throws RingsideError where the set-up has not fetched the kernel */
function foreignFiles(image: Image, architecture: ForeignArchitecture): GuestFiles {
  const place = foreignDirectory(architecture);
  const path = join(place, "vmlinuz");
  if (!existsSync(path)) {
    throw new RingsideError(`there is no kernel for ${architecture} in ${place}`, { fix: FOREIGN_FIX });
  }
  const { version } = versionSchema.parse(JSON.parse(readFileSync(join(place, "version.json"), "utf8")));
  return { kernel: { version, path }, initramfs: archiveOf(image, architecture) };
}

/** The image, kept by its id. */
function archiveOf(image: Image, architecture: ForeignArchitecture): string {
  const key = createHash("sha256").update(image.id).digest("hex").slice(0, 16);
  const prefix = `initramfs-${architecture}-${encodeURIComponent(image.name)}-`;
  const path = join(cacheDirectory(), "guest", `${prefix}${key}.cpio`);
  const isNew = !existsSync(path);
  cachedFile(path, () => writeCpio(entriesOf(image)));
  if (isNew) removeOthers(dirname(path), prefix, path);
  return path;
}

function entriesOf(image: Image): CpioEntry[] {
  const fromImage = imageEntries(image.lowerDirectories);
  const there = new Set(fromImage.map(({ path }) => path));
  return [
    ...fromImage,
    ...["dev", "proc", "sys", "tmp", "run"]
      .filter((path) => !there.has(path))
      .map((path): CpioEntry => ({ kind: "directory", path, mode: 0o755 })),
    { kind: "device", path: "dev/console", mode: 0o600, major: 5, minor: 1 },
    { kind: "directory", path: "ringside", mode: 0o755 },
  ];
}
