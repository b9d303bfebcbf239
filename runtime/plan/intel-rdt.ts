/**
 * Intel's Resource Director Technology: shares of the last-level cache and of the memory's bandwidth, by groups in the
 * resctrl file system (kernel: Documentation/filesystems/resctrl.rst; runtime-spec, config-linux.md, IntelRdt).
 */
import { constants, existsSync, readFileSync } from "node:fs";
import type { PlanStep } from "../../native/plan/plan.ts";
import { RingsideError } from "../error.ts";
import type { OciIntelRdt } from "../oci/config.ts";
import { O_CLOEXEC } from "../open-flags.ts";
import type { Slots } from "./slots.ts";

export interface IntelRdtPlan {
  readonly host: PlanStep[];
  readonly join: PlanStep[];
  readonly cleanup: PlanStep[];
  /** Directories that it makes, the deepest first: they go with the container. */
  readonly made: readonly string[];
}

const NOTHING: IntelRdtPlan = { host: [], join: [], cleanup: [], made: [] };
const STAGE = { phase: "host", stage: "cgroup" } as const;

/** Where resctrl is mounted (proc_pid_mountinfo(5)). */
function resctrlDirectory(mountInfo: string): string {
  const lines = existsSync(mountInfo) ? readFileSync(mountInfo, "utf8").split("\n") : [];
  const mount = lines.find((line) => line.split(" - ")[1]?.startsWith("resctrl "));
  const directory = mount?.split(" ")[4];
  if (directory !== undefined) return directory;
  throw new RingsideError("cannot set linux.intelRdt: no resctrl file system is mounted", {
    fix: "mount -t resctrl resctrl /sys/fs/resctrl, on a processor that has it, or leave linux.intelRdt out",
  });
}

/** The lines of both fields together; the bandwidth's own field wins over a line in the cache's. */
function schemaLines({ l3CacheSchema = "", memBwSchema = "" }: OciIntelRdt): string[] {
  const cache = l3CacheSchema.split("\n").filter((line) => line !== "");
  return memBwSchema === "" ? cache : [...cache.filter((line) => !line.startsWith("MB:")), memBwSchema];
}

/** `L3:0=f;1=f` as an unordered set of settings: the kernel pads and orders them in its own way. */
function settings(line: string): string[] {
  const [resource = "", values = ""] = line.replaceAll(" ", "").split(":");
  return values.split(";").map((setting) => {
    const [domain = "", value = ""] = setting.split("=");
    return `${resource}:${Number(domain)}=${value.toLowerCase().replace(/^0+(?=.)/, "")}`;
  });
}

/** @throws RingsideError when an existing class of service has other shares than the configuration asks for */
function checkSame(directory: string, wanted: readonly string[]): void {
  const has = new Set(readFileSync(`${directory}/schemata`, "utf8").split("\n").flatMap(settings));
  const other = wanted.flatMap(settings).find((setting) => !has.has(setting));
  if (other === undefined) return;
  throw new RingsideError(`cannot use linux.intelRdt.closID: ${directory} is there already, without ${other}`, {
    fix: "name another class of service, or ask for the shares that it has",
  });
}

function write(path: string, value: string): PlanStep {
  return {
    ...STAGE,
    why: "Its shares of the processor's cache and of the memory's bandwidth.",
    op: "writeFile",
    path,
    value,
  };
}

function make(path: string): PlanStep {
  return {
    ...STAGE,
    why: "A class of service of its own, in the resctrl file system.",
    op: "makeDirectory",
    path,
    mode: 0o755,
    mayExist: 0,
  };
}

function join(directory: string, slots: Slots): readonly [open: PlanStep, join: PlanStep] {
  const slot = slots.take();
  const flags = constants.O_WRONLY | O_CLOEXEC;
  const why = "The list of tasks that have these shares, opened while the host's files can be seen.";
  return [
    { ...STAGE, why, op: "openPath", slot, path: `${directory}/tasks`, flags },
    { phase: "child", stage: "cgroup", why: "From now on the shares are the container's.", op: "joinCgroup", slot },
  ];
}

/** Where the tasks of a container are written down: its class of service, then what is counted of it alone. */
function groupsOf({ closID, enableMonitoring = false }: OciIntelRdt, id: string, resctrl: string): string[] {
  const directory = `${resctrl}/${closID ?? id}`;
  return [directory, ...(enableMonitoring ? [`${directory}/mon_groups/${id}`] : [])];
}

/**
 * The steps by which a further process of a running container comes to have the container's shares.
 *
 * @param rdt the container's own
 * @throws RingsideError where resctrl is not mounted any more
 */
export function joinIntelRdtSteps(
  rdt: OciIntelRdt | undefined,
  id: string,
  slots: Slots,
  mountInfo = "/proc/self/mountinfo",
): Pick<IntelRdtPlan, "host" | "join"> {
  if (rdt === undefined) return NOTHING;
  const joins = groupsOf(rdt, id, resctrlDirectory(mountInfo)).map((group) => join(group, slots));
  return { host: joins.map(([open]) => open), join: joins.map(([, enter]) => enter) };
}

/**
 * The steps for linux.intelRdt.
 *
 * @param id the container's: the name of its class of service, unless one is named
 * @throws RingsideError where there is no resctrl, and where the class that is named is missing or another
 */
export function intelRdtSteps(
  rdt: OciIntelRdt | undefined,
  id: string,
  slots: Slots,
  mountInfo = "/proc/self/mountinfo",
): IntelRdtPlan {
  if (rdt === undefined) return NOTHING;
  const { closID, schemata = [] } = rdt;
  const groups = groupsOf(rdt, id, resctrlDirectory(mountInfo));
  const [directory = "", monitored] = groups;
  const lines = schemaLines(rdt);
  const isThere = existsSync(directory);
  if (closID !== undefined && !isThere && lines.length + schemata.length === 0) {
    throw new RingsideError(`cannot use linux.intelRdt.closID: there is no ${directory}`, {
      fix: "make it first, or say with schemata what its shares are to be",
    });
  }
  if (isThere) checkSame(directory, lines);
  const made = [...(monitored === undefined ? [] : [monitored]), ...(isThere ? [] : [directory])];
  const joins = groups.map((group) => join(group, slots));
  return {
    host: [
      ...(isThere
        ? []
        : [make(directory), ...(lines.length > 0 ? [write(`${directory}/schemata`, `${lines.join("\n")}\n`)] : [])]),
      ...(schemata.length > 0 ? [write(`${directory}/schemata`, `${schemata.join("\n")}\n`)] : []),
      ...(monitored === undefined ? [] : [make(monitored)]),
      ...joins.map(([open]) => open),
    ],
    join: joins.map(([, enter]) => enter),
    cleanup: made.map((path) => {
      return {
        phase: "cleanup",
        stage: "cleanup",
        why: "The class of service goes with the container.",
        op: "removeDirectory",
        path,
      };
    }),
    made,
  };
}
