/**
 * podman's default profile, as its package installs it, made into an OCI profile in the way in which engines do it
 * (containers/common, pkg/seccomp): rules that depend on capabilities, or on the architecture, are decided.
 */
import { existsSync, readFileSync } from "node:fs";
import { z } from "zod/mini";
import { parseConfig } from "../../runtime/oci/parse.ts";
import type { SeccompProfile } from "../../runtime/oci/seccomp.ts";
import type { Need } from "./needs.ts";

const FILE = "/usr/share/containers/seccomp.json";
const condition = z.object({ caps: z.optional(z.array(z.string())), arches: z.optional(z.array(z.string())) });
const fileSchema = z.object({
  defaultAction: z.string(),
  defaultErrnoRet: z.number(),
  archMap: z.array(z.object({ architecture: z.string(), subArchitectures: z.array(z.string()) })),
  syscalls: z.array(
    z.object({
      names: z.array(z.string()),
      action: z.string(),
      args: z.nullable(z.array(z.unknown())),
      errnoRet: z.optional(z.number()),
      includes: condition,
      excludes: condition,
    }),
  ),
});

export const needsEngineProfile: Need = () => (existsSync(FILE) ? undefined : `not installed: ${FILE} (podman)`);

/** The profile of a container with these capabilities, read by our own parser. */
export function engineProfile(capabilities: readonly string[], arch: "amd64" | "arm64"): SeccompProfile {
  const { archMap, syscalls, ...rest } = fileSchema.parse(JSON.parse(readFileSync(FILE, "utf8")));
  const native = archMap.find(({ architecture }) => architecture.endsWith(arch === "amd64" ? "X86_64" : "AARCH64"));
  const seccomp = {
    ...rest,
    architectures: native && [native.architecture, ...native.subArchitectures],
    syscalls: syscalls
      .filter(({ includes }) => includes.caps?.every((name) => capabilities.includes(name)) ?? true)
      .filter(({ excludes }) => !excludes.caps?.some((name) => capabilities.includes(name)))
      .filter(({ includes }) => includes.arches?.includes(arch) ?? true)
      .filter(({ excludes }) => !excludes.arches?.includes(arch))
      .map(({ names, action, args, errnoRet }) => ({ names, action, args, errnoRet })),
  };
  const { config } = parseConfig(JSON.stringify({ ociVersion: "1.0.0", root: { path: "r" }, linux: { seccomp } }));
  if (config.linux?.seccomp === undefined) throw new Error("the profile got lost");
  return config.linux.seccomp;
}
