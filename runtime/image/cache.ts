/**
 * Where Ringside keeps what it can make again: images, the guest kernel, verdicts of probes.
 *
 * Follows the XDG Base Directory Specification; RINGSIDE_CACHE overrides it for one program, as tests do.
 */
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/**
 * The cache directory: `$RINGSIDE_CACHE`, else `$XDG_CACHE_HOME/ringside`, else `~/.cache/ringside`. It need not exist.
 *
 * A relative path in XDG_CACHE_HOME is ignored, as the specification asks.
 *
 * @param environment the environment to read; the process's own unless said otherwise
 */
export function cacheDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  const own = environment.RINGSIDE_CACHE;
  if (own !== undefined && isAbsolute(own)) return own;
  const shared = environment.XDG_CACHE_HOME;
  if (shared !== undefined && isAbsolute(shared)) return join(shared, "ringside");
  return join(environment.HOME || homedir(), ".cache", "ringside");
}
