/**
 * An image's layers as one directory, for tools that read one: of hard links to the image's own files where the kernel
 * allows it (link(2)), of copies where it does not. Device nodes, pipes and sockets are left out, as in the initial RAM
 * disk.
 */
import {
  chmodSync,
  constants,
  copyFileSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  type Stats,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { errorCode } from "../../native/error-code.ts";
import { type LayeredFile, layeredFiles } from "./layers.ts";

/** Another file system, somebody else's file (Documentation/admin-guide/sysctl/fs.rst, protected_hardlinks), too many. */
const NO_LINK = new Set(["EXDEV", "EPERM", "EACCES", "EMLINK", "EOPNOTSUPP"]);

/**
 * @param layers paths on the host, topmost first
 * @param target an empty directory that nobody else may write to
 * @throws an error of Node's shape
 */
export function stageTree(layers: readonly string[], target: string): void {
  const directories: { readonly path: string; readonly info: Stats }[] = [];
  for (const file of layeredFiles(layers)) {
    const info = lstatSync(file.source);
    const path = join(target, file.path);
    if (info.isDirectory()) {
      mkdirSync(path, { mode: 0o700 });
      directories.push({ path, info });
    } else stageFile(file, path, info);
  }
  // Last, since one that nobody may write to could not be filled; the root's own are those of the topmost layer's.
  const [top] = layers;
  if (top !== undefined) directories.push({ path: target, info: lstatSync(top) });
  for (const { path, info } of directories.toReversed()) {
    own(path, info);
    chmodSync(path, info.mode & 0o7777);
  }
}

function stageFile({ source }: LayeredFile, path: string, info: Stats): void {
  if (info.isSymbolicLink()) {
    symlinkSync(readlinkSync(source), path);
    own(path, info);
  } else if (info.isFile() && !isLinked(source, path)) {
    copyFileSync(source, path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    own(path, info);
    // After the owner: a new one takes the set-user-ID bit away, chown(2).
    chmodSync(path, info.mode & 0o7777);
  }
}

function isLinked(source: string, path: string): boolean {
  try {
    linkSync(source, path);
    return true;
  } catch (error) {
    if (NO_LINK.has(errorCode(error) ?? "")) return false;
    throw error;
  }
}

/** Only root gives files away; an ordinary user's all belong to that user, and to root in the guest. */
function own(path: string, { uid, gid }: Stats): void {
  if (process.geteuid?.() === 0) lchownSync(path, uid, gid);
}
