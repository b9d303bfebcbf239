/**
 * How a further process gets into a running container: held by its first process, into its control groups, then into all
 * of its namespaces in one call. setns(2), pidfd_open(2), pid_namespaces(7).
 */
import type { PlanStep } from "../../native/plan/plan.ts";
import type { CgroupLayout } from "../cgroup/layout.ts";
import { joinCgroupSteps } from "../cgroup/steps.ts";
import type { NamespaceType, OciProcess } from "../oci/config.ts";
import { O_PATH_DIRECTORY } from "../open-flags.ts";
import { forkStep, namespaceFlags } from "./namespaces.ts";
import type { Slots } from "./slots.ts";
import { openTerminalSteps } from "./terminal.ts";

/** Where a process is to go in. */
export interface Entrance {
  readonly init: { readonly pid: number; readonly startTicks: number };
  /** The container's groups, by their directories. */
  readonly cgroups: readonly string[];
  readonly layout: CgroupLayout;
  /** One that the container shares with the host is joined without effect. */
  readonly namespaces: readonly NamespaceType[];
  /** Done on the host's side, before the process is in the groups. */
  readonly beforeGroups?: readonly PlanStep[];
  /** Done on the host's side, when it is in them. */
  readonly afterGroups?: readonly PlanStep[];
}

/**
 * From the launcher to a process in the container's groups and namespaces, with the rights that it had outside.
 * @param slots gives a slot to the first process and to each group
 */
export function enterSteps(entrance: Entrance, slots: Slots): PlanStep[] {
  const { init, layout, cgroups, namespaces, beforeGroups = [], afterGroups = [] } = entrance;
  const pidfd = slots.take();
  const groups = joinCgroupSteps(layout, cgroups, slots, init.pid);
  return [
    {
      phase: "host",
      stage: "join",
      why: "The container's first process, held so that its number cannot come to mean another.",
      op: "openPidfd",
      slot: pidfd,
      pid: init.pid,
      startTicks: init.startTicks,
    },
    ...groups.host,
    {
      phase: "host",
      stage: "clone",
      why: "A copy of the launcher, which will walk into the container.",
      op: "clone",
      flags: 0,
      cgroup: groups.cloneInto,
    },
    ...beforeGroups,
    ...groups.join,
    ...afterGroups,
    {
      phase: "child",
      stage: "join",
      why: "Every namespace of the container at once.",
      op: "joinNamespaces",
      slot: pidfd,
      flags: namespaceFlags(namespaces),
    },
    ...(namespaces.includes("pid") || namespaces.includes("time") ? [forkStep()] : []),
  ];
}

/**
 * A terminal of the container's own, opened by who has just come in. The devpts of a running container is found by its
 * path inside; what is found there is checked to be one.
 * @param console the slot of the socket to which the terminal's master is sent; undefined: the caller gets it
 */
export function insideTerminalSteps(process: OciProcess, slots: Slots, console?: number): PlanStep[] {
  if (process.terminal !== true) return [];
  const pts = slots.take();
  return [
    {
      phase: "child",
      stage: "terminal",
      why: "The container's own terminals.",
      op: "openPath",
      slot: pts,
      path: "/dev/pts",
      flags: O_PATH_DIRECTORY,
    },
    ...openTerminalSteps(process, { pts, console }),
  ];
}
