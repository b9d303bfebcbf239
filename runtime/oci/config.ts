/**
 * The OCI runtime configuration for Linux, as runtime-spec 1.3 writes it (config.md, config-linux.md): the shape of
 * config.json, field by field. A file is parsed into it once, at the edge; Ringside's own containers are written in it.
 */
import type { SeccompProfile } from "./seccomp.ts";

/** The version of the specification that configurations made here name. */
export const OCI_VERSION = "1.3.0";

/** Platform, `root`: where the container's files are. */
export interface OciRoot {
  /** Absolute, or relative to the bundle. */
  readonly path: string;
  readonly readonly?: boolean;
}

/** A range of ids: `size` of them, from `containerID` inside and `hostID` outside. */
export interface OciIdMapping {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

export interface OciMount {
  readonly destination: string;
  readonly type?: string;
  readonly source?: string;
  /** As in fstab(5): flags, propagation and what the file system itself is told, in one list. */
  readonly options?: readonly string[];
  readonly uidMappings?: readonly OciIdMapping[];
  readonly gidMappings?: readonly OciIdMapping[];
}

export interface OciUser {
  readonly uid: number;
  readonly gid: number;
  readonly umask?: number;
  readonly additionalGids?: readonly number[];
}

/** The five sets of capabilities(7), by name (`CAP_CHOWN`). */
export interface OciCapabilities {
  readonly bounding?: readonly string[];
  readonly effective?: readonly string[];
  readonly permitted?: readonly string[];
  readonly inheritable?: readonly string[];
  readonly ambient?: readonly string[];
}

/** One limit of setrlimit(2): `type` is `RLIMIT_NOFILE` and so on. Values beyond 2^53 are bigint. */
export interface OciRlimit {
  readonly type: string;
  readonly soft: number | bigint;
  readonly hard: number | bigint;
}

/** sched_setattr(2). */
export interface OciScheduler {
  readonly policy: string;
  readonly nice?: number;
  readonly priority?: number;
  readonly flags?: readonly string[];
  readonly runtime?: number | bigint;
  readonly deadline?: number | bigint;
  readonly period?: number | bigint;
}

/** ioprio_set(2). */
export interface OciIoPriority {
  readonly class: string;
  readonly priority?: number;
}

/** Lists of CPUs as cpuset(7) writes them: before and after a process of `exec` joins the container's cgroup. */
export interface OciCpuAffinity {
  readonly initial?: string;
  readonly final?: string;
}

export interface OciProcess {
  readonly terminal?: boolean;
  readonly consoleSize?: { readonly width: number; readonly height: number };
  readonly user: OciUser;
  readonly args: readonly string[];
  readonly env?: readonly string[];
  readonly cwd: string;
  readonly capabilities?: OciCapabilities;
  readonly rlimits?: readonly OciRlimit[];
  readonly noNewPrivileges?: boolean;
  readonly apparmorProfile?: string;
  readonly selinuxLabel?: string;
  readonly oomScoreAdj?: number;
  readonly scheduler?: OciScheduler;
  readonly ioPriority?: OciIoPriority;
  readonly execCPUAffinity?: OciCpuAffinity;
}

export interface OciHook {
  readonly path: string;
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  /** Seconds, more than 0. */
  readonly timeout?: number;
}

/** config.md, POSIX-platform Hooks, in the order in which they run. */
export const HOOK_KINDS = [
  "prestart",
  "createRuntime",
  "createContainer",
  "startContainer",
  "poststart",
  "poststop",
] as const;
export type HookKind = (typeof HOOK_KINDS)[number];
export type OciHooks = { readonly [Kind in HookKind]?: readonly OciHook[] };

export const NAMESPACE_TYPES = ["pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"] as const;
export type NamespaceType = (typeof NAMESPACE_TYPES)[number];

export interface OciNamespace {
  readonly type: NamespaceType;
  /** An existing namespace to join; a new one is made without it. */
  readonly path?: string;
}

export interface OciTimeOffset {
  readonly secs?: number;
  readonly nanosecs?: number;
}

export interface OciDevice {
  /** c or u: characters; b: blocks; p: a named pipe. */
  readonly type: "c" | "u" | "b" | "p";
  readonly path: string;
  readonly major?: number;
  readonly minor?: number;
  /** Permission bits. */
  readonly fileMode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** One row of the device list: which nodes may be used, and how (`rwm`). Missing numbers and types mean any. */
export interface OciDeviceRule {
  readonly allow: boolean;
  readonly type?: "a" | "c" | "b";
  readonly major?: number;
  readonly minor?: number;
  readonly access?: string;
}

/** Bytes; -1 is no limit. */
export interface OciMemory {
  readonly limit?: number;
  readonly reservation?: number;
  /** Memory and swap together. */
  readonly swap?: number;
  readonly kernel?: number;
  readonly kernelTCP?: number;
  readonly swappiness?: number;
  readonly disableOOMKiller?: boolean;
  readonly useHierarchy?: boolean;
  readonly checkBeforeUpdate?: boolean;
}

/** Times are microseconds. */
export interface OciCpu {
  readonly shares?: number;
  readonly quota?: number;
  readonly burst?: number;
  readonly period?: number;
  readonly realtimeRuntime?: number;
  readonly realtimePeriod?: number;
  readonly cpus?: string;
  readonly mems?: string;
  /** SCHED_IDLE for the group: 1 or 0. */
  readonly idle?: number;
}

export interface OciBlockWeight {
  readonly major: number;
  readonly minor: number;
  readonly weight?: number;
  readonly leafWeight?: number;
}

/** `rate` is bytes or operations a second. */
export interface OciBlockRate {
  readonly major: number;
  readonly minor: number;
  readonly rate: number;
}

export interface OciBlockIo {
  readonly weight?: number;
  readonly leafWeight?: number;
  readonly weightDevice?: readonly OciBlockWeight[];
  readonly throttleReadBpsDevice?: readonly OciBlockRate[];
  readonly throttleWriteBpsDevice?: readonly OciBlockRate[];
  readonly throttleReadIOPSDevice?: readonly OciBlockRate[];
  readonly throttleWriteIOPSDevice?: readonly OciBlockRate[];
}

/** `pageSize` as in the kernel's file names: `2MB`, `1GB`. `limit` is bytes. */
export interface OciHugepageLimit {
  readonly pageSize: string;
  readonly limit: number;
}

export interface OciNetworkResources {
  readonly classID?: number;
  readonly priorities?: readonly { readonly name: string; readonly priority: number }[];
}

export interface OciRdma {
  readonly hcaHandles?: number;
  readonly hcaObjects?: number;
}

/** config-linux.md, Control groups. Also what `update --resources` reads. */
export interface OciResources {
  readonly devices?: readonly OciDeviceRule[];
  readonly memory?: OciMemory;
  readonly cpu?: OciCpu;
  readonly pids?: { readonly limit?: number };
  readonly blockIO?: OciBlockIo;
  readonly hugepageLimits?: readonly OciHugepageLimit[];
  readonly network?: OciNetworkResources;
  readonly rdma?: Readonly<Record<string, OciRdma>>;
  /** Files of cgroup v2 and what to write to them. */
  readonly unified?: Readonly<Record<string, string>>;
}

export interface OciIntelRdt {
  readonly closID?: string;
  readonly l3CacheSchema?: string;
  readonly memBwSchema?: string;
  readonly schemata?: readonly string[];
  readonly enableMonitoring?: boolean;
}

/** set_mempolicy(2). */
export interface OciMemoryPolicy {
  readonly mode: string;
  readonly nodes?: string;
  readonly flags?: readonly string[];
}

/** personality(2). */
export interface OciPersonality {
  readonly domain: string;
  readonly flags?: readonly string[];
}

export const PROPAGATIONS = [
  "shared",
  "rshared",
  "slave",
  "rslave",
  "private",
  "rprivate",
  "unbindable",
  "runbindable",
] as const;
export type Propagation = (typeof PROPAGATIONS)[number];

export interface OciLinux {
  readonly namespaces?: readonly OciNamespace[];
  readonly uidMappings?: readonly OciIdMapping[];
  readonly gidMappings?: readonly OciIdMapping[];
  readonly timeOffsets?: { readonly monotonic?: OciTimeOffset; readonly boottime?: OciTimeOffset };
  readonly devices?: readonly OciDevice[];
  /** Interfaces of the host that move into the container, and their names there. */
  readonly netDevices?: Readonly<Record<string, { readonly name?: string }>>;
  readonly cgroupsPath?: string;
  readonly resources?: OciResources;
  readonly intelRdt?: OciIntelRdt;
  readonly memoryPolicy?: OciMemoryPolicy;
  readonly sysctl?: Readonly<Record<string, string>>;
  readonly seccomp?: SeccompProfile;
  readonly rootfsPropagation?: Propagation;
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
  readonly mountLabel?: string;
  readonly personality?: OciPersonality;
}

export interface OciConfig {
  readonly ociVersion: string;
  readonly root: OciRoot;
  readonly mounts?: readonly OciMount[];
  readonly process?: OciProcess;
  readonly hostname?: string;
  readonly domainname?: string;
  readonly hooks?: OciHooks;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly linux?: OciLinux;
}
