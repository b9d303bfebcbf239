/**
 * The OCI bundle that crun and runc are given: the very configuration that `ringside run` compiles its plan from, in the
 * words of the specification (OCI runtime-spec, config.md, config-linux.md), so that the same work is compared.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { devicesCanBeGuarded } from "../cgroup/devices.ts";
import { detectCgroups } from "../cgroup/layout.ts";
import { ociConfig } from "../container/spec.ts";
import type { Image } from "../image/image.ts";
import type { OciConfig } from "../oci/config.ts";

export interface BundleOptions {
  readonly image: Image;
  /** The image's files as one directory. */
  readonly rootDirectory: string;
  readonly program: readonly string[];
  readonly memoryBytes: number;
  readonly pidsLimit: number;
  /** Without: no limits, for a runtime that is told to make no control groups. */
  readonly cgroups: boolean;
  /** Without: every system call is allowed. */
  readonly seccomp: boolean;
  /** An empty network namespace, unless said otherwise. */
  readonly network?: "none" | "host" | undefined;
}

const ROOT_USER = { uid: 0, gid: 0, additionalGids: [], home: "/root" };

/** What `ringside run` would be told, as our own configuration. */
export function benchConfig(options: BundleOptions): OciConfig {
  const limits = options.cgroups ? { memoryBytes: options.memoryBytes, pidsLimit: options.pidsLimit } : {};
  return ociConfig(
    {
      image: options.image.name,
      command: options.program,
      env: [],
      readOnly: false,
      network: options.network ?? "none",
      remove: true,
      ...limits,
    },
    options.image.config,
    ROOT_USER,
    "bench",
    options.rootDirectory,
    devicesCanBeGuarded(detectCgroups()),
  );
}

/**
 * Our configuration as the peers are given it: without the view of the own control groups, for which on v1 other
 * runtimes mount every hierarchy, and ours the joined ones.
 */
export function specificationJson(config: OciConfig): OciConfig {
  const { mounts = [] } = config;
  return { ...config, ociVersion: "1.0.2", mounts: mounts.filter(({ type }) => type !== "cgroup") };
}

/** Writes a bundle into a directory that it makes. */
export function writeBundle(directory: string, options: BundleOptions): void {
  mkdirSync(directory, { recursive: true });
  const { linux = {}, ...rest } = specificationJson(benchConfig(options));
  const { seccomp, ...open } = linux;
  const json = { ...rest, linux: options.seccomp ? { ...open, seccomp } : open };
  writeFileSync(join(directory, "config.json"), JSON.stringify(json, bigintAsNumber));
}

/** Seccomp's arguments can be bigints; the ones of our profile are exact as numbers, which is all that JSON has. */
function bigintAsNumber(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? Number(value) : value;
}
