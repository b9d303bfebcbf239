/** From what a user asked for and what the image says, the OCI configuration. docker-run(1), OCI image-spec config.md. */

import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { nativeProgram } from "../../native/kernel.ts";
import { DEFAULT_PERIOD_US } from "../cgroup/limits.ts";
import { RingsideError } from "../error.ts";
import type { Image } from "../image/image.ts";
import {
  type NamespaceType,
  OCI_VERSION,
  type OciCapabilities,
  type OciConfig,
  type OciLinux,
  type OciMount,
  type OciNamespace,
  type OciProcess,
  type OciResources,
} from "../oci/config.ts";
import { DEFAULT_MOUNTS, DEFAULT_PATH, DEFAULT_READONLY_PATHS, maskedPaths, mountEntry } from "../oci/defaults.ts";
import { DEFAULT_CAPABILITIES } from "../plan/capabilities.ts";
import { defaultSeccomp } from "../plan/seccomp/default-profile.ts";
import type { ContainerOptions } from "./options.ts";
import type { ResolvedUser } from "./user.ts";

const NAMESPACES: readonly NamespaceType[] = ["pid", "mount", "network", "uts", "ipc", "cgroup"];
/** Where the program of --init is shown inside. */
const REAPER = "/sbin/ringside-reaper";
const DEFAULT_SIZE = { columns: 80, rows: 24 };

/** A configuration as ours are: with a process. */
export interface ContainerConfig extends OciConfig {
  readonly process: OciProcess;
  readonly linux: OciLinux;
}

/**
 * What a user may do. Root gets Docker's default set; anyone else gets none of it, but it stays within bounds, so that
 * file capabilities of the image keep their meaning. Nothing is inheritable (CVE-2022-24769).
 *
 * @param devicesGuarded whether control groups refuse the host's devices; if not, no node may be made either
 * @param wanted in place of the default set
 */
