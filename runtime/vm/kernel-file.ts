/**
 * A kernel that somebody brings: what its own header says of it (Documentation/arch/x86/boot.rst, "The real-mode kernel
 * header"), and where its drivers may lie.
 */
import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { RingsideError, reasonOf } from "../error.ts";

export interface KernelFile {
  readonly version: string;
  readonly path: string;
  readonly modulesDirectory?: string;
}

const HEADER_BYTES = 32 * 1024;
/** `HdrS`. */
const MAGIC = { at: 0x202, value: 0x53726448 } as const;
/** A pointer to the text of the version, less 0x200. */
const VERSION_POINTER = { at: 0x20e, base: 0x200 } as const;
const FIX = "give the file of a Linux kernel for this processor, such as /boot/vmlinuz-VERSION";

/**
 * @param path of a kernel as the boot loader takes it (bzImage)
 * @returns it with its version, and its drivers where they lie beside it or where distributions have them
 * @throws RingsideError where it cannot be read, or is no such kernel
 */
export function kernelOfFile(path: string): KernelFile {
  const version = versionOf(path, readHeader(path));
  const whole = resolve(path);
  const places = [
    join(dirname(whole), "modules", version),
    join(dirname(whole), "../lib/modules", version),
    join("/lib/modules", version),
  ];
  const modulesDirectory = places.find((place) => existsSync(place));
  return { version, path: whole, ...(modulesDirectory !== undefined && { modulesDirectory }) };
}

function readHeader(path: string): Buffer {
  try {
    const file = openSync(path, "r");
    try {
      const header = Buffer.alloc(HEADER_BYTES);
      return header.subarray(0, readSync(file, header));
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    throw new RingsideError(`the kernel ${path} cannot be read: ${reasonOf(cause)}`, { cause, fix: FIX });
  }
}

function versionOf(path: string, header: Buffer): string {
  const isKernel = header.length > VERSION_POINTER.at + 2 && header.readUInt32LE(MAGIC.at) === MAGIC.value;
  const start = isKernel ? header.readUInt16LE(VERSION_POINTER.at) + VERSION_POINTER.base : header.length;
  const [version = ""] = header.toString("latin1", start).split(/[ \0]/, 1);
  if (/^\d+\.\d+[\w.+~-]*$/.test(version)) return version;
  throw new RingsideError(`${basename(path)} is no Linux kernel for x86-64: its header is not one`, { fix: FIX });
}
