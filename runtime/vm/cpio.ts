/**
 * A writer of cpio archives in the "newc" format, the one that the kernel unpacks into its first root file system:
 * Documentation/driver-api/early-userspace/buffer-format.rst of the kernel, and cpio(5) of libarchive.
 *
 * An archive is a list of entries, each a header of ASCII hexadecimal fields, the name and the data, both padded to
 * four bytes; it ends with an entry named `TRAILER!!!`. Archives may be concatenated: the kernel unpacks one after the
 * other, later entries win. Every time stamp is 0, so the same tree gives the same bytes.
 */

interface Owned {
  readonly path: string;
  /** Root unless said otherwise. */
  readonly user?: number;
  readonly group?: number;
}

export type CpioEntry =
  | (Owned & { readonly kind: "directory"; readonly mode: number })
  | (Owned & { readonly kind: "file"; readonly mode: number; readonly data: Uint8Array })
  | (Owned & { readonly kind: "symlink"; readonly target: string })
  | (Owned & { readonly kind: "device"; readonly mode: number; readonly major: number; readonly minor: number });

/** The file types of st_mode, see inode(7). */
const TYPE_BITS = { directory: 0o040000, file: 0o100000, symlink: 0o120000, device: 0o020000 } as const;

const MAGIC = "070701";
const TRAILER = "TRAILER!!!";
const MAXIMUM_BYTES = 0xffffffff;

interface Fields {
  readonly inode: number;
  readonly mode: number;
  readonly user: number;
  readonly group: number;
  readonly links: number;
  readonly bytes: number;
  readonly major: number;
  readonly minor: number;
  readonly name: string;
}

/**
 * Writes an archive.
 *
 * @param entries in the order in which the kernel is to make them: directories before what lies in them.
 * @throws RangeError when a file is larger than the format's 32 bits can say, or a path holds a zero byte.
 */
export function writeCpio(entries: Iterable<CpioEntry>): Uint8Array {
  const parts: Uint8Array[] = [];
  let inode = 1;
  for (const entry of entries) {
    const data = dataOf(entry);
    if (data.length > MAXIMUM_BYTES)
      throw new RangeError(`${entry.path} has ${data.length} bytes, a cpio archive holds files below 4 GiB`);
    if (entry.path.includes("\0")) throw new RangeError(`the path ${JSON.stringify(entry.path)} holds a zero byte`);
    parts.push(
      header({
        inode: inode++,
        mode: modeOf(entry),
        user: entry.user ?? 0,
        group: entry.group ?? 0,
        links: entry.kind === "directory" ? 2 : 1,
        bytes: data.length,
        major: entry.kind === "device" ? entry.major : 0,
        minor: entry.kind === "device" ? entry.minor : 0,
        name: entry.path.replace(/^\/+/, ""),
      }),
      data,
      padding(data.length),
    );
  }
  parts.push(header({ inode: 0, mode: 0, user: 0, group: 0, links: 1, bytes: 0, major: 0, minor: 0, name: TRAILER }));
  return Buffer.concat(parts);
}

function dataOf(entry: CpioEntry): Uint8Array {
  switch (entry.kind) {
    case "file":
      return entry.data;
    case "symlink":
      return Buffer.from(entry.target);
    case "directory":
    case "device":
      return new Uint8Array();
  }
}

function modeOf(entry: CpioEntry): number {
  return TYPE_BITS[entry.kind] | (entry.kind === "symlink" ? 0o777 : entry.mode & 0o7777);
}

function header(fields: Fields): Uint8Array {
  const name = Buffer.from(`${fields.name}\0`);
  const numbers = [
    fields.inode,
    fields.mode,
    fields.user,
    fields.group,
    fields.links,
    0, // modification time
    fields.bytes,
    0, // device that holds the file: major
    0, // … minor
    fields.major,
    fields.minor,
    name.length,
    0, // checksum, unused in newc
  ];
  const text = MAGIC + numbers.map((value) => value.toString(16).padStart(8, "0")).join("");
  const head = Buffer.concat([Buffer.from(text), name]);
  return Buffer.concat([head, padding(head.length)]);
}

/** Zeros up to the next multiple of four. */
function padding(bytes: number): Uint8Array {
  return new Uint8Array((4 - (bytes % 4)) % 4);
}
