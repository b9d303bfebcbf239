/**
 * Where an ordinary user may make groups: below what systemd has given away. cgroups(7), "Delegation";
 * systemd.resource-control(5), Delegate=. And the other way round: what a container's own root is given of its group.
 */
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { OciConfig, OciIdMapping } from "../oci/config.ts";
import type { ControllerPlace } from "./layout.ts";

/** What makes systemd hand more controllers to users: one line for the error that lacks one. */
const SYSTEMD_FIX =
  "mkdir -p /etc/systemd/system/user@.service.d && printf '[Service]\\nDelegate=cpu cpuset io memory pids\\n' > /etc/systemd/system/user@.service.d/delegate.conf && systemctl daemon-reload, and log in again";

/** systemd's user manager has been given groups, and a login shell is not in one of them. */
const SCOPE_FIX = "systemd-run --user --scope ringside …, which is in a group of your own";

/** Where an ordinary user's groups of a v1 hierarchy are, if somebody has made it and given it to them. */
function givenGroup(directory: string): string {
  return `${directory}/ringside-${process.geteuid?.() ?? 0}`;
}

/**
 * The one line, for root, that lets this user make groups with a controller.
 * @param lacks `group`: the user may make none; `controller`: its groups do not have the controller
 * @param systemd whether systemd runs here
 */
export function delegateFix(
  { version, directory }: ControllerPlace,
  controller: string,
  lacks: "group" | "controller",
  systemd = existsSync("/run/systemd/system"),
): string {
  if (version === 2 && systemd) return lacks === "group" ? SCOPE_FIX : SYSTEMD_FIX;
  const uid = process.geteuid?.() ?? 0;
  const group = `d=${givenGroup(directory)}`;
  if (version === 1) {
    const inherit = ["cpus", "mems"].map((file) => `cat $d/../cpuset.${file} > $d/cpuset.${file}`);
    const steps = [
      "mkdir -p $d",
      ...(controller === "cpuset" ? inherit : []),
      `chown ${uid} $d $d/tasks $d/cgroup.procs`,
    ];
    return `sudo sh -c '${group}; ${steps.join(" && ")}'`;
  }
  // Freezing takes no controller on v2.
  const hand = controller === "freezer" ? "true" : `echo +${controller} > ${directory}/cgroup.subtree_control`;
  const give = `chown ${uid} $d $d/cgroup.procs $d/cgroup.threads $d/cgroup.subtree_control && chown -R ${uid} $d/shell`;
  // A process may be moved only by whoever may write above both groups: root puts the shell there.
  const move = `echo ${process.ppid} > $d/shell/cgroup.procs`;
  return `sudo sh -c '${group}; mkdir -p $d/shell && ${hand} && ${give} && ${move}'`;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Root, and not of a user namespace only (user_namespaces(7): the first one maps every id to itself). */
export function isFirstRoot(map?: string): boolean {
  if (process.geteuid?.() !== 0) return false;
  if (map !== undefined) return mapsEveryId(map);
  ownMap ??= mapsEveryId("/proc/self/uid_map");
  return ownMap;
}

/** A process with threads, as Node is one, stays in its user namespace: unshare(2). */
let ownMap: boolean | undefined;

function mapsEveryId(map: string): boolean {
  try {
    return /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync(map, "utf8"));
  } catch {
    return false;
  }
}

/**
 * The directory below which this process may make groups of a hierarchy.
 *
 * Root: the top. Anyone else, root of a user namespace too: the top if that has been given to it, as in a container; on v1
 * else a group with its number, if that has been given to it (delegateFix); on v2 else beside its own group, where that group's parent is its own (a group with processes, such as ours, can have no
 * children with controllers).
 *
 * @returns undefined where it may make none
 */
export function groupTop(
  { version, directory, readOnly }: ControllerPlace,
  isRoot = isFirstRoot(),
  ownGroups = "/proc/self/cgroup",
): string | undefined {
  if (readOnly) return undefined;
  if (isRoot || isGiven(directory)) return directory;
  if (version === 1) return isGiven(givenGroup(directory)) ? givenGroup(directory) : undefined;
  const own = /^0::(\/.*)$/m.exec(existsSync(ownGroups) ? readFileSync(ownGroups, "utf8") : "")?.[1];
  if (own === undefined || own === "/") return undefined;
  const parent = dirname(`${directory}${own}`);
  return isGiven(parent) ? parent : undefined;
}

function isGiven(directory: string): boolean {
  return isWritable(directory) && isWritable(`${directory}/cgroup.procs`);
}

/** Kernels without the list have these (config-linux.md, Cgroup ownership). */
const DELEGATED = ["cgroup.procs", "cgroup.subtree_control", "cgroup.threads"];

/** The files of a group that may be given to the container, as the kernel lists them. */
export function delegatedFiles(list = "/sys/kernel/cgroup/delegate"): string[] {
  if (!existsSync(list)) return DELEGATED;
  const names = readFileSync(list, "utf8").split("\n");
  return names.filter((name) => /^[a-z_]+(\.[a-z_]+)+$/.test(name));
}

/**
 * To whom a container's v2 group is given: the specification's rule is that it is mounted writable at /sys/fs/cgroup, in
 * a new cgroup namespace (config-linux.md, Cgroup ownership).
 *
 * @returns the host's number of the user that the program runs as; undefined where the group stays ours
 */
export function groupOwner({ process, mounts = [], linux = {} }: OciConfig): number | undefined {
  const isNew = linux.namespaces?.some(({ type, path }) => type === "cgroup" && path === undefined);
  const isMountedWritable = mounts.some(
    ({ type, source, destination, options = [] }) =>
      (source === "cgroup" || type === "cgroup" || type === "cgroup2") &&
      destination === "/sys/fs/cgroup" &&
      !options.includes("ro"),
  );
  if (!isNew || !isMountedWritable || process === undefined) return undefined;
  return hostId(process.user.uid, linux.uidMappings);
}

function hostId(uid: number, mappings: readonly OciIdMapping[] | undefined): number | undefined {
  if (mappings === undefined || mappings.length === 0) return uid;
  const range = mappings.find(({ containerID, size }) => uid >= containerID && uid < containerID + size);
  return range === undefined ? undefined : range.hostID + (uid - range.containerID);
}
