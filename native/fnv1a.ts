/**
 * FNV-1a, 32 bits (RFC 9923): tells texts and files apart that nobody has made to look alike. node:crypto, which could
 * tell more, takes as long to load as a tenth of a container's whole start.
 *
 * @param seed the hash so far, to go on from
 */
export function fnv1a(bytes: Uint8Array, seed = 0x811c9dc5): number {
  let hash = seed;
  // An index, not an iterator: this runs in commands that start cold, where nothing has been optimised yet.
  for (let at = 0; at < bytes.length; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  return hash >>> 0;
}
