/**
 * Which namespaces a container has, new or joined, and in what order the kernel lets them begin. namespaces(7), clone(2),
 * setns(2).
 *
 * The usual container gets all of them from one clone. A user namespace comes first and alone (with the pid namespace,
 * which only a clone or a fork can enter), since what is made before its maps are written belongs to nobody. A time
 * namespace and a joined pid namespace hold only children, so a second process takes over. The cgroup namespace begins
 * where the process is when it begins: after v1 groups have been joined.
 */
import { statSync } from "node:fs";
import type { PlanStep } from "../../native/plan/plan.ts";
import { RingsideError } from "../error.ts";
import type { NamespaceType, OciLinux, OciNamespace } from "../oci/config.ts";
import type { Slots } from "./slots.ts";
import { timeOffsetSteps } from "./time.ts";
import { becomeRootStep, idMapSteps } from "./user-namespace.ts";

export interface NamespaceRow {
  /** CLONE_NEW… of linux/sched.h. */
  readonly flag: number;
  /** Its name below /proc/PID/ns. */
  readonly file: string;
  readonly what: string;
}

export const NAMESPACES: Readonly<Record<NamespaceType, NamespaceRow>> = {
  pid: { flag: 0x20000000, file: "pid", what: "process numbers of its own, counted from 1" },
  mount: { flag: 0x00020000, file: "mnt", what: "a tree of mounts of its own" },
  network: { flag: 0x40000000, file: "net", what: "interfaces, routes and ports of its own" },
  uts: { flag: 0x04000000, file: "uts", what: "a hostname of its own" },
  ipc: { flag: 0x08000000, file: "ipc", what: "System V IPC and message queues of its own" },
  cgroup: { flag: 0x02000000, file: "cgroup", what: "its own control group as the root of all that it sees" },
  user: { flag: 0x10000000, file: "user", what: "user and group numbers of its own" },
  time: { flag: 0x00000080, file: "time", what: "clocks with an offset of its own" },
};

/** The clone(2) flags of several namespaces. */
export function namespaceFlags(types: readonly NamespaceType[]): number {
  return types.reduce((flags, type) => flags | NAMESPACES[type].flag, 0);
}

/** What the namespaces have to know of the control groups. */
export interface GroupsOfPlan {
  /** The slot of the v2 group into which the process is cloned, or NO_SLOT. */
  readonly cloneInto: number;
  /** The steps that join v1 groups. */
  readonly join: readonly PlanStep[];
}

export interface NamespacePlan {
  /** Joined ones, opened on the host. */
  readonly host: PlanStep[];
  /** The clone and all that follows it until the process is in its groups and namespaces. */
  readonly enter: PlanStep[];
}

/** A namespace that is there already, held in a slot. */
interface Joined {
  readonly type: NamespaceType;
  readonly slot: number;
}

interface Wanted {
  readonly fresh: readonly NamespaceType[];
  readonly joined: readonly Joined[];
}

/** Whether the configuration has a new namespace of this type. */
export function isNew(namespaces: readonly OciNamespace[] | undefined, type: NamespaceType): boolean {
  return namespaces?.some((namespace) => namespace.type === type && namespace.path === undefined) ?? false;
}

/** Whether the container does not share this namespace with us. */
export function isApart(namespaces: readonly OciNamespace[] | undefined, type: NamespaceType): boolean {
  return namespaces?.some((namespace) => namespace.type === type) ?? false;
}

/**
 * Whether a namespace that is to be joined is the one that we are in: `/proc/1/ns/net` is another name for the host's.
 * A path that leads nowhere is refused later, where it is opened.
 */
export function isOurOwn({ type, path }: OciNamespace): boolean {
  if (path === undefined) return false;
  try {
    const [theirs, ours] = [statSync(path), statSync(`/proc/self/ns/${NAMESPACES[type].file}`)];
    return theirs.dev === ours.dev && theirs.ino === ours.ino;
  } catch {
    return false;
  }
}

/**
 * The steps from the clone until the process is in all its namespaces and groups.
 * @param isRoot whether we are root here: an ordinary user has to be in the user namespace before it may join others
 * @throws RingsideError for a user namespace without maps, and for offsets without a time namespace
 */
export function namespaceSteps(
  linux: OciLinux,
  groups: GroupsOfPlan,
  slots: Slots,
  isRoot = process.geteuid?.() === 0,
): NamespacePlan {
  const { namespaces = [] } = linux;
  const wanted: Wanted = {
    fresh: namespaces.filter(({ path }) => path === undefined).map(({ type }) => type),
    joined: namespaces.filter(({ path }) => path !== undefined).map(({ type }) => ({ type, slot: slots.take() })),
  };
  if (linux.timeOffsets !== undefined && !wanted.fresh.includes("time")) {
    throw new RingsideError("cannot set linux.timeOffsets: the container has no time namespace of its own", {
      fix: 'add { "type": "time" } to linux.namespaces, or leave timeOffsets out',
    });
  }
  const host = namespaces
    .filter(({ path }) => path !== undefined)
    .map(({ path = "" }, index): PlanStep => openStep(wanted.joined[index], path));
  const staged = needsStages(wanted);
  return { host, enter: staged ? stagedSteps(wanted, linux, groups, isRoot) : directSteps(wanted, groups) };
}

