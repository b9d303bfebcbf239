/**
 * Where containers are: their state below /run, which is empty after a boot as they are, and what they write below
 * /var/lib; for an ordinary user below XDG_RUNTIME_DIR and XDG_DATA_HOME. file-hierarchy(7).
 */
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { RootDirectories } from "../plan/root.ts";

export interface Places {
  /** One directory a container, with its state.json. */
  readonly states: string;
  /** One symbolic link a name, pointing to an id: making it is what reserves the name. */
  readonly names: string;
  /** One directory a container, with what it writes. */
  readonly layers: string;
}

/** @param environment RINGSIDE_ROOT puts all of it below one directory */
export function places(environment: NodeJS.ProcessEnv = process.env): Places {
  const { RINGSIDE_ROOT: root, XDG_RUNTIME_DIR, XDG_DATA_HOME, HOME } = environment;
  if (root !== undefined && root !== "") {
    return { states: join(root, "containers"), names: join(root, "names"), layers: join(root, "layers") };
  }
  const { uid } = userInfo();
  const run = uid === 0 ? "/run/ringside" : join(XDG_RUNTIME_DIR ?? join(tmpdir(), `ringside-${uid}`), "ringside");
  const data =
    uid === 0 ? "/var/lib/ringside" : join(XDG_DATA_HOME ?? join(HOME ?? tmpdir(), ".local/share"), "ringside");
  return { states: join(run, "containers"), names: join(run, "names"), layers: join(data, "layers") };
}

/** The directories of one container's root. */
export function rootDirectories(layers: string, id: string, lower: readonly string[]): RootDirectories {
  const base = join(layers, id);
  return { lower, base, upper: join(base, "upper"), work: join(base, "work"), mountPoint: join(base, "root") };
}
