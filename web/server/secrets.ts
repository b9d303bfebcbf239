/**
 * Values that nobody can guess, and their comparison in a time that does not depend on where they differ.
 */

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

const SECRET_BYTES = 32;

/** 256 random bits as text that is safe in addresses, cookies and frames (base64url, RFC 4648 §5). */
export function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString("base64url");
}

/**
 * Whether two texts are the same. Both are hashed first, so that neither their content nor their length shows in the
 * time that it takes.
 */
export function sameSecret(one: string, other: string): boolean {
  return timingSafeEqual(digest(one), digest(other));
}

/**
 * The key under which a secret is kept: finding one in a map then compares hashes, and a look into the server's memory
 * does not show the secrets themselves.
 */
export function secretKey(secret: string): string {
  return digest(secret).toString("base64url");
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
