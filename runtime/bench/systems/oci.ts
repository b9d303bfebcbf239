/** crun and runc on a bundle of their own: `RUNTIME run ID`, the whole command; and crun with less to do. */

import { join } from "node:path";
import { writeBundle } from "../bundle.ts";
import { commandSystem, versionOf } from "../command.ts";
import { acceptHybridCgroups } from "../hybrid-cgroups.ts";
import { requireProgram } from "../programs.ts";
import type { System, SystemRow, Workbench } from "../system.ts";

interface Variant {
  readonly name: string;
  readonly runtime: "crun" | "runc";
  readonly what: string;
  readonly cgroups: boolean;
  readonly seccomp: boolean;
}

const COLD = "whole command, cold; its bundle and root directory exist already, since making them is an engine's work";
const COMPILES = "compiles the filter of system calls at every start; ours is compiled once and cached";
const NO_FILTER = "no filter of system calls: less work than ours";
const NO_GROUPS = "no control groups, so no limits: less work than ours";

export const crunSystem = ociRow({
  name: "crun",
  runtime: "crun",
  what: "crun run, with the configuration of our default container",
  cgroups: true,
  seccomp: true,
});

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

export const runcSystem = ociRow({
  name: "runc",
  runtime: "runc",
  what: "runc run, with the configuration of our default container",
  cgroups: true,
  seccomp: true,
});

function ociRow(variant: Variant): SystemRow {
  return { world: "container", what: variant.what, prepare: (bench) => prepare(bench, variant) };
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

/**
 * Finds a runtime, writes a bundle for it and makes the machine acceptable to it.
 *
 * @param program what the bundle runs
 * @throws Unusable when it is not installed
 */
export async function prepareRuntime(
  bench: Workbench,
  { name, runtime, cgroups, seccomp }: Omit<Variant, "what">,
  program: readonly string[],
): Promise<PreparedRuntime> {
  const path = requireProgram(runtime, runtime);
  const adaptation = runtime === "crun" ? await acceptHybridCgroups(bench) : undefined;
  const { image, rootDirectory, memoryBytes, pidsLimit } = bench;
  const bundle = join(bench.directory, `bundle-${name}`);
  writeBundle(bundle, { image, rootDirectory, program, memoryBytes, pidsLimit, cgroups, seccomp });
  const root = ["--root", join(bench.directory, `state-${name}`)];
  return {
    command: [path, ...root, ...(cgroups ? [] : ["--cgroup-manager=disabled"])],
    bundle,
    version: await versionOf(bench, [path, "--version"]),
    notes: adaptation === undefined ? [] : [adaptation],
  };
}

/** The name of a peer's container: the cgroup is named so too, unlike any that a user would choose. */
export function peerId(name: string, slot = 0): string {
  return `ringside-bench-${process.pid}-${name}-${slot}`;
}

async function prepare(bench: Workbench, variant: Variant): Promise<System> {
  const { name, cgroups, seccomp } = variant;
  const { command, bundle, version, notes } = await prepareRuntime(bench, variant, [bench.guestProbe]);
  return commandSystem(bench, {
    argv: ({ slot }) => [...command, "run", "--bundle", bundle, peerId(name, slot)],
    version,
    notes: [COLD, seccomp ? COMPILES : NO_FILTER, ...(cgroups ? [] : [NO_GROUPS]), ...notes],
  });
}
