/**
 * Where containers are: their state below /run, which is empty after a boot as they are, and what they write and print
 * below /var/lib, or what they write below /run too where /var/lib cannot hold an overlay's upper layer; for an ordinary
 * user below XDG_RUNTIME_DIR and XDG_DATA_HOME. file-hierarchy(7).
 */
import { lstatSync, statfsSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { RingsideError } from "../error.ts";
import type { RootDirectories } from "../plan/root.ts";

export interface Places {
  /** What lies below /run: it is empty after a boot. */
  readonly run: string;
  /** One directory a container, with its state.json. */
  readonly states: string;
  /** One symbolic link a name, pointing to an id: making it is what reserves the name. */
  readonly names: string;
  /** One directory a container, with what it writes. */
  readonly layers: string;
  /** One directory a detached container, with what it prints. */
  readonly logs: string;
  /** One directory a detached virtual machine, with what its console prints. */
  readonly vmLogs: string;
  /** The file of what happens to containers. */
  readonly events: string;
}

/** statfs(2): an overlay cannot be the upper layer of another one, as inside somebody else's container. */
const OVERLAYFS_SUPER_MAGIC = 0x794c7630;

function isOnOverlay(directory: string): boolean {
  try {
    return statfsSync(directory).type === OVERLAYFS_SUPER_MAGIC;
  } catch {
    return directory !== dirname(directory) && isOnOverlay(dirname(directory));
  }
}

/** The file system that a directory is on stays the same, and places are asked for many times in one start. */
const onOverlay = new Map<string, boolean>();

function isKnownOnOverlay(directory: string): boolean {
  const known = onOverlay.get(directory) ?? isOnOverlay(directory);
  onOverlay.set(directory, known);
  return known;
}

/** The XDG Base Directory Specification has a relative or empty path count as none. */
export function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}

/**
 * A user's own directory where everybody may make one: if it is there, it must be nobody else's.
 * @throws RingsideError where somebody else has been quicker
 */
export function privateDirectory(path: string, uid: number): string {
  const found = lstatSync(path, { throwIfNoEntry: false });
  const isOurs = found === undefined || (found.isDirectory() && found.uid === uid && (found.mode & 0o022) === 0);
  if (isOurs) return path;
  throw new RingsideError(`cannot keep the state of containers in ${path}: others may write to it`, {
    fix: "set XDG_RUNTIME_DIR to a directory of your own, with mode 0700",
  });
}

/**
 * @param environment RINGSIDE_ROOT puts all of it below one directory
 * @throws RingsideError where an ordinary user has no private place for them
 */
export function places(environment: NodeJS.ProcessEnv = process.env): Places {
  const { RINGSIDE_ROOT: root, XDG_RUNTIME_DIR, XDG_DATA_HOME, HOME } = environment;
  if (root !== undefined && root !== "") {
    return below(root, root, root);
  }
  // Not userInfo(), which reads /etc/passwd.
  const uid = process.geteuid?.() ?? 0;
  if (uid !== 0) {
    const runtime = absolute(XDG_RUNTIME_DIR) ?? privateDirectory(join(tmpdir(), `ringside-${uid}`), uid);
    const home = absolute(XDG_DATA_HOME) ?? join(absolute(HOME) ?? homedir(), ".local/share");
    return usualPlaces(join(runtime, "ringside"), join(home, "ringside"));
  }
  return usualPlaces("/run/ringside", "/var/lib/ringside");
}

function usualPlaces(run: string, data: string): Places {
  return below(run, isKnownOnOverlay(data) ? run : data, data);
}

function below(run: string, layers: string, data: string): Places {
  return {
    run,
    states: join(run, "containers"),
    names: join(run, "names"),
    layers: join(layers, "layers"),
    logs: join(data, "logs"),
    vmLogs: join(data, "vm-logs"),
    events: join(run, "events.jsonl"),
  };
}

/** The directories of one container's root. */
export function rootDirectories(layers: string, id: string, lower: readonly string[]): RootDirectories {
  const base = join(layers, id);
  return { lower, base, upper: join(base, "upper"), work: join(base, "work") };
}