export function capabilitiesOf(
  uid: number,
  devicesGuarded: boolean,
  wanted: readonly string[] = DEFAULT_CAPABILITIES,
): OciCapabilities {
  const bounding = wanted.filter((name) => devicesGuarded || name !== "CAP_MKNOD");
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
export function argumentsOf(
  image: Image["config"],
  command: readonly string[],
  entrypoint: readonly string[] | undefined = undefined,
): string[] {
  // With another entry point the image's command would be arguments for a program that it was not written for.
  const usual = entrypoint === undefined ? image.cmd : [];
  const args = [...(entrypoint ?? image.entrypoint), ...(command.length > 0 ? command : usual)];
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
  const { noNewPrivileges = true, rlimits, oomScoreAdj, domainname, annotations } = options;
  const ownNames = options.hostNamespaces?.includes("uts") !== true;
  const name = options.hostname ?? (ownNames ? id : hostname());
  const size = options.terminal ?? DEFAULT_SIZE;
  const terminalEnv = options.terminal === undefined ? [] : ["TERM=xterm-256color"];
  return {
    ociVersion: OCI_VERSION,
    process: {
      terminal: options.terminal !== undefined,
      consoleSize: { width: size.columns, height: size.rows },
      user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
      args: [...(options.reaper === true ? [REAPER] : []), ...argumentsOf(image, options.command, options.entrypoint)],
      env: mergeEnv(
        [`PATH=${DEFAULT_PATH}`, `HOSTNAME=${name}`, `HOME=${user.home}`],
        terminalEnv,
        image.env,
        options.env,
      ),
      cwd: options.cwd ?? (image.workingDir === "" ? "/" : image.workingDir),
      capabilities: capabilitiesOf(user.uid, devicesGuarded, options.capabilities),
      noNewPrivileges,
      ...(rlimits !== undefined && { rlimits }),
      ...(oomScoreAdj !== undefined && { oomScoreAdj }),
    },
    root: { path: rootPath, readonly: options.readOnly },
    ...((ownNames || options.hostname !== undefined) && { hostname: name }),
    ...(domainname !== undefined && { domainname }),
    mounts: mountsOf(options),
    ...(annotations !== undefined && { annotations }),
    linux: linuxOf(options),
  };
}

function linuxOf(options: ContainerOptions): OciLinux {
  const {
    seccomp = defaultSeccomp(options.capabilities ?? DEFAULT_CAPABILITIES),
    devices,
    sysctl,
    unguarded,
  } = options;
  return {
    namespaces: namespacesOf(options),
    resources: resourcesOf(options),
    ...(seccomp !== null && { seccomp }),
    ...(devices !== undefined && { devices }),
    ...(sysctl !== undefined && { sysctl }),
    maskedPaths: unguarded === true ? [] : maskedPaths().map(({ path }) => path),
    readonlyPaths: unguarded === true ? [] : DEFAULT_READONLY_PATHS.map(({ path }) => path),
  };
}

function namespacesOf({ network, hostNamespaces = [], joinedNamespaces = [] }: ContainerOptions): OciNamespace[] {
  return NAMESPACES.flatMap((type) => {
    if (hostNamespaces.includes(type) || (type === "network" && network === "host")) return [];
    return joinedNamespaces.find((joined) => joined.type === type) ?? { type };
  });
}

function resourcesOf(options: ContainerOptions): OciResources {
  const { memoryBytes, cpus, pidsLimit, resources = {}, deviceRules } = options;
  return {
    ...resources,
    ...(memoryBytes !== undefined && { memory: { ...resources.memory, limit: memoryBytes } }),
    ...(cpus !== undefined && {
      cpu: { ...resources.cpu, quota: Math.round(cpus * DEFAULT_PERIOD_US), period: DEFAULT_PERIOD_US },
    }),
    ...(pidsLimit !== undefined && { pids: { limit: pidsLimit } }),
    ...(deviceRules !== undefined && { devices: deviceRules }),
  };
}

/** One of the user's at the place of a usual one takes its place; the others follow, what lies deeper later. */
function mountsOf(options: ContainerOptions): OciMount[] {
  const { mounts = [], reaper } = options;
  const usual = DEFAULT_MOUNTS.map(
    (mount) =>
      mounts.find(({ destination }) => destination === mount.destination) ?? adjusted(mountEntry(mount), options),
  );
  const further = mounts.filter((mount) => !usual.includes(mount));
  return [...usual, ...(reaper ? [reaperMount()] : []), ...further.toSorted((a, b) => depth(a) - depth(b))];
}

/** @throws RingsideError where the program has not been built */
function reaperMount(): OciMount {
  const source = nativeProgram("ringside-reaper");
  if (source === undefined) {
    throw new RingsideError("--init needs a program that has not been built", { fix: "npm run build" });
  }
  return { destination: REAPER, source, type: "bind", options: ["bind", "rprivate", "ro", "nosuid", "nodev"] };
}

function depth({ destination }: OciMount): number {
  return destination.split("/").length;
}

function adjusted(
  mount: OciMount,
  { shmBytes, hostNamespaces = [], unguarded }: Pick<ContainerOptions, "shmBytes" | "hostNamespaces" | "unguarded">,
): OciMount {
  const { destination, options = [] } = mount;
  if (destination === "/dev/shm" && hostNamespaces.includes("ipc") && existsSync(destination)) return HOSTS_SHM;
  if (destination === "/dev/shm" && shmBytes !== undefined) {
    return { ...mount, options: [...options.filter((option) => !option.startsWith("size=")), `size=${shmBytes}`] };
  }
  return unguarded === true ? { ...mount, options: options.filter((option) => option !== "ro") } : mount;
}

/** POSIX shared memory is files, and no namespace keeps them apart (shm_overview(7)): with the host's IPC they are the host's. */
const HOSTS_SHM: OciMount = {
  destination: "/dev/shm",
  source: "/dev/shm",
  type: "bind",
  options: ["rbind", "rprivate", "nosuid", "nodev", "noexec"],
};
