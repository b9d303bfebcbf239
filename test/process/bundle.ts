/** Containers from a configuration, as an engine would write it, and what their inside says. */
import { randomBytes } from "node:crypto";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { type ExitRecord, Launcher, openPipe, type StartOptions } from "../../native/kernel.ts";
import { detectCgroups } from "../../runtime/cgroup/layout.ts";
import { rootDirectories } from "../../runtime/container/directories.ts";
import { BASE_IMAGE, findImage } from "../../runtime/image/image.ts";
import type { OciConfig, OciLinux, OciProcess } from "../../runtime/oci/config.ts";
import { NAMESPACE_TYPES, OCI_VERSION } from "../../runtime/oci/config.ts";
import { DEFAULT_MOUNTS, DEFAULT_PATH, mountEntry } from "../../runtime/oci/defaults.ts";
import { CAPABILITIES } from "../../runtime/plan/capabilities.ts";
import { grantableCapabilities } from "../../runtime/plan/capability-sets.ts";
import { type ContainerPlan, containerPlan, type PlanContext } from "../../runtime/plan/container.ts";
import { readAll } from "../support/inside.ts";
import { temporaryDirectory } from "../support/temporary.ts";

export type RunnableConfig = OciConfig & { readonly process: OciProcess };

/** What a test changes of the usual configuration. */
export interface Changes {
  readonly process?: Partial<OciProcess>;
  readonly linux?: Partial<OciLinux>;
  readonly config?: Partial<OciConfig>;
  readonly context?: Partial<PlanContext>;
  /** Sent beside the standard streams. */
  readonly descriptors?: readonly number[];
  readonly start?: StartOptions;
  /** Where what it writes lies; one that is gone after the test unless given. */
  readonly directory?: string;
}

const ALL = Object.keys(CAPABILITIES);
/** As an engine has them: all but the user and the time namespace. */
export const USUAL_NAMESPACES = NAMESPACE_TYPES.filter((type) => type !== "user" && type !== "time").map((type) => ({
  type,
}));

/** A configuration whose process may do all, so that what a test adds is what refuses. */
export function usualConfig(script: string, { process, linux, config }: Changes = {}): RunnableConfig {
  return {
    ociVersion: OCI_VERSION,
    root: { path: "rootfs" },
    hostname: "inside",
    mounts: DEFAULT_MOUNTS.map(mountEntry),
    ...config,
    process: {
      user: { uid: 0, gid: 0 },
      args: ["/bin/sh", "-c", script],
      env: [`PATH=${DEFAULT_PATH}`],
      cwd: "/",
      capabilities: { bounding: ALL, effective: ALL, permitted: ALL },
      noNewPrivileges: true,
      ...process,
    },
    linux: { namespaces: USUAL_NAMESPACES, ...linux },
  };
}

/** The plan of a configuration on a new overlay of the base image. */
export function bundlePlan(script: string, changes: Changes = {}): ContainerPlan {
  const id = randomBytes(6).toString("hex");
  const layers = join(changes.directory ?? temporaryDirectory(), "layers");
  mkdirSync(layers, { recursive: true });
  const directories = rootDirectories(layers, id, findImage(BASE_IMAGE)?.lowerDirectories ?? []);
  return containerPlan(usualConfig(script, changes), {
    id,
    root: { kind: "overlay", directories },
    layout: detectCgroups(),
    filter: undefined,
    ephemeral: true,
    grantable: grantableCapabilities(),
    ...changes.context,
  });
}

export interface Ended {
  readonly output: string;
  readonly exit: ExitRecord;
  readonly notes: readonly string[];
}

/**
 * Runs a shell script in a new container to its end.
 * @throws StepError when a step fails
 */
export async function runBundle(script: string, changes: Changes = {}): Promise<Ended> {
  const { plan, notes } = bundlePlan(script, changes);
  await using launcher = await Launcher.open();
  const pipe = openPipe();
  const output = readAll(pipe.readFd);
  const stdio = [pipe.readFd, pipe.writeFd, pipe.writeFd];
  const started = await launcher.start(plan, [...stdio, ...(changes.descriptors ?? [])], changes.start).finally(() => {
    closeSync(pipe.writeFd);
  });
  const exit = await started.exited;
  return { output: await output, exit, notes };
}

/** What the script printed, without the last newline. */
export async function printed(script: string, changes: Changes = {}): Promise<string> {
  return (await runBundle(script, changes)).output.trimEnd();
}

/**
 * Starts a program that waits, and looks at it from outside.
 * @returns what `look` made of the program's pid
 */
export async function lookAt<Seen>(look: (pid: number) => Seen, changes: Changes = {}): Promise<Seen> {
  const process = { ...changes.process, args: ["/bin/sleep", "600"] };
  const { plan } = bundlePlan("", { ...changes, process });
  await using launcher = await Launcher.open();
  const nothing = openSync("/dev/null", "r+");
  try {
    const { pid } = await launcher.start(plan, [nothing, nothing, nothing, ...(changes.descriptors ?? [])]);
    return look(pid);
  } finally {
    closeSync(nothing);
  }
}
