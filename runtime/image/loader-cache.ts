/**
 * Reads /etc/ld.so.cache, in which ldconfig(8) lists where each library lies: glibc's "new" format (sysdeps/generic/
 * dl-cache.h), alone or behind the old one. The file is not trusted: offsets are checked, and what breaks a rule is
 * left out, since the loader itself then falls back to its default directories.
 */

const MAGIC = "glibc-ld.so.cache1.1";
const OLD_MAGIC = "ld.so-1.7.0";
const HEADER_BYTES = 48;
const ENTRY_BYTES = 24;
const OLD_ENTRY_BYTES = 12;
const MOST_ENTRIES = 1_000_000;

/** @returns for each library's name the paths that the cache gives for it, best first; empty where it cannot be read */
export function readLoaderCache(bytes: Uint8Array): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const start = newFormatStart(bytes);
  if (start === undefined) return found;
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, bytes.byteLength - start);
  const count = Math.min(view.getUint32(20, true), MOST_ENTRIES);
  for (let at = HEADER_BYTES; at < HEADER_BYTES + count * ENTRY_BYTES; at += ENTRY_BYTES) {
    if (at + ENTRY_BYTES > view.byteLength) break;
    // Offsets count from the start of the new format's header.
    const name = text(view, view.getUint32(at + 4, true));
    const path = text(view, view.getUint32(at + 8, true));
    if (name === undefined || path?.startsWith("/") !== true) continue;
    const paths = found.get(name);
    if (paths === undefined) found.set(name, [path]);
    else paths.push(path);
  }
  return found;
}

function newFormatStart(bytes: Uint8Array): number | undefined {
  const startsAt = (at: number, magic: string) =>
    at + HEADER_BYTES <= bytes.length &&
    Buffer.from(bytes.subarray(at, at + magic.length)).toString("latin1") === magic;
  if (startsAt(0, MAGIC)) return 0;
  if (!startsAt(0, OLD_MAGIC)) return undefined;
  const count = new DataView(bytes.buffer, bytes.byteOffset).getUint32(12, true);
  const behind = 16 + count * OLD_ENTRY_BYTES;
  const aligned = Math.ceil(behind / 8) * 8;
  return startsAt(aligned, MAGIC) ? aligned : undefined;
}

function text(view: DataView, at: number): string | undefined {
  let end = at;
  while (end < view.byteLength && view.getUint8(end) !== 0) end++;
  return end >= view.byteLength
    ? undefined
    : new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at, end - at));
}
