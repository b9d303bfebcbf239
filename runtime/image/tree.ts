/**
 * Writes a tree to disk so that it is either there whole or not at all, and names it by a hash over all that it holds.
 *
 * Two builders do not clash: each writes beside the goal, and rename(2) of a directory onto a non-empty one fails.
 */
import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { errorCode } from "../../native/error-code.ts";
import type { TreeEntry } from "./entry.ts";

/** @returns the SHA-256 over every path, kind, mode, owner and content, as hexadecimal digits */
export function hashTree(entries: readonly TreeEntry[]): string {
  const whole = createHash("sha256");
  for (const entry of entries) {
    const body = entry.kind === "file" ? createHash("sha256").update(entry.content).digest("hex") : "";
    const mode = entry.kind === "symlink" ? entry.target : entry.mode;
    whole.update(`${JSON.stringify([entry.kind, entry.path, entry.uid, entry.gid, mode, body])}\n`);
  }
  return whole.digest("hex");
}

/**
 * Puts a tree at `destination`, unless one is there already.
 *
 * Owners are set only by root; an ordinary user's tree belongs to that user, who is root in a container of theirs.
 *
 * @throws whatever the file system says (ENOSPC, EACCES); nothing half-written stays
 */
export function writeTree(entries: readonly TreeEntry[], destination: string): void {
  if (existsSync(destination)) return;
  mkdirSync(dirname(destination), { recursive: true });
  const partial = `${destination}.${process.pid}-${randomBytes(4).toString("hex")}.partial`;
  try {
    mkdirSync(partial, { mode: 0o755 });
    chmodSync(partial, 0o755);
    for (const entry of entries) writeEntry(partial, entry);
    renameSync(partial, destination);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    // Another builder was faster with the same content: theirs is ours.
    if (!existsSync(destination)) throw error;
  }
}

function writeEntry(root: string, entry: TreeEntry): void {
  const path = join(root, entry.path);
  if (entry.kind === "directory") mkdirSync(path);
  else if (entry.kind === "file") writeFileSync(path, entry.content, { flag: "wx" });
  else symlinkSync(entry.target, path);
  if (process.getuid?.() === 0) lchownSync(path, entry.uid, entry.gid);
  // Apart from creating it, since the umask takes bits away, and after the owner, since chown(2) clears set-id bits.
  if (entry.kind !== "symlink") chmodSync(path, entry.mode);
}

/**
 * Removes what builders that were killed left behind in a directory of trees: partial trees whose process is gone.
 */
export function removePartialTrees(directory: string): void {
  for (const name of existsSync(directory) ? readdirSync(directory) : []) {
    const pid = /\.(\d+)-[0-9a-f]{8}\.partial$/.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) rmSync(join(directory, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
}
