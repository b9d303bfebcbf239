/** config-linux.md: reading what is Linux's own, but for control groups and seccomp. Rules that span fields: rules.ts. */
import {
  NAMESPACE_TYPES,
  type OciDevice,
  type OciIdMapping,
  type OciIntelRdt,
  type OciLinux,
  type OciMemoryPolicy,
  type OciNamespace,
  type OciPersonality,
  type OciTimeOffset,
  PROPAGATIONS,
} from "./config.ts";
import { MEMORY_POLICY_FLAGS, MEMORY_POLICY_MODES, OFFSET_CLOCKS, PERSONALITIES } from "./kernel-names.ts";
import { cpuList } from "./process-fields.ts";
import {
  absolutePath,
  flag,
  ID,
  int64,
  integer,
  keyOf,
  list,
  Misfit,
  object,
  oneOf,
  optional,
  record,
  required,
  text,
  textLike,
  UINT32,
} from "./readers.ts";
import { MAJOR, MINOR, resources } from "./resource-fields.ts";
import { seccompProfile } from "./seccomp-fields.ts";

const namespaceFields = object<OciNamespace>({
  type: required(oneOf("a namespace", NAMESPACE_TYPES)),
  path: optional((value) => (value === "" ? "" : absolutePath(value))),
});

/** An empty path is none, as older engines write it. */
function namespace(value: unknown): OciNamespace {
  const { type, path = "" } = namespaceFields(value);
  return path === "" ? { type } : { type, path };
}

const mappingFields = object<OciIdMapping>({
  containerID: required(ID),
  hostID: required(ID),
  size: required(integer(1, 0xffff_ffff)),
});

/** The kernel takes so many lines, since Linux 4.15 (user_namespaces(7)). */
const MOST_MAPPINGS = 340;

/** Reads uidMappings or gidMappings. Ranges may not overlap on either side, nor go beyond the last id. */
export function idMappings(value: unknown): readonly OciIdMapping[] {
  const found = list(mappingFields, MOST_MAPPINGS)(value);
  for (const side of ["containerID", "hostID"] as const) {
    const ranges = found.map((mapping, index) => ({ index, first: mapping[side], size: mapping.size }));
    ranges.sort((left, right) => left.first - right.first);
    for (const [position, { index, first, size }] of ranges.entries()) {
      const next = ranges[position + 1];
      if (first + size > 0xffff_ffff) {
        throw new Misfit(`${first} and ${size} from there go beyond the last id`, [index, "size"]);
      }
      if (next !== undefined && first + size > next.first) {
        throw new Misfit(`${next.first} is in another mapping already`, [next.index, side]);
      }
    }
  }
  return found;
}

const offset = object<OciTimeOffset>({ secs: optional(int64), nanosecs: optional(integer(0, 999_999_999)) });

const deviceFields = object<OciDevice>({
  type: required(oneOf("a type of device", ["c", "b", "u", "p"])),
  path: required(absolutePath),
  major: optional(MAJOR),
  minor: optional(MINOR),
  fileMode: optional(UINT32),
  uid: optional(ID),
  gid: optional(ID),
});

function device(value: unknown): OciDevice {
  const found = deviceFields(value);
  for (const number of ["major", "minor"] as const) {
    if (found.type !== "p" && found[number] === undefined) {
      throw new Misfit(`missing; a device of type ${found.type} has a ${number} number`, [number]);
    }
  }
  return found;
}

/** dev_valid_name() of net/core/dev.c. */
const INTERFACE = /^(?!\.{1,2}$)[^\s/:]{1,15}$/;
const interfaceName = textLike("the name of an interface", INTERFACE);

const oneLine = textLike("one line", /^[^\n]*$/);

const intelRdt = object<OciIntelRdt>({
  closID: optional(textLike("the name of a directory", /^(?!\.{0,2}$)[^/\n]+$/)),
  l3CacheSchema: optional(text),
  memBwSchema: optional(textLike("one line that begins with MB:", /^MB:[^\n]*$/)),
  schemata: optional(list(oneLine)),
  enableMonitoring: optional(flag),
});

const policyFields = object<OciMemoryPolicy>({
  mode: required(keyOf("a memory policy", MEMORY_POLICY_MODES)),
  nodes: optional(cpuList),
  flags: optional(list(keyOf("a flag of memory policies", MEMORY_POLICY_FLAGS))),
});

/** set_mempolicy(2): which modes have nodes, and which flags exclude each other. */
function memoryPolicy(value: unknown): OciMemoryPolicy {
  const found = policyFields(value);
  const { mode, nodes = "", flags = [] } = found;
  const takesNone = mode === "MPOL_DEFAULT" || mode === "MPOL_LOCAL";
  if (takesNone && nodes !== "") throw new Misfit(`${mode} has no nodes`, ["nodes"], "leave them out");
  if (!takesNone && nodes === "" && mode !== "MPOL_PREFERRED") {
    throw new Misfit(`missing; ${mode} needs nodes`, ["nodes"], "name memory nodes, such as 0-1");
  }
  if (flags.includes("MPOL_F_STATIC_NODES") && flags.includes("MPOL_F_RELATIVE_NODES")) {
    throw new Misfit("nodes are either static or relative", ["flags"], "keep one of the two flags");
  }
  if (flags.includes("MPOL_F_NUMA_BALANCING") && mode !== "MPOL_BIND") {
    throw new Misfit("MPOL_F_NUMA_BALANCING is for MPOL_BIND", ["flags"], "leave it out, or use MPOL_BIND");
  }
  return found;
}

const personality = object<OciPersonality>({
  domain: required(keyOf("an execution domain", PERSONALITIES)),
  flags: optional((value) => {
    const flags = list(text)(value);
    if (flags.length > 0) throw new Misfit("the specification has no flags yet, found some", [], "leave them out");
    return flags;
  }),
});

/** A group is made below each hierarchy at this path, which must not lead out of it. */
function cgroupsPath(value: unknown): string {
  const path = text(value);
  if (path.split("/").includes("..") || path.includes("\n")) {
    throw new Misfit(`expected a path without .., found ${JSON.stringify(path)}`);
  }
  return path;
}

const paths = list(absolutePath);

/** Reads `linux`. */
export const linux = object<OciLinux>({
  namespaces: optional(list(namespace)),
  uidMappings: optional(idMappings),
  gidMappings: optional(idMappings),
  timeOffsets: optional((value) => record(offset, keyOf("a clock", OFFSET_CLOCKS))(value)),
  devices: optional(list(device)),
  netDevices: optional(record(object<{ readonly name?: string }>({ name: optional(interfaceName) }), interfaceName)),
  cgroupsPath: optional(cgroupsPath),
  resources: optional(resources),
  intelRdt: optional(intelRdt),
  memoryPolicy: optional(memoryPolicy),
  sysctl: optional(record(text)),
  seccomp: optional(seccompProfile),
  rootfsPropagation: optional(oneOf("a propagation", PROPAGATIONS)),
  maskedPaths: optional(paths),
  readonlyPaths: optional(paths),
  mountLabel: optional(text),
  personality: optional(personality),
});
