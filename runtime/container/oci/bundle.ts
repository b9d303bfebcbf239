/** An OCI bundle: a directory with config.json and, most often, the root file system. bundle.md. */
import { readFileSync, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { RingsideError } from "../../error.ts";
import type { OciConfig } from "../../oci/config.ts";
import { parseConfig } from "../../oci/parse.ts";

export interface Bundle {
  /** Absolute. */
  readonly path: string;
  readonly config: OciConfig;
  /** As it was read: kept for the container's lifetime, whatever becomes of the bundle. */
  readonly text: string;
  /** The root file system's directory, absolute. */
  readonly rootfs: string;
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** @throws RingsideError when there is no such file, or when it is not valid */
export function readConfig(path: string): { readonly config: OciConfig; readonly text: string } {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    throw new RingsideError(missing ? `${path}: no such file or directory` : `${path}: ${String(cause)}`, {
      cause,
      fix: "give --bundle the directory that holds config.json; ringside oci spec makes a first one",
    });
  }
  return { config: parseConfig(text).config, text };
}

/**
 * @param path the bundle's directory, absolute or relative to ours
 * @throws RingsideError when it is not a bundle
 */
export function readBundle(path: string): Bundle {
  if (!isDirectory(path)) throw new RingsideError(`the bundle ${path} is not there: no such file or directory`);
  const bundle = realpathSync(path);
  const { config, text } = readConfig(join(bundle, "config.json"));
  const rootfs = resolve(bundle, config.root.path);
  if (!isDirectory(rootfs)) {
    throw new RingsideError(`config.json: root.path: ${rootfs} is not a directory: no such file or directory`, {
      fix: "put the root file system there, or name another directory",
    });
  }
  return { path: bundle, config, text, rootfs };
}
