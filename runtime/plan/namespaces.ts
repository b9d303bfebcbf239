/**
 * Which namespaces a container has, and when each begins. namespaces(7), clone(2).
 */
import type { PlanStep } from "../../native/plan/plan.ts";
import type { NamespaceType } from "../oci/config.ts";

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

/**
 * The clone step. The cgroup namespace is left out when v1 groups are joined after the clone: it would keep showing the
 * host's path, so it is unshared once the process is where it belongs (cgroup_namespaces(7)).
 */
export function cloneStep(types: readonly NamespaceType[], cgroupSlot: number, joinsLater: boolean): PlanStep {
  const now = types.filter((type) => !(joinsLater && type === "cgroup"));
  return {
    phase: "host",
    stage: "clone",
    why: `One call makes the process, and with it ${now.map((type) => NAMESPACES[type].what).join("; ")}.`,
    op: "clone",
    flags: namespaceFlags(now),
    cgroup: cgroupSlot,
  };
}

/** The step that follows the joining of v1 groups. */
export function cgroupNamespaceStep(): PlanStep {
  return {
    phase: "child",
    stage: "cgroup",
    why: "Only now: from here on, the groups just joined look like the root of all groups.",
    op: "unshare",
    flags: NAMESPACES.cgroup.flag,
  };
}
