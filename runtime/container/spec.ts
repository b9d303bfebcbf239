/** From what a user asked for and what the image says, the OCI configuration. docker-run(1), OCI image-spec config.md. */

import { DEFAULT_PERIOD_US } from "../cgroup/limits.ts";
import { RingsideError } from "../error.ts";
import type { Image } from "../image/image.ts";
import {
  type NamespaceType,
  OCI_VERSION,
  type OciCapabilities,
  type OciConfig,
  type OciLinux,
  type OciProcess,
} from "../oci/config.ts";
import { DEFAULT_MOUNTS, DEFAULT_PATH, DEFAULT_READONLY_PATHS, maskedPaths, mountEntry } from "../oci/defaults.ts";
import type { SeccompProfile } from "../oci/seccomp.ts";
import { DEFAULT_CAPABILITIES } from "../plan/capabilities.ts";
import { defaultSeccomp } from "../plan/seccomp/default-profile.ts";
import type { ContainerOptions } from "./options.ts";
import type { ResolvedUser } from "./user.ts";

const NAMESPACES: readonly NamespaceType[] = ["pid", "mount", "network", "uts", "ipc", "cgroup"];
const DEFAULT_SIZE = { columns: 80, rows: 24 };

/** A configuration as ours are: with a process and a seccomp profile. */
export interface ContainerConfig extends OciConfig {
  readonly process: OciProcess;
  readonly linux: OciLinux & { readonly seccomp: SeccompProfile };
}

/**
 * What a user may do. Root gets Docker's default set; anyone else gets none of it, but it stays within bounds, so that
 * file capabilities of the image keep their meaning. Nothing is inheritable (CVE-2022-24769).
 *
 * @param devicesGuarded whether control groups refuse the host's devices; if not, no node may be made either
 */
export function capabilitiesOf(uid: number, devicesGuarded: boolean): OciCapabilities {
  const bounding = DEFAULT_CAPABILITIES.filter((name) => devicesGuarded || name !== "CAP_MKNOD");
  const own = uid === 0 ? bounding : [];
  return { bounding, effective: own, permitted: own, inheritable: [], ambient: [] };
}

/** Later values win, as with env(1). */
export function mergeEnv(...lists: readonly (readonly string[])[]): string[] {
  const byName = new Map<string, string>();
  for (const entry of lists.flat()) byName.set(entry.slice(0, entry.indexOf("=")), entry);
  return [...byName.values()];
}

/** The program and its arguments: the user's words replace the image's command, not its entry point. */
export function argumentsOf(image: Image["config"], command: readonly string[]): string[] {
  const args = [...image.entrypoint, ...(command.length > 0 ? command : image.cmd)];
  if (args.length > 0 && args[0] !== "") return args;
  throw new RingsideError("the image has no command of its own", { fix: "say which program to run after the image" });
}

/**
 * @param id the container's, which is its hostname unless another is given
 * @param rootPath where its root is mounted
 * @param devicesGuarded see capabilitiesOf
 * @throws RingsideError when neither image nor user names a program
 */
export function ociConfig(
  options: ContainerOptions,
  image: Image["config"],
  user: ResolvedUser,
  id: string,
  rootPath: string,
  devicesGuarded: boolean,
): ContainerConfig {
  const hostname = options.hostname ?? id;
  const size = options.terminal ?? DEFAULT_SIZE;
  const terminalEnv = options.terminal === undefined ? [] : ["TERM=xterm-256color"];
  const { memoryBytes, cpus, pidsLimit } = options;
  const namespaces = options.network === "host" ? NAMESPACES.filter((type) => type !== "network") : NAMESPACES;
  return {
    ociVersion: OCI_VERSION,
    process: {
      terminal: options.terminal !== undefined,
      consoleSize: { width: size.columns, height: size.rows },
      user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
      args: argumentsOf(image, options.command),
      env: mergeEnv(
        [`PATH=${DEFAULT_PATH}`, `HOSTNAME=${hostname}`, `HOME=${user.home}`],
        terminalEnv,
        image.env,
        options.env,
      ),
      cwd: options.cwd ?? (image.workingDir === "" ? "/" : image.workingDir),
      capabilities: capabilitiesOf(user.uid, devicesGuarded),
      noNewPrivileges: true,
    },
    root: { path: rootPath, readonly: options.readOnly },
    hostname,
    mounts: DEFAULT_MOUNTS.map(mountEntry),
    linux: {
      namespaces: namespaces.map((type) => ({ type })),
      resources: {
        ...(memoryBytes !== undefined && { memory: { limit: memoryBytes } }),
        ...(cpus !== undefined && {
          cpu: { quota: Math.round(cpus * DEFAULT_PERIOD_US), period: DEFAULT_PERIOD_US },
        }),
        ...(pidsLimit !== undefined && { pids: { limit: pidsLimit } }),
      },
      seccomp: defaultSeccomp(DEFAULT_CAPABILITIES),
      maskedPaths: maskedPaths().map(({ path }) => path),
      readonlyPaths: DEFAULT_READONLY_PATHS.map(({ path }) => path),
    },
  };
}
