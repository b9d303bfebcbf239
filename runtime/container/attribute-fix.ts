/** What to do when the kernel refuses an attribute of a process, with the figures of this machine. errno(3). */
import { readFileSync } from "node:fs";
import type { PlanStep } from "../../native/plan/plan.ts";
import { RLIMITS } from "../oci/kernel-names.ts";

const SCHEDULER_FIX =
  "real-time policies need CAP_SYS_NICE, a group with real-time runtime (cpu.rt_runtime_us) and, for deadlines, all processors";

const FIXES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  setOomScore: {
    EACCES: "a lower value than Ringside's own needs CAP_SYS_RESOURCE: give oomScoreAdj a higher value, or none",
  },
  setScheduler: {
    EPERM: SCHEDULER_FIX,
    EBUSY: "the processors have no time left to promise: ask for less runtime",
    EINVAL: "the policy and its values do not fit together: see sched_setattr(2)",
  },
  setIoPriority: { EPERM: "IOPRIO_CLASS_RT needs CAP_SYS_ADMIN or CAP_SYS_NICE: use IOPRIO_CLASS_BE" },
  setAffinity: { EINVAL: "none of these processors is there, or in the container's cpuset" },
  setMemoryPolicy: { EINVAL: "the nodes are not there, or the mode takes none: see set_mempolicy(2)" },
  openNamespace: {
    EINVAL: "the path is a namespace of another type: see linux.namespaces",
    ENOTTY: "the path is not a namespace: see linux.namespaces",
    ENOENT: "the path of the namespace is not there: see linux.namespaces",
  },
  writeIdMaps: {
    EPERM: "these ids may not be mapped: see /etc/subuid and /etc/subgid, or use ids that are mapped here",
    EINVAL: "the mappings overlap, or there are more than 340: see linux.uidMappings and linux.gidMappings",
  },
  runIdMapper: {
    EPERM:
      "these ids are not set aside for you in /etc/subuid and /etc/subgid: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 NAME",
  },
  unshare: { ENOSPC: "a limit of /proc/sys/user/max_*_namespaces is reached: raise it, or remove containers" },
  joinKeyring: { EDQUOT: "the quota of keys is used up: raise /proc/sys/kernel/keys/maxkeys, or use --no-new-keyring" },
  setCapabilities: { EPERM: "Ringside lacks some of these capabilities itself: see CapBnd in /proc/self/status" },
  moveNetDevice: {
    ENODEV: "the host has no such interface: see linux.netDevices",
    EEXIST: "the container has an interface of that name already: give netDevices another name",
  },
};

/** Our own hard limit, as /proc/self/limits has it in its third column. */
function ownHardLimit(name: string): string {
  const words = name.slice("RLIMIT_".length).toLowerCase();
  const labels: Readonly<Record<string, string>> = { nofile: "open files", nproc: "processes", as: "address space" };
  const label = labels[words] ?? words;
  const line = readFileSync("/proc/self/limits", "utf8")
    .split("\n")
    .find((one) => one.toLowerCase().startsWith(`max ${label}`));
  return line?.split(/ {2,}/)[2] ?? "lower";
}

function limitFix(step: PlanStep & { readonly op: "setLimit" }): string {
  const name = Object.entries(RLIMITS).find(([, number]) => number === step.resource)?.[0] ?? `limit ${step.resource}`;
  const most =
    name === "RLIMIT_NOFILE" ? `, and fs.nr_open is ${readFileSync("/proc/sys/fs/nr_open", "utf8").trim()}` : "";
  const option = name.slice("RLIMIT_".length).toLowerCase();
  return `${name} of ${step.soft} (soft) and ${step.hard} (hard) is asked for; the hard limit here is ${ownHardLimit(name)}${most}, and only CAP_SYS_RESOURCE may raise it: ask for less, such as --ulimit ${option}=1024:1024`;
}

/** @returns the fix for a step that set an attribute and failed with `code`; undefined where none is known */
export function attributeFix(step: PlanStep, code: string): string | undefined {
  if (step.op === "setLimit" && code === "EPERM") return limitFix(step);
  return FIXES[step.op]?.[code];
}
