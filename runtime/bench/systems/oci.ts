/** Runtimes of the OCI's command line on bundles of their own: `RUNTIME run ID`, the whole command; and crun with less to do. */

import { join } from "node:path";
import { writeBundle } from "../bundle.ts";
import { type CommandOptions, commandSystem, versionOf } from "../command.ts";
import { acceptHybridCgroups } from "../hybrid-cgroups.ts";
import { expectGroups, guestProgram, HOST_NETWORK, peerId, requestsToCome, WHOLE_COMMAND } from "../peer.ts";
import { requireProgram } from "../programs.ts";
import { type RunRequest, type SystemRow, Unusable, type Workbench } from "../system.ts";

export interface Variant {
  readonly name: string;
  readonly runtime: keyof typeof RUNTIMES;
  readonly what: string;
  readonly cgroups: boolean;
  readonly seccomp: boolean;
}

const READY = "its bundle and root directory exist already, since making them is an engine's work";
const COMPILES = "compiles the filter of system calls at every start; ours is compiled once and cached";
const NO_FILTER = "no filter of system calls: less work than ours";
const NO_GROUPS = "no control groups, so no limits: less work than ours";

/** Where each is found, by the name of its program. @throws Unusable where it is not */
const RUNTIMES = {
  crun: () => requireProgram("crun", "crun"),
  runc: () => requireProgram("runc", "runc"),
  youki: () =>
    requireProgram("youki", { fix: "put the binary of a release of youki on the search path; Debian has no package" }),
} as const;

export const CRUN: Variant = {
  name: "crun",
  runtime: "crun",
  what: "crun run, with the configuration of our default container",
  cgroups: true,
  seccomp: true,
};

export const RUNC: Variant = {
  name: "runc",
  runtime: "runc",
  what: "runc run, with the configuration of our default container",
  cgroups: true,
  seccomp: true,
};

export const crunSystem = ociRow(CRUN);
export const runcSystem = ociRow(RUNC);

export const crunWithoutFilterSystem = ociRow({
  name: "crun-no-seccomp",
  runtime: "crun",
  what: "the same without a filter of system calls",
  cgroups: true,
  seccomp: false,
});

export const crunBareSystem = ociRow({
  name: "crun-bare",
  runtime: "crun",
  what: "the same without filter and without control groups: crun's own floor",
  cgroups: false,
  seccomp: false,
});

export const youkiSystem = ociRow({
  name: "youki",
  runtime: "youki",
  what: "youki run, with the configuration of our default container",
  cgroups: true,
  seccomp: true,
});

function ociRow(variant: Variant): SystemRow {
  return {
    world: "container",
    what: variant.what,
    prepare: async (bench) => commandSystem(bench, await ociCommand(bench, variant)),
  };
}

/** An OCI runtime with a bundle of ours. */
export interface PreparedRuntime {
  /** Its command up to the subcommand: program, `--root`, `--cgroup-manager`. */
  readonly command: readonly string[];
  readonly bundle: string;
  readonly version: string;
  /** What had to be done for it on this machine. */
  readonly notes: readonly string[];
}

type Bundled = Omit<Variant, "what"> & {
  /** An empty network namespace, unless said otherwise. */
  readonly network?: "none" | "host";
};

/**
 * Finds a runtime, writes a bundle for it and makes the machine acceptable to it.
 *
 * @param program what the bundle runs
 * @throws Unusable when it is not installed
 */
export async function prepareRuntime(
  bench: Workbench,
  { name, runtime, cgroups, seccomp, network }: Bundled,
  program: readonly string[],
): Promise<PreparedRuntime> {
  const path = RUNTIMES[runtime]();
  const adaptation = runtime === "crun" ? await acceptHybridCgroups(bench) : undefined;
  if (cgroups) expectGroups(bench);
  const { image, rootDirectory, memoryBytes, pidsLimit } = bench;
  const bundle = join(bench.directory, `bundle-${name}`);
  writeBundle(bundle, { image, rootDirectory, program, memoryBytes, pidsLimit, cgroups, seccomp, network });
  const root = ["--root", join(bench.directory, `state-${runtime}`)];
  return {
    command: [path, ...root, ...(cgroups ? [] : ["--cgroup-manager=disabled"])],
    bundle,
    version: await versionOf(bench, [path, "--version"]),
    notes: adaptation === undefined ? [] : [adaptation],
  };
}

/**
 * `RUNTIME run ID` on bundles that are ready: a server's port is written in its bundle, so each slot has one.
 * @throws Unusable when it is not installed
 */
export async function ociCommand(bench: Workbench, variant: Variant): Promise<CommandOptions> {
  const { name, cgroups, seccomp } = variant;
  const byte = await prepareRuntime(bench, variant, [bench.guestProbe]);
  const servers = new Map<number, string>();
  for (const run of requestsToCome(bench)) {
    if (run.workload !== "serve") continue;
    const serving: Bundled = { ...variant, name: `${name}-serve-${run.slot}`, network: "host" };
    const { bundle } = await prepareRuntime(bench, serving, guestProgram(bench, run));
    servers.set(run.slot, bundle);
  }
  const bundleOf = ({ workload, slot }: RunRequest) => {
    const bundle = workload === "serve" ? servers.get(slot) : byte.bundle;
    if (bundle !== undefined) return bundle;
    throw new Unusable({ reason: `slot ${slot} has no bundle of ${name}`, fix: "ask for the workload serve first" });
  };
  return {
    argv: (run) => [...byte.command, "run", "--bundle", bundleOf(run), peerId(name, run.slot)],
    workloads: ["byte", "serve"],
    version: byte.version,
    notes: [
      WHOLE_COMMAND,
      READY,
      seccomp ? COMPILES : NO_FILTER,
      ...(cgroups ? [] : [NO_GROUPS]),
      HOST_NETWORK,
      ...byte.notes,
    ],
  };
}
