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

async function prepare(bench: Workbench, { name, runtime, cgroups, seccomp }: Variant): Promise<System> {
  const program = requireProgram(runtime, runtime);
  const adaptation = runtime === "crun" ? await acceptHybridCgroups(bench) : undefined;
  const { image, rootDirectory, guestProbe, memoryBytes, pidsLimit } = bench;
  const bundle = join(bench.directory, `bundle-${name}`);
  writeBundle(bundle, { image, rootDirectory, program: [guestProbe], memoryBytes, pidsLimit, cgroups, seccomp });
  return commandSystem(bench, {
    argv: [
      program,
      ...["--root", join(bench.directory, `state-${name}`)],
      ...(cgroups ? [] : ["--cgroup-manager=disabled"]),
      // The last word names the cgroup too: unlike any that a user would choose.
      ...["run", "--bundle", bundle, `ringside-bench-${process.pid}-${name}`],
    ],
    version: await versionOf(bench, [program, "--version"]),
    notes: [
      COLD,
      seccomp ? COMPILES : NO_FILTER,
      ...(cgroups ? [] : [NO_GROUPS]),
      ...(adaptation === undefined ? [] : [adaptation]),
    ],
  });
}
