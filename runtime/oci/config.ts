/**
 * The part of the OCI runtime configuration that plans are compiled from (runtime-spec 1.3, config.md and
 * config-linux.md; the field names are the specification's).
 */
import type { GuardedPath, MountFlag } from "./defaults.ts";
import type { SeccompProfile } from "./seccomp.ts";

export type NamespaceType = "pid" | "mount" | "network" | "uts" | "ipc" | "cgroup";

export interface OciUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
}

export interface OciCapabilities {
  readonly bounding: readonly string[];
  readonly effective: readonly string[];
  readonly permitted: readonly string[];
  readonly inheritable: readonly string[];
  readonly ambient: readonly string[];
}

export interface OciProcess {
  readonly terminal: boolean;
  readonly consoleSize: { readonly width: number; readonly height: number };
  readonly user: OciUser;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly capabilities: OciCapabilities;
  readonly noNewPrivileges: boolean;
}

export interface OciMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly flags: readonly MountFlag[];
  readonly options: readonly string[];
  readonly why: string;
}

export interface OciConfig {
  readonly process: OciProcess;
  /** `path` is where the root is mounted on the host. */
  readonly root: { readonly path: string; readonly readonly: boolean };
  readonly hostname: string;
  readonly mounts: readonly OciMount[];
  readonly linux: {
    readonly namespaces: readonly NamespaceType[];
    readonly resources: { readonly memoryBytes?: number; readonly cpus?: number; readonly pidsLimit?: number };
    readonly seccomp: SeccompProfile;
    readonly maskedPaths: readonly GuardedPath[];
    readonly readonlyPaths: readonly GuardedPath[];
  };
}
