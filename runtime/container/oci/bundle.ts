/** An OCI bundle: a directory with config.json and, most often, the root file system. bundle.md. */
import { readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "../../../native/error-code.ts";
import { RingsideError } from "../../error.ts";
import type { OciConfig } from "../../oci/config.ts";
import { parseConfig, resolvePaths } from "../../oci/parse.ts";

export interface Bundle {
  /** Absolute. */
  readonly path: string;
  readonly config: OciConfig;
  /** As it was read: kept for the container's lifetime, whatever becomes of the bundle. */
  readonly text: string;
  /** What of it was left out, and why. */
  readonly warnings: readonly string[];
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
export function readConfig(path: string): Pick<Bundle, "config" | "text" | "warnings"> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    const missing = errorCode(cause) === "ENOENT";
    throw new RingsideError(missing ? `${path}: no such file or directory` : `${path}: ${String(cause)}`, {
      cause,
      fix: "give --bundle the directory that holds config.json; ringside oci spec makes a first one",
    });
  }
  const { config, warnings } = parseConfig(text);
  return { config, text, warnings };
}

/**
 * @param path the bundle's directory, absolute or relative to ours
 * @throws RingsideError when it is not a bundle
 */
export function readBundle(path: string): Bundle {
  if (!isDirectory(path)) throw new RingsideError(`the bundle ${path} is not there: no such file or directory`);
  const bundle = realpathSync(path);
  const { config: written, text, warnings } = readConfig(join(bundle, "config.json"));
  const config = resolvePaths(written, bundle);
  const rootfs = config.root.path;
  if (!isDirectory(rootfs)) {
    throw new RingsideError(`config.json: root.path: ${rootfs} is not a directory: no such file or directory`, {
      fix: "put the root file system there, or name another directory",
    });
  }
  return { path: bundle, config, text, warnings, rootfs };
}
