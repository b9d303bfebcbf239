/** Systems whose instances are started and ended by commands, in control groups with names of ours. */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { startProcess } from "../../../process/start.ts";
import { environment } from "../../command.ts";
import { captureOutput } from "../../measure.ts";
import { Unusable, type Workbench } from "../../system.ts";
import type { DensitySystem } from "../system.ts";

export interface CommandedOptions extends Pick<DensitySystem, "version" | "notes" | "idleAfterMs" | "memoryBytes"> {
  /** `RUNTIME run --detach … NAME`. */
  start(number: number): readonly string[];
  /** `RUNTIME delete --force NAME`. */
  stop(number: number): readonly string[];
  /** In the name of every control group of its instances, or of the parent of them. */
  readonly groupMark: string;
  readonly directories: readonly string[];
}

/** What a memory hierarchy is found by. */
const MEMORY_ROOTS = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup"];

/** The system; all of its processes descend from the workbench's launcher. */
export function commandedSystem(bench: Workbench, options: CommandedOptions): DensitySystem {
  const { version, notes, memoryBytes, idleAfterMs, groupMark, directories } = options;
  return {
    version,
    accelerator: null,
    notes,
    memoryBytes,
    idleAfterMs,
    async start(number) {
      await run(bench, options.start(number));
      return { stop: () => run(bench, options.stop(number)) };
    },
    processes: () => [],
    memoryGroups: () => groupsNamed(groupMark),
    directories: () => directories,
  };
}

/** Runs a command to its end. @throws Unusable with what it says where it fails */
async function run(bench: Workbench, argv: readonly string[]): Promise<void> {
  const { succeeded, output } = await captureOutput(
    (stdio) => startProcess(bench.launcher, { argv, env: environment(), ...stdio }),
    join(bench.directory, "density-output"),
  );
  if (succeeded) return;
  throw new Unusable({ reason: `${argv.join(" ")} failed: ${output.trim()}`, fix: "ringside doctor" });
}

function groupsNamed(mark: string): string[] {
  const root = MEMORY_ROOTS.find((path) => existsSync(path)) ?? "";
  const entries = readdirSync(root, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && entry.name.includes(mark))
    .map(({ name }) => join(root, name));
}
