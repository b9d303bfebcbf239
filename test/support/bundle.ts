/**
 * OCI bundles for tests: a root directory with busybox in it, a configuration, and a way to run it to its end without
 * an engine, by the plan alone. What the inside sees comes back as the text that it printed.
 */
import { closeSync, copyFileSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type ExitRecord, Launcher, openPipe } from "../../native/kernel.ts";
import { detectCgroups } from "../../runtime/cgroup/layout.ts";
import {
  OCI_VERSION,
  type OciConfig,
  type OciLinux,
  type OciMount,
  type OciProcess,
} from "../../runtime/oci/config.ts";
import { capabilityNames } from "../../runtime/plan/capabilities.ts";
import { containerPlan, type PlanContext } from "../../runtime/plan/container.ts";
import { readAll } from "./inside.ts";
import { findProgram, type Need, needsLinux, needsNative, needsPrograms, needsRoot } from "./needs.ts";
import { temporaryDirectory } from "./temporary.ts";

/** What running a bundle takes. */
export const BUNDLES: readonly Need[] = [needsLinux, needsNative, needsRoot("containers"), needsPrograms("busybox")];

const TOOLS = ["sh", "cat", "ls", "mount", "umount", "touch", "mkdir", "stat", "readlink", "grep", "head", "test"];
const MORE_TOOLS = ["id", "pwd", "tty", "dd", "mknod", "ln", "rm", "sleep", "true", "chmod", "cut", "find", "stty"];

export interface Bundle {
  readonly path: string;
  readonly rootfs: string;
}

/** A new bundle without config.json: its root has /bin with busybox, and /proc, /sys, /dev, /tmp and /etc, all empty. */
export function makeBundle(path = temporaryDirectory()): Bundle {
  const rootfs = join(path, "rootfs");
  for (const directory of ["bin", "proc", "sys", "dev", "tmp", "etc"])
    mkdirSync(join(rootfs, directory), { recursive: true });
  copyFileSync(findProgram("busybox") ?? "", join(rootfs, "bin/busybox"));
  for (const tool of [...TOOLS, ...MORE_TOOLS]) symlinkSync("busybox", join(rootfs, "bin", tool));
  return { path, rootfs };
}

/** /proc, /dev with its own devpts, and /sys, as every engine asks for them. */
export const USUAL_MOUNTS = [
  { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
  {
    destination: "/dev",
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
  },
  {
    destination: "/dev/pts",
    type: "devpts",
    source: "devpts",
    options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
  },
  { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
] as const satisfies readonly OciMount[];

export interface BundleRun {
  readonly script: string;
  /** In place of the usual ones. */
  readonly mounts?: readonly OciMount[];
  /** Beside the usual ones. */
  readonly moreMounts?: readonly OciMount[];
  readonly linux?: Partial<OciLinux>;
  readonly process?: Partial<OciProcess>;
  readonly readonlyRoot?: boolean;
  readonly context?: Partial<PlanContext>;
}

/** All that this process could give away (proc_pid_status(5)). */
function ownCapabilities(): bigint {
  const [, digits = "0"] = /^CapBnd:\t([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return BigInt(`0x${digits}`);
}

/** The configuration of a run: root with every capability, so that what is refused is refused by the files alone. */
export function bundleConfig({ rootfs }: Bundle, run: BundleRun): OciConfig & { readonly process: OciProcess } {
  const all = capabilityNames(ownCapabilities());
  return {
    ociVersion: OCI_VERSION,
    root: { path: rootfs, readonly: run.readonlyRoot === true },
    mounts: [...(run.mounts ?? USUAL_MOUNTS), ...(run.moreMounts ?? [])],
    hostname: "inside",
    process: {
      user: { uid: 0, gid: 0 },
      args: ["/bin/sh", "-c", run.script],
      env: ["PATH=/bin"],
      cwd: "/",
      capabilities: { bounding: all, effective: all, permitted: all },
      ...run.process,
    },
    linux: {
      namespaces: [{ type: "pid" }, { type: "mount" }, { type: "uts" }, { type: "ipc" }, { type: "network" }],
      ...run.linux,
    },
  };
}

/** Where the id of a test's container begins, so that leftovers can be told. */
let runs = 0;

/** Runs a script in a container of `bundle` to its end. @throws StepError when a step of the plan fails */
export async function runBundle(bundle: Bundle, run: BundleRun): Promise<{ output: string; exit: ExitRecord }> {
  await using launcher = await Launcher.open();
  return await runBundleWith(launcher, bundle, run);
}

/** The same with a launcher that serves for several runs. */
export async function runBundleWith(
  launcher: Launcher,
  bundle: Bundle,
  run: BundleRun,
): Promise<{ output: string; exit: ExitRecord }> {
  const { plan } = containerPlan(bundleConfig(bundle, run), {
    id: `bundle-${process.pid}-${runs++}`,
    root: { kind: "directory", path: bundle.rootfs },
    layout: detectCgroups(),
    filter: undefined,
    ephemeral: true,
    ownership: "lab",
    bundle: bundle.path,
    ...run.context,
  });
  const pipe = openPipe();
  const output = readAll(pipe.readFd);
  try {
    const started = await launcher.start(plan, [pipe.readFd, pipe.writeFd, pipe.writeFd]);
    closeSync(pipe.writeFd);
    const exit = await started.exited;
    if (started.terminalFd !== undefined) closeSync(started.terminalFd);
    return { exit, output: await output };
  } catch (error) {
    closeSync(pipe.writeFd);
    await output;
    throw error;
  }
}
