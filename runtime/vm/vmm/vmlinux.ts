/**
 * The kernel as an ELF file, which Firecracker starts: unpacked out of the bzImage that distributions ship.
 * Documentation/arch/x86/boot.rst of the kernel: the payload's place is in the header; it is packed with one of several
 * formats, told by their first bytes, and followed by its length when unpacked.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { RingsideError } from "../../error.ts";
import { cacheDirectory } from "../../image/cache.ts";
import { cachedFile, removeOthers } from "../cached-file.ts";
import type { GuestKernel } from "../guest-files.ts";

const HEADER = { magic: 0x202, sectors: 0x1f1, version: 0x206, payloadOffset: 0x248, payloadBytes: 0x24c } as const;
const HEADER_BYTES = 0x250;
const HEADER_MAGIC = "HdrS";
/** The first version of the boot protocol that tells where the payload is. */
const LEAST_VERSION = 0x0208;
const SECTOR_BYTES = 512;
/** A kernel that says that its header has no sectors means four. */
const OLD_SECTORS = 4;
const LENGTH_BYTES = 4;
const ELF_MAGIC = "\x7fELF";
const MOST_BYTES = 1024 ** 3;

interface Packing {
  readonly name: string;
  readonly magic: readonly number[];
  /** undefined for a format that Node cannot read. */
  readonly unpack?: (packed: Uint8Array) => Uint8Array;
}

const PACKINGS: readonly Packing[] = [
  { name: "gzip", magic: [0x1f, 0x8b], unpack: (packed) => gunzipSync(packed, { maxOutputLength: MOST_BYTES }) },
  {
    name: "zstd",
    magic: [0x28, 0xb5, 0x2f, 0xfd],
    unpack: (packed) => zstdDecompressSync(packed, { maxOutputLength: MOST_BYTES }),
  },
  { name: "no packing", magic: [0x7f, 0x45, 0x4c, 0x46], unpack: (packed) => packed },
  { name: "xz", magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] },
  { name: "LZ4", magic: [0x02, 0x21, 0x4c, 0x18] },
  { name: "bzip2", magic: [0x42, 0x5a, 0x68] },
  { name: "LZMA", magic: [0x5d, 0x00, 0x00] },
  { name: "LZO", magic: [0x89, 0x4c, 0x5a] },
];

/**
 * @param image the content of a bzImage, or of an ELF kernel already
 * @returns the ELF kernel
 * @throws RingsideError where it is neither, or packed in a way that cannot be read here
 */
export function vmlinuxOf(image: Uint8Array): Uint8Array {
  const bytes = Buffer.from(image.buffer, image.byteOffset, image.byteLength);
  if (bytes.toString("latin1", 0, ELF_MAGIC.length) === ELF_MAGIC) return image;
  const isKernel =
    bytes.length > HEADER_BYTES && bytes.toString("latin1", HEADER.magic, HEADER.version) === HEADER_MAGIC;
  if (!isKernel || bytes.readUInt16LE(HEADER.version) < LEAST_VERSION) {
    throw unusable("it is not a bzImage of an x86 kernel");
  }
  const sectors = bytes.readUInt8(HEADER.sectors) || OLD_SECTORS;
  const start = (sectors + 1) * SECTOR_BYTES + bytes.readUInt32LE(HEADER.payloadOffset);
  const end = start + bytes.readUInt32LE(HEADER.payloadBytes);
  if (end > bytes.length) throw unusable("it is cut off");
  return unpack(bytes.subarray(start, end));
}

function unpack(payload: Buffer): Uint8Array {
  const packing = PACKINGS.find(({ magic }) => magic.every((byte, index) => payload[index] === byte));
  if (packing?.unpack === undefined) throw unusable(`it is packed with ${packing?.name ?? "an unknown format"}`);
  const isPlain = packing.name === "no packing";
  const kernel = Buffer.from(packing.unpack(isPlain ? payload : payload.subarray(0, -LENGTH_BYTES)));
  if (kernel.toString("latin1", 0, ELF_MAGIC.length) !== ELF_MAGIC) throw unusable("what it holds is no ELF file");
  return kernel;
}

function unusable(why: string): RingsideError {
  return new RingsideError(`cannot take the kernel out of its image: ${why}`, {
    fix: "node set-up.mjs vm fetches one that can be used; --vmm qemu starts any",
  });
}

/**
 * Finds or makes the ELF file of the guest's kernel.
 *
 * @returns its path in the cache
 */
export function vmlinux({ path, version }: GuestKernel, cache: string = cacheDirectory()): string {
  const target = join(cache, "guest", `vmlinux-${version}`);
  const isNew = !existsSync(target);
  cachedFile(target, () => vmlinuxOf(readFileSync(path)));
  if (isNew) removeOthers(dirname(target), "vmlinux-", target);
  return target;
}
