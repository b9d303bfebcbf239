/** config.md, Process: who runs what, with which rights and limits. Also what `exec --process` reads. */
import { RingsideError } from "../error.ts";
import { CAPABILITIES, parseCapability } from "../plan/capabilities.ts";
import type {
  OciCapabilities,
  OciCpuAffinity,
  OciIoPriority,
  OciProcess,
  OciRlimit,
  OciScheduler,
  OciUser,
} from "./config.ts";
import { IO_PRIORITY_CLASSES, RLIMITS, SCHEDULER_FLAGS, SCHEDULER_POLICIES } from "./kernel-names.ts";
import {
  absolutePath,
  exactUint64,
  filledList,
  flag,
  ID,
  integer,
  keyOf,
  list,
  Misfit,
  object,
  optional,
  type Reader,
  required,
  text,
  textLike,
  UINT16,
  UINT32,
} from "./readers.ts";

const user = object<OciUser>({
  uid: required(ID),
  gid: required(ID),
  umask: optional(UINT32),
  additionalGids: optional(list(ID)),
});

export const CAPABILITY_SETS = ["bounding", "effective", "permitted", "inheritable", "ambient"] as const;

const names = list(text);
const capabilitySets = object<OciCapabilities>({
  bounding: optional(names),
  effective: optional(names),
  permitted: optional(names),
  inheritable: optional(names),
  ambient: optional(names),
});

/**
 * Capabilities that no kernel has are left out with a warning: config.md, Linux Process: "Any value which cannot be
 * mapped to a relevant kernel interface, or cannot be granted otherwise, MUST be logged as a warning".
 */
function capabilities(warn: (warning: string) => void): Reader<OciCapabilities> {
  return (value) => {
    const sets = capabilitySets(value);
    const unknown = new Set<string>();
    const known = (name: string) => {
      if (Object.hasOwn(CAPABILITIES, name)) return true;
      unknown.add(name);
      return false;
    };
    const found = Object.fromEntries(Object.entries(sets).map(([set, list]) => [set, list.filter(known)]));
    for (const name of unknown) warn(`process.capabilities: ${adviceOn(name)}`);
    return capabilitySets(found);
  };
}

function adviceOn(name: string): string {
  try {
    parseCapability(name);
  } catch (error) {
    if (error instanceof RingsideError) return `left out ${error.message}; ${error.fix}`;
  }
  return `left out ${name}`;
}

const rlimitFields = object<OciRlimit>({
  type: required(keyOf("a resource", RLIMITS)),
  soft: required(exactUint64),
  hard: required(exactUint64),
});

/** Each resource once, and no soft limit above the hard one (setrlimit(2): EINVAL). */
function rlimits(value: unknown): readonly OciRlimit[] {
  const found = list(rlimitFields)(value);
  const seen = new Set<string>();
  for (const [index, { type, soft, hard }] of found.entries()) {
    if (seen.has(type)) throw new Misfit(`${type} is limited twice`, [index, "type"], "keep one of the two");
    if (soft > hard) throw new Misfit(`${soft} is above the hard limit of ${hard}`, [index, "soft"]);
    seen.add(type);
  }
  return found;
}

const schedulerFields = object<OciScheduler>({
  policy: required(keyOf("a scheduling policy", SCHEDULER_POLICIES)),
  nice: optional(integer(-20, 19)),
  priority: optional(integer(0, 99)),
  flags: optional(list(keyOf("a scheduling flag", SCHEDULER_FLAGS))),
  runtime: optional(exactUint64),
  deadline: optional(exactUint64),
  period: optional(exactUint64),
});

const REALTIME: ReadonlySet<string> = new Set(["SCHED_FIFO", "SCHED_RR"]);

/** sched_setattr(2): which numbers belong to which policy. */
function scheduler(value: unknown): OciScheduler {
  const found = schedulerFields(value);
  const { policy, priority = 0 } = found;
  if (policy === "SCHED_ISO") throw new Misfit("Linux has no SCHED_ISO", ["policy"], "use SCHED_OTHER or SCHED_RR");
  if (REALTIME.has(policy) !== priority > 0) {
    const rule = REALTIME.has(policy) ? `${policy} needs one from 1 to 99` : `${policy} has none`;
    throw new Misfit(`${rule}, found ${priority}`, ["priority"], "priorities are for SCHED_FIFO and SCHED_RR");
  }
  for (const field of ["runtime", "deadline", "period"] as const) {
    if (found[field] === undefined || BigInt(found[field]) === 0n || policy === "SCHED_DEADLINE") continue;
    throw new Misfit(`${policy} has none`, [field], "it is for SCHED_DEADLINE");
  }
  return found;
}

const ioPriority = object<OciIoPriority>({
  class: required(keyOf("an I/O class", IO_PRIORITY_CLASSES)),
  priority: optional(integer(0, 7)),
});

/** As cpuset(7) writes lists of CPUs or memory nodes; empty says nothing. */
const CPU_LIST = /^(\d{1,5}(-\d{1,5})?(, *\d{1,5}(-\d{1,5})?)*)?$/;
export const cpuList = textLike("a list of numbers such as 0-3,8", CPU_LIST);

const affinity = object<OciCpuAffinity>({ initial: optional(cpuList), final: optional(cpuList) });

/** Who it is when nothing is said: the specification's schema asks for no user, and its zero values are root's. */
const ROOT: OciUser = { uid: 0, gid: 0 };

/** @param warn is told of what is left out */
export function processReader(warn: (warning: string) => void): Reader<OciProcess> {
  const fields = object<OciProcess>({
    terminal: optional(flag),
    consoleSize: optional(
      object<{ readonly width: number; readonly height: number }>({
        width: required(UINT16),
        height: required(UINT16),
      }),
    ),
    user: required(user),
    args: required(filledList("the program and its arguments", text)),
    env: optional(list(text)),
    cwd: required(absolutePath),
    capabilities: optional(capabilities(warn)),
    rlimits: optional(rlimits),
    noNewPrivileges: optional(flag),
    apparmorProfile: optional(text),
    selinuxLabel: optional(text),
    oomScoreAdj: optional(integer(-1000, 1000)),
    scheduler: optional(scheduler),
    ioPriority: optional(ioPriority),
    execCPUAffinity: optional(affinity),
  });
  return (value) => fields(lacksUser(value) ? { ...value, user: ROOT } : value);
}

/** A process without a user. */
function lacksUser(value: unknown): value is object {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && (!("user" in value) || value.user === null)
  );
}
