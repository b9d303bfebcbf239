/** Where the states of engines' containers are: one directory a container. file-hierarchy(7). */
import { tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { absolute, privateDirectory } from "../directories.ts";

/**
 * @param given what --root said; unless given it is a place per user, as two users' containers may have one id
 * @throws RingsideError where an ordinary user has no private place for them
 */
export function stateRoot(given: string | undefined, environment: NodeJS.ProcessEnv = process.env): string {
  if (given !== undefined && given !== "") return resolve(given);
  const { XDG_RUNTIME_DIR } = environment;
  const uid = process.geteuid?.() ?? 0;
  if (uid === 0) return "/run/ringside/oci";
  const below = absolute(XDG_RUNTIME_DIR) ?? privateDirectory(join(tmpdir(), `ringside-${uid}`), uid);
  return join(below, "ringside/oci");
}

/** The name of the user that this process runs as, which `list` shows as the owner. */
export function ownerName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.geteuid?.() ?? "");
  }
}
