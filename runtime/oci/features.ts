/**
 * What `oci features` prints (features.md, features-linux.md): what this runtime knows, whatever the machine. Every list
 * is a table that the parser or the plan works with, and whatever needs the launcher is there if the launcher's table of
 * operations has it: so that the document cannot promise what the code does not do.
 */
import { OPERATIONS } from "../../native/plan/operations.ts";
import { CAPABILITIES } from "../plan/capabilities.ts";
import { MOUNT_OPTIONS } from "../plan/mount-options.ts";
import { HOOK_KINDS, NAMESPACE_TYPES, OCI_VERSION } from "./config.ts";
import { MEMORY_POLICY_FLAGS, MEMORY_POLICY_MODES } from "./kernel-names.ts";
import { SECCOMP_ACTIONS, SECCOMP_ARCHITECTURES, SECCOMP_FLAGS, SECCOMP_OPERATORS } from "./seccomp-fields.ts";

/** The first version of the specification that any 1.x runtime has to take. */
const OLDEST_VERSION = "1.0.0";

interface Switch {
  readonly enabled: boolean;
}

export interface RuntimeFeatures {
  readonly ociVersionMin: string;
  readonly ociVersionMax: string;
  readonly hooks: readonly string[];
  readonly mountOptions: readonly string[];
  readonly linux: {
    readonly namespaces: readonly string[];
    readonly capabilities: readonly string[];
    readonly cgroup: Readonly<Record<"v1" | "v2" | "systemd" | "systemdUser" | "rdma", boolean>>;
    readonly seccomp: Switch & {
      readonly actions: readonly string[];
      readonly operators: readonly string[];
      readonly archs: readonly string[];
      readonly knownFlags: readonly string[];
      readonly supportedFlags: readonly string[];
    };
    readonly apparmor: Switch;
    readonly selinux: Switch;
    readonly intelRdt: Switch & { readonly schemata: boolean };
    readonly memoryPolicy: { readonly modes: readonly string[]; readonly flags: readonly string[] };
    readonly mountExtensions: { readonly idmap: Switch };
    readonly netDevices: Switch;
  };
  readonly annotations: Readonly<Record<string, string>>;
  /** Annotations that change what a container may do: there are none, annotations are only handed on. */
  readonly potentiallyUnsafeConfigAnnotations: readonly string[];
}

const sorted = (table: object) => Object.keys(table).toSorted();
const executes = (operation: string) => Object.hasOwn(OPERATIONS, operation);

/** The features document of this runtime. */
export function runtimeFeatures(): RuntimeFeatures {
  const flags = sorted(SECCOMP_FLAGS);
  return {
    ociVersionMin: OLDEST_VERSION,
    ociVersionMax: OCI_VERSION,
    hooks: HOOK_KINDS,
    mountOptions: MOUNT_OPTIONS,
    linux: {
      namespaces: NAMESPACE_TYPES.toSorted(),
      capabilities: Object.keys(CAPABILITIES),
      cgroup: { v1: true, v2: executes("attachDeviceFilter"), systemd: true, systemdUser: false, rdma: true },
      seccomp: {
        enabled: executes("setSeccomp"),
        actions: sorted(SECCOMP_ACTIONS),
        operators: sorted(SECCOMP_OPERATORS),
        archs: sorted(SECCOMP_ARCHITECTURES),
        knownFlags: flags,
        supportedFlags: flags,
      },
      apparmor: { enabled: executes("writeProc") },
      selinux: { enabled: executes("writeProc") },
      intelRdt: { enabled: true, schemata: true },
      memoryPolicy: executes("setMemoryPolicy")
        ? { modes: sorted(MEMORY_POLICY_MODES), flags: sorted(MEMORY_POLICY_FLAGS) }
        : { modes: [], flags: [] },
      mountExtensions: { idmap: { enabled: executes("makeUserNamespace") } },
      netDevices: { enabled: executes("moveNetDevice") },
    },
    annotations: { "org.opencontainers.runc.checkpoint.enabled": "false" },
    potentiallyUnsafeConfigAnnotations: [],
  };
}
