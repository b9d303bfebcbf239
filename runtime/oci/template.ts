/**
 * What `oci spec` writes: a first configuration, to be changed (bundle.md). Like runc's it gives a shell, three
 * capabilities and namespaces of its own; the rest is this project's defaults.
 */
import type { OciConfig, OciMount } from "./config.ts";
import { OCI_VERSION } from "./config.ts";
import { DEFAULT_MASKED_PATHS, DEFAULT_MOUNTS, DEFAULT_PATH, DEFAULT_READONLY_PATHS, mountEntry } from "./defaults.ts";

/** Whoever has no rights on the host: the one user and group that may be mapped without help. */
export interface Rootless {
  readonly uid: number;
  readonly gid: number;
}

const CAPABILITIES = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];
const OPEN_FILES = 1024;

/**
 * The host's own /sys, read-only: a new one can only be mounted by who owns the network namespace, and that stays the
 * host's.
 */
const HOST_SYS: OciMount = {
  destination: "/sys",
  type: "none",
  source: "/sys",
  options: ["rbind", "nosuid", "noexec", "nodev", "ro"],
};

/** With one mapped group there is no group tty (5) that terminals could belong to. */
function rootlessMount(mount: OciMount): OciMount[] {
  if (mount.destination === "/sys") return [HOST_SYS];
  if (mount.type === "cgroup") return [];
  if (mount.options === undefined) return [mount];
  return [{ ...mount, options: mount.options.filter((option) => !option.startsWith("gid=")) }];
}

/**
 * A configuration for a shell in the bundle's `rootfs`.
 *
 * @param rootless for a container that an ordinary user can start: in a user namespace, with the host's network
 */
export function specTemplate(rootless?: Rootless): OciConfig {
  const mounts = DEFAULT_MOUNTS.map(mountEntry);
  const namespaces = [
    { type: "pid" },
    { type: "ipc" },
    { type: "uts" },
    { type: "mount" },
    { type: "cgroup" },
  ] as const;
  return {
    ociVersion: OCI_VERSION,
    process: {
      terminal: true,
      user: { uid: 0, gid: 0 },
      args: ["sh"],
      env: [`PATH=${DEFAULT_PATH}`, "TERM=xterm"],
      cwd: "/",
      capabilities: { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES },
      rlimits: [{ type: "RLIMIT_NOFILE", hard: OPEN_FILES, soft: OPEN_FILES }],
      noNewPrivileges: true,
    },
    root: { path: "rootfs", readonly: true },
    hostname: "ringside",
    mounts: rootless === undefined ? mounts : mounts.flatMap(rootlessMount),
    linux: {
      ...(rootless === undefined
        ? {
            namespaces: [...namespaces, { type: "network" }],
            resources: { devices: [{ allow: false, access: "rwm" }] },
          }
        : {
            namespaces: [...namespaces, { type: "user" }],
            uidMappings: [{ containerID: 0, hostID: rootless.uid, size: 1 }],
            gidMappings: [{ containerID: 0, hostID: rootless.gid, size: 1 }],
          }),
      maskedPaths: DEFAULT_MASKED_PATHS.map(({ path }) => path),
      readonlyPaths: DEFAULT_READONLY_PATHS.map(({ path }) => path),
    },
  };
}
