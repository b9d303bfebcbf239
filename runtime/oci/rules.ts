/** What config.md and config-linux.md demand of several fields together. */
import type { NamespaceType, OciConfig, OciLinux } from "./config.ts";
import { Misfit } from "./readers.ts";
import { sysctlProblem } from "./sysctl.ts";

/** @throws Misfit for the first rule that a configuration breaks */
export function checkRules(config: OciConfig): void {
  const linux = config.linux ?? {};
  const namespaces = distinctNamespaces(linux);
  checkNames(config, namespaces);
  checkMappings(config, namespaces);
  checkSysctls(linux, namespaces);
  if (linux.timeOffsets !== undefined && !namespaces.has("time") && Object.keys(linux.timeOffsets).length > 0) {
    throw new Misfit(
      "there is no time namespace whose clocks could be shifted",
      ["linux", "timeOffsets"],
      'add {"type": "time"} to linux.namespaces',
    );
  }
  if (Object.keys(linux.netDevices ?? {}).length > 0 && !namespaces.has("network")) {
    throw new Misfit(
      "there is no network namespace of the container's own that they could move to",
      ["linux", "netDevices"],
      'add {"type": "network"} to linux.namespaces',
    );
  }
  for (const field of ["maskedPaths", "readonlyPaths"] as const) {
    if ((linux[field]?.length ?? 0) > 0 && !namespaces.has("mount")) {
      throw new Misfit(
        "without a mount namespace the host's own paths would be hidden",
        ["linux", field],
        'add {"type": "mount"} to linux.namespaces',
      );
    }
  }
}

function distinctNamespaces({ namespaces = [] }: OciLinux): ReadonlySet<NamespaceType> {
  const types = new Set<NamespaceType>();
  for (const [index, { type }] of namespaces.entries()) {
    if (types.has(type)) {
      throw new Misfit(`there are two ${type} namespaces`, ["linux", "namespaces", index, "type"], "keep one of them");
    }
    types.add(type);
  }
  return types;
}

/** __NEW_UTS_LEN of linux/utsname.h. */
const LONGEST_NAME_BYTES = 64;

function checkNames(config: OciConfig, namespaces: ReadonlySet<NamespaceType>): void {
  for (const field of ["hostname", "domainname"] as const) {
    const name = config[field] ?? "";
    if (name !== "" && !namespaces.has("uts")) {
      throw new Misfit(
        "without a UTS namespace it would be the host's",
        [field],
        'add {"type": "uts"} to linux.namespaces, or leave the name out',
      );
    }
    if (Buffer.byteLength(name) > LONGEST_NAME_BYTES) {
      throw new Misfit(`longer than the kernel's ${LONGEST_NAME_BYTES} bytes`, [field], "shorten it");
    }
  }
}

function checkMappings({ linux = {}, mounts = [] }: OciConfig, namespaces: ReadonlySet<NamespaceType>): void {
  for (const field of ["uidMappings", "gidMappings"] as const) {
    if ((linux[field]?.length ?? 0) > 0 && !namespaces.has("user")) {
      throw new Misfit(
        "there is no user namespace that they could be for",
        ["linux", field],
        'add {"type": "user"} to linux.namespaces',
      );
    }
  }
  for (const [index, { uidMappings = [], gidMappings = [] }] of mounts.entries()) {
    if (uidMappings.length > 0 === gidMappings.length > 0) continue;
    const missing = uidMappings.length > 0 ? "gidMappings" : "uidMappings";
    throw new Misfit("missing; ids of users and of groups are mapped together", ["mounts", index, missing]);
  }
}

function checkSysctls({ sysctl = {} }: OciLinux, namespaces: ReadonlySet<NamespaceType>): void {
  for (const [name, value] of Object.entries(sysctl)) {
    const problem = sysctlProblem(name, value, namespaces);
    if (problem !== undefined) throw new Misfit(problem.why, ["linux", "sysctl", name], problem.fix);
  }
}
