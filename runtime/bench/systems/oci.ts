/** crun and runc on a bundle of their own: `RUNTIME run ID`, the whole command. */

import { join } from "node:path";
import { writeBundle } from "../bundle.ts";
import { commandSystem, versionOf } from "../command.ts";
import { acceptHybridCgroups } from "../hybrid-cgroups.ts";
import { requireProgram } from "../programs.ts";
import type { SystemRow } from "../system.ts";

const COLD = "whole command, cold; the bundle and its root directory exist already (making them is an engine's work)";
const SECCOMP = "compiles the seccomp profile at every start, as its own design has it; ours comes from a cache";

export const crunSystem: SystemRow = {
  world: "container",
  what: "crun run on an equivalent OCI bundle",
  async prepare(bench) {
    const program = requireProgram("crun", "crun");
    const adaptation = await acceptHybridCgroups(bench);
    return ociSystem(bench, {
      name: "crun",
      program,
      cgroups: true,
      options: [],
      notes: adaptation === undefined ? [] : [adaptation],
    });
  },
};

export const crunWithoutCgroupsSystem: SystemRow = {
  world: "container",
  what: "crun --cgroup-manager=disabled run: no control groups, so less work than the others",
  async prepare(bench) {
    const program = requireProgram("crun", "crun");
    const adaptation = await acceptHybridCgroups(bench);
    return ociSystem(bench, {
      name: "crun-no-cgroups",
      program,
      cgroups: false,
      options: ["--cgroup-manager=disabled"],
      notes: [
        "no control groups and no limits: less work than the other containers",
        ...(adaptation === undefined ? [] : [adaptation]),
      ],
    });
  },
};

export const runcSystem: SystemRow = {
  world: "container",
  what: "runc run on an equivalent OCI bundle",
  async prepare(bench) {
    return ociSystem(bench, {
      name: "runc",
      program: requireProgram("runc", "runc"),
      cgroups: true,
      options: [],
      notes: [],
    });
  },
};

interface OciOptions {
  readonly name: string;
  readonly program: string;
  readonly options: readonly string[];
  readonly cgroups: boolean;
  readonly notes: readonly string[];
}

type Bench = Parameters<SystemRow["prepare"]>[0];

async function ociSystem(bench: Bench, { name, program, options, cgroups, notes }: OciOptions) {
  const bundle = join(bench.directory, `bundle-${name}`);
  writeBundle(bundle, {
    image: bench.image,
    rootDirectory: bench.rootDirectory,
    program: [bench.guestProbe],
    memoryBytes: bench.memoryBytes,
    pidsLimit: bench.pidsLimit,
    cgroups,
  });
  const state = join(bench.directory, `state-${name}`);
  // The name of the cgroup too: unlike any that a user would choose.
  const id = `ringside-bench-${process.pid}-${name}`;
  return commandSystem(bench, {
    argv: [program, "--root", state, ...options, "run", "--bundle", bundle, id],
    version: await versionOf(bench, [program, "--version"]),
    notes: [COLD, SECCOMP, ...notes],
  });
}
