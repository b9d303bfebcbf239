/**
 * The OCI bundle that crun and runc are given (OCI runtime specification, config.json): what our own default container
 * has, so that the same work is compared. Namespaces, mounts, capabilities, masked paths, the seccomp profile and the
 * limits are the ones that `ringside run` uses.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface BundleOptions {
  readonly rootDirectory: string;
  readonly program: readonly string[];
  readonly capabilities: readonly string[];
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
  /** The specification's `linux.seccomp` object. */
  readonly seccomp: unknown;
  readonly memoryBytes: number;
  readonly pidsLimit: number;
  /** Empty: the runtime makes no control group. */
  readonly cgroups: boolean;
}

const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The mounts of a default container, in order. */
const MOUNTS: readonly (readonly [destination: string, type: string, options: readonly string[]])[] = [
  ["/proc", "proc", ["nosuid", "noexec", "nodev"]],
  ["/dev", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]],
  ["/dev/pts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]],
  ["/dev/shm", "tmpfs", ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]],
  ["/dev/mqueue", "mqueue", ["nosuid", "noexec", "nodev"]],
  ["/sys", "sysfs", ["nosuid", "noexec", "nodev", "ro"]],
];

const NAMESPACES = ["pid", "network", "ipc", "uts", "mount", "cgroup"] as const;

/** config.json as an object. */
export function bundleConfig(options: BundleOptions): Record<string, unknown> {
  const { capabilities } = options;
  return {
    ociVersion: "1.0.2",
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: options.program,
      env: [PATH],
      cwd: "/",
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      noNewPrivileges: true,
    },
    root: { path: options.rootDirectory, readonly: false },
    hostname: "bench",
    mounts: MOUNTS.map(([destination, type, mountOptions]) => ({
      destination,
      type,
      source: type,
      options: mountOptions,
    })),
    linux: {
      namespaces: NAMESPACES.map((type) => ({ type })),
      maskedPaths: options.maskedPaths,
      readonlyPaths: options.readonlyPaths,
      seccomp: options.seccomp,
      ...(options.cgroups
        ? { resources: { memory: { limit: options.memoryBytes }, pids: { limit: options.pidsLimit } } }
        : {}),
    },
  };
}

/** Writes a bundle into a directory that it makes. */
export function writeBundle(directory: string, options: BundleOptions): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "config.json"), JSON.stringify(bundleConfig(options)));
}
