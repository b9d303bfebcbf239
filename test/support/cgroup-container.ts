/** A shell script in control groups of its own, running while a test looks at it; gone with its groups afterwards. */
import { randomUUID } from "node:crypto";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { expect } from "vitest";
import { Launcher, type StartedProcess } from "../../native/kernel.ts";
import { type CgroupLayout, detectCgroups } from "../../runtime/cgroup/layout.ts";
import { type CgroupPlan, cgroupSteps } from "../../runtime/cgroup/steps.ts";
import type { OciResources } from "../../runtime/oci/config.ts";
import { executeStep } from "../../runtime/plan/execute.ts";
import { Slots } from "../../runtime/plan/slots.ts";
import { sessionSteps } from "../../runtime/plan/terminal.ts";
import { FREE_SLOT } from "./confined.ts";
import { temporaryDirectory } from "./temporary.ts";

export interface GroupedScript {
  readonly layout: CgroupLayout;
  readonly plan: CgroupPlan;
  readonly process: StartedProcess;
  /** What it has printed up to now, both streams. */
  output(): string;
}

export interface GroupOptions {
  readonly resources?: OciResources;
  readonly layout?: CgroupLayout;
  /** linux.cgroupsPath; one of its own unless given. */
  readonly path?: string;
  readonly owner?: number;
  /** Others come and go below the same parents: only the own groups have to be gone afterwards. */
  readonly sharesParents?: boolean;
  /** The path is a scope of systemd's. */
  readonly isScope?: boolean;
}

/**
 * Runs a script in groups as an engine's container has them, all hierarchies, below a parent of its own; hands it to
 * `use`, then ends it. None of its groups may be left.
 */
export async function withGroups(
  script: string,
  {
    resources = {},
    layout = detectCgroups(),
    path = testPath(),
    owner,
    isScope = false,
    sharesParents = false,
  }: GroupOptions,
  use: (running: GroupedScript) => Promise<void>,
): Promise<void> {
  const request = { path, resources, isScope, ...(owner !== undefined && { owner }) };
  const plan = cgroupSteps(layout, request, new Slots(FREE_SLOT));
  const file = join(temporaryDirectory(), "output");
  const output = openSync(file, "w");
  const nothing = openSync("/dev/null", "r");
  const why = "for a test";
  try {
    await using launcher = await Launcher.open();
    const process = await launcher.start(
      [
        ...plan.host,
        { phase: "host", stage: "clone", why, op: "clone", flags: 0, cgroup: plan.cloneInto },
        ...plan.join,
        ...sessionSteps({ terminal: false }),
        { phase: "child", stage: "identity", why, op: "resetSignals" },
        executeStep(["/bin/sh", "-c", script], ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"]),
        ...plan.cleanup,
      ],
      [nothing, output, output],
    );
    await use({ layout, plan, process, output: () => readFileSync(file, "utf8") });
  } finally {
    closeSync(nothing);
    closeSync(output);
  }
  const own = [...plan.directories, ...(sharesParents ? [] : plan.parents)];
  expect(own.filter((directory) => existsSync(directory))).toEqual([]);
}

/** A path of two components that nobody else has. */
export function testPath(): string {
  return `/ringside-test-${randomUUID().slice(0, 8)}/one`;
}

/** Looks again and again, letting everything else go on, until the condition holds. Vitest's own limit ends the wait. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setImmediate();
}
