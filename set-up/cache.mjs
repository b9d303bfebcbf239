/**
 * Where the cache lies: the same answer as runtime/image/cache.ts gives, for what runs before Node 24 is there. A test
 * holds the two equal.
 */
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

export function cacheDirectory(environment = process.env) {
  const { RINGSIDE_CACHE: own, XDG_CACHE_HOME: shared } = environment;
  if (own !== undefined && isAbsolute(own)) return own;
  if (shared !== undefined && isAbsolute(shared)) return join(shared, "ringside");
  return join(environment.HOME || homedir(), ".cache", "ringside");
}