function openStep(joined: Joined | undefined, path: string): PlanStep {
  if (joined === undefined) throw new TypeError(`no slot for the namespace at ${path}`);
  return {
    phase: "host",
    stage: "join",
    why: `The ${joined.type} namespace at ${path}, held by descriptor and checked to be one.`,
    op: "openNamespace",
    slot: joined.slot,
    path,
    flag: NAMESPACES[joined.type].flag,
  };
}

/** What one clone cannot do. */
function needsStages({ fresh, joined }: Wanted): boolean {
  const isThere = (type: NamespaceType): boolean => joined.some((one) => one.type === type);
  return fresh.includes("user") || fresh.includes("time") || isThere("user") || isThere("pid");
}

/** The usual case: everything new in one clone; v1 groups, then the cgroup namespace. */
function directSteps({ fresh, joined }: Wanted, groups: GroupsOfPlan): PlanStep[] {
  const late = groups.join.length > 0 && fresh.includes("cgroup");
  const now = fresh.filter((type) => !(late && type === "cgroup"));
  return [
    cloneStep(now, groups.cloneInto),
    ...joined.filter(({ type }) => type !== "cgroup").map(joinStep),
    ...groups.join,
    ...joined.filter(({ type }) => type === "cgroup").map(joinStep),
    ...(late ? [cgroupNamespaceStep()] : []),
  ];
}

function stagedSteps({ fresh, joined }: Wanted, linux: OciLinux, groups: GroupsOfPlan, isRoot: boolean): PlanStep[] {
  const users = fresh.includes("user");
  const joinedUser = joined.filter(({ type }) => type === "user");
  const others = joined.filter(({ type }) => type !== "user" && type !== "cgroup");
  // The user namespace itself is cloned only where nothing has to be joined with the rights of outside.
  const usersNow = users && others.length === 0;
  const isForking = fresh.includes("time") || others.some(({ type }) => type === "pid");
  const now: NamespaceType[] = [
    ...(usersNow ? (["user"] as const) : []),
    ...(usersNow && fresh.includes("pid") && !isForking ? (["pid"] as const) : []),
  ];
  const later = fresh.filter((type) => type !== "user" && !now.includes(type));
  const joins = isRoot ? [...others, ...joinedUser] : [...joinedUser, ...others];
  const mapped = users ? idMapSteps(linux) : [];
  const owned = users || joinedUser.length > 0;
  return [
    cloneStep(now, groups.cloneInto),
    ...joins.map(joinStep),
    ...(users && !usersNow ? [unshareStep(["user"])] : []),
    ...mapped,
    ...(owned ? [becomeRootStep(users ? linux : {})] : []),
    ...groups.join,
    ...joined.filter(({ type }) => type === "cgroup").map(joinStep),
    ...(later.length > 0 ? [unshareStep(later)] : []),
    ...timeOffsetSteps(linux.timeOffsets, owned ? "host" : "child"),
    ...(isForking || later.includes("pid") ? [forkStep()] : []),
  ];
}

function cloneStep(types: readonly NamespaceType[], cgroup: number): PlanStep {
  const what = types.map((type) => NAMESPACES[type].what).join("; ");
  return {
    phase: "host",
    stage: "clone",
    why:
      what === ""
        ? "A copy of the launcher, from which all else is made."
        : `One call makes the process, and with it ${what}.`,
    op: "clone",
    flags: namespaceFlags(types),
    cgroup,
  };
}

function joinStep({ type, slot }: Joined): PlanStep {
  return {
    phase: "child",
    stage: "join",
    why: `It shares with others: ${NAMESPACES[type].what}.`,
    op: "joinNamespaces",
    slot,
    flags: NAMESPACES[type].flag,
  };
}

function unshareStep(types: readonly NamespaceType[]): PlanStep {
  return {
    phase: "child",
    stage: "clone",
    why: `Owned by the user namespace that it is in now: ${types.map((type) => NAMESPACES[type].what).join("; ")}.`,
    op: "unshare",
    flags: namespaceFlags(types),
  };
}

/** Takes the first process's place. */
export function forkStep(): PlanStep {
  return {
    phase: "child",
    stage: "join",
    why: "A process keeps its number and its clocks for life: only one born now is in the new namespaces.",
    op: "forkSibling",
  };
}

/** The step that follows the joining of v1 groups. */
function cgroupNamespaceStep(): PlanStep {
  return {
    phase: "child",
    stage: "cgroup",
    why: "Only now: from here on, the groups just joined look like the root of all groups.",
    op: "unshare",
    flags: NAMESPACES.cgroup.flag,
  };
}
