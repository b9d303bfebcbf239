/**
 * What a step of a container's start is made of: its kernel work, in parts that were measured one by one
 * (native/bench/calibrate). So a start is predicted from its parts on a machine on which no start was ever timed.
 */
import type { Cost } from "./cost.ts";
import { stepCostId } from "./reference-container.ts";

/** A step as far as its cost depends on it. */
export interface CostedStep {
  readonly op: string;
  readonly subject: string;
}

/** Parts, each with the alternatives of which the first that was measured counts. */
type Parts = readonly (readonly string[])[];

const one = (...names: readonly string[]): Parts => [names];
const always =
  (...names: readonly string[]) =>
  (): Parts =>
    one(...names);

/** The last name of a path: a control file, a controller. */
function lastOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function isGroup(path: string): boolean {
  return path.startsWith("/sys/fs/cgroup");
}

/** The first directory of a layer is made among those of others, on the disk; the next ones in it. */
function directory(path: string): Parts {
  if (isGroup(path)) return one(`cgroup.make.${lastOf(path)}`, "cgroup.make.memory", "cgroup.make");
  return /\/(upper|work|root)$/.test(path) ? one("layer.directory") : one("layer.make");
}

/** Where the directory is not there yet, it is made first. */
const ATTACHED_TO_NEW = /^\/dev\/.|^\/sys\/fs\/cgroup\/./;
const MASKED_DIRECTORY = /^\/sys\/|^\/proc\/(acpi|asound|scsi)$/;

type IsThere = (path: string) => boolean;

/** By operation of the plan: of which parts its step consists. */
const PARTS: Readonly<Record<string, (subject: string, isThere: IsThere) => Parts>> = {
  makeDirectory: directory,
  writeFile: (path) => one(`cgroup.write.${lastOf(path)}`, "cgroup.write.devices.deny", "cgroup.write"),
  attachDeviceFilter: always("cgroup.devices"),
  openPath: always("cgroup.open"),
  newOverlay: always("mount.overlay"),
  newFilesystem: (type) => one(`mount.${type === "cgroup2" ? "cgroup" : type}`, "mount.tmpfs"),
  makeFile: always("file.make"),
  clone: (namespaces) => [["clone"], ...words(namespaces).map((name) => [`namespace.${name}`])],
  unshare: (namespaces) =>
    namespaces === "cgroup"
      ? one("namespace.cgroup.joined", "namespace.cgroup")
      : words(namespaces).map((name) => [`namespace.${name}`]),
  joinCgroup: always("cgroup.join"),
  setPropagation: always("mount.propagation"),
  attachRoot: always("mount.attachRoot"),
  mountAt: (path) => one(ATTACHED_TO_NEW.test(path) ? "mount.attach.new" : "mount.attach"),
  setMountAttributes: always("mount.attributes"),
  makeNode: always("node.make"),
  makeSymlink: always("link.make"),
  bindFile: (path) => (path === "/etc/hostname" ? one("file.bind.first", "file.bind") : one("file.bind")),
  makeDirectoryIn: always("directory.known"),
  openIn: always("file.open"),
  maskPath: (path, isThere) => {
    if (!isThere(path)) return one("path.absent");
    return one(MASKED_DIRECTORY.test(path) ? "path.mask.directory" : "path.mask");
  },
  readonlyPath: (path, isThere) => one(isThere(path) ? "path.readonly" : "path.absent"),
  pivotRoot: always("root.pivot"),
  setHostname: always("hostname.set"),
  loopbackUp: always("loopback.up"),
  newSession: always("session.new"),
  setStdio: always("descriptors.place"),
  resetSignals: always("signals.reset"),
  joinKeyring: always("keyring.join"),
  setUmask: always("umask.set"),
  setNoNewPrivileges: always("privileges.none"),
  dropBounding: always("bounding.drop"),
  setUser: always("user.set"),
  setCapabilities: always("capabilities.set"),
  setDirectory: always("directory.enter"),
  dieWithParent: always("parent.watch"),
  closeDescriptors: always("descriptors.close"),
  setSeccomp: always("seccomp.load"),
  execute: always("program.execute"),
  readReport: always("cgroup.report"),
  killCgroup: always("cgroup.look"),
  removeDirectory: (path) => one(`cgroup.remove.${lastOf(path)}`, "cgroup.remove.memory", "cgroup.remove"),
};

function words(text: string): string[] {
  return text.split(" ").filter((word) => word !== "");
}

/** Where a part's cost is kept: measured in a start, or by itself. */
function find(costs: ReadonlyMap<string, Cost>, alternatives: readonly string[]): Cost | undefined {
  return alternatives.flatMap((name) => costs.get(`start.${name}`) ?? costs.get(`linux.${name}`) ?? []).at(0);
}

/**
 * @param steps of a plan; each may come several times
 * @param measured the costs of the parts
 * @param isThere whether a path is there on the machine: only then it is hidden or made read-only
 * @returns a cost for each different step whose parts were all measured, with the arithmetic as its source
 */
export function stepCosts(steps: readonly CostedStep[], measured: readonly Cost[], isThere: IsThere): Cost[] {
  const byId = new Map(measured.map((cost) => [cost.id, cost]));
  const made = new Map<string, Cost>();
  for (const { op, subject } of steps) {
    const id = stepCostId(op, subject);
    const parts = PARTS[op]?.(subject, isThere) ?? [];
    const costs = parts.flatMap((alternatives) => find(byId, alternatives) ?? []);
    const [first] = costs;
    if (first === undefined || costs.length < parts.length || made.has(id)) continue;
    made.set(id, {
      id,
      value: costs.reduce((sum, { value }) => sum + value, 0),
      unit: "ns",
      status: "derived",
      source: `ringside calibrate: ${costs.map((cost) => `${cost.id} ${cost.value}`).join(" + ")} ns`,
      date: first.date,
      machine: first.machine,
    });
  }
  return [...made.values()];
}
