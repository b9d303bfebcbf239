/**
 * How this machine's control groups are mounted: v1 (a hierarchy for each controller), v2 (one tree for all), or hybrid
 * (some controllers in v1 hierarchies, the others in the v2 tree). cgroups(7), proc_pid_mountinfo(5).
 */
import { readFileSync } from "node:fs";

/** Where one controller is reached. Co-mounted v1 controllers (`cpu,cpuacct`) share a directory. */
export interface ControllerPlace {
  readonly version: 1 | 2;
  /** The top of its hierarchy, as this process sees it. */
  readonly directory: string;
  /** Mounted read-only, as engines do it for containers: no group can be made there. */
  readonly readOnly: boolean;
}

export interface CgroupLayout {
  readonly mode: "v1" | "hybrid" | "v2" | "none";
  readonly controllers: Readonly<Record<string, ControllerPlace>>;
  /** The top of the v2 tree, where there is one (in hybrid mode it may hold few controllers, or none). */
  readonly unified?: string;
  /** The v2 tree is mounted read-only. */
  readonly unifiedReadOnly?: boolean;
  /** v1 hierarchies without a controller, by name (`systemd`): a service manager keeps its books there. */
  readonly named?: Readonly<Record<string, ControllerPlace>>;
}

interface CgroupMount {
  readonly type: "cgroup" | "cgroup2";
  readonly directory: string;
  readonly readOnly: boolean;
  /** A v1 mount's controllers are among these, beside `rw` and `name=systemd`. */
  readonly superOptions: readonly string[];
}

/**
 * Finds the hierarchies that are mounted below a directory and the controllers that each holds.
 *
 * @param root only mounts here or below count
 * @param mountInfo the mount table to read; a machine whose table cannot be read has no control groups to offer
 */
export function detectCgroups(root = "/sys/fs/cgroup", mountInfo = "/proc/self/mountinfo"): CgroupLayout {
  const mounts = readMounts(mountInfo).filter(
    ({ directory }) => directory === root || directory.startsWith(`${root}/`),
  );
  const controllers: Record<string, ControllerPlace> = {};
  const unified = mounts.find(({ type }) => type === "cgroup2");
  if (unified) {
    for (const name of wordsOf(`${unified.directory}/cgroup.controllers`)) {
      controllers[name] = { version: 2, directory: unified.directory, readOnly: unified.readOnly };
    }
  }
  for (const { directory, readOnly, superOptions } of mounts.filter(({ type }) => type === "cgroup")) {
    for (const name of superOptions.filter((option) => V1_CONTROLLERS.has(option))) {
      controllers[name] ??= { version: 1, directory, readOnly };
    }
  }
  const named = namedHierarchies(mounts);
  return {
    mode: modeOf(mounts),
    controllers,
    ...(Object.keys(named).length > 0 && { named }),
    ...(unified && { unified: unified.directory, unifiedReadOnly: unified.readOnly }),
  };
}

function namedHierarchies(mounts: readonly CgroupMount[]): Record<string, ControllerPlace> {
  const named: Record<string, ControllerPlace> = {};
  for (const { type, directory, readOnly, superOptions } of mounts) {
    const name = superOptions.find((option) => option.startsWith("name="))?.slice("name=".length);
    if (type === "cgroup" && name !== undefined) named[name] ??= { version: 1, directory, readOnly };
  }
  return named;
}

/** Every v1 controller there has been; the other words among a mount's options are options. */
const V1_CONTROLLERS = new Set([
  "blkio",
  "cpu",
  "cpuacct",
  "cpuset",
  "devices",
  "freezer",
  "hugetlb",
  "memory",
  "misc",
  "net_cls",
  "net_prio",
  "perf_event",
  "pids",
  "rdma",
]);

function modeOf(mounts: readonly CgroupMount[]): CgroupLayout["mode"] {
  const hasV1 = mounts.some(({ type }) => type === "cgroup");
  const hasV2 = mounts.some(({ type }) => type === "cgroup2");
  if (hasV1) return hasV2 ? "hybrid" : "v1";
  return hasV2 ? "v2" : "none";
}

/** The last table that was read: it seldom changes, and every start looks at it. */
let last: { readonly table: string; readonly mounts: readonly CgroupMount[] } | undefined;

function readMounts(mountInfo: string): readonly CgroupMount[] {
  const table = textOf(mountInfo);
  if (last?.table !== table) last = { table, mounts: parseTable(table) };
  return last.mounts;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function parseTable(table: string): CgroupMount[] {
  const visible = new Map<string, CgroupMount>();
  for (const mount of table.split("\n").flatMap(parseMount)) {
    // A later mount on the same directory hides the earlier one.
    visible.set(mount.directory, mount);
  }
  return [...visible.values()];
}

/** One line of mountinfo: `36 31 0:33 / /sys/fs/cgroup/devices rw,nosuid shared:9 - cgroup cgroup rw,devices`. */
function parseMount(line: string): CgroupMount[] {
  const [left = "", right = ""] = line.split(" - ");
  const [, , , , directory, options] = left.split(" ");
  const [type, , superOptions] = right.split(" ");
  if ((type !== "cgroup" && type !== "cgroup2") || !directory || options === undefined || superOptions === undefined) {
    return [];
  }
  const words = superOptions.split(",");
  const readOnly = options.split(",").includes("ro") || words.includes("ro");
  return [{ type, directory: unescapeOctal(directory), readOnly, superOptions: words }];
}

/** The kernel writes blank, tab, newline and backslash in paths as `\040` and so on. */
function unescapeOctal(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/** The directory of every v1 hierarchy, each once. */
export function v1Hierarchies(layout: CgroupLayout): ControllerPlace[] {
  const places = [...Object.values(layout.controllers), ...Object.values(layout.named ?? {})];
  return [...new Map(places.filter(({ version }) => version === 1).map((place) => [place.directory, place])).values()];
}

/** The words of a control file such as cgroup.controllers; none where it cannot be read. */
export function wordsOf(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split(/\s+/).filter(Boolean);
  } catch {
    return [];
  }
}
