/** What the rows of other people's runtimes have in common: names that belong to one benchmark alone, and words for the notes. */

import type { Journal } from "./journal.ts";
import { probeArguments, type RunRequest, type Workbench } from "./system.ts";

/** What a whole command is, and by which clock; the first note of each. */
export const WHOLE_COMMAND = "whole command, cold: counted from the launcher's fork to its end, as hyperfine(1) counts";

/** How a server is reached. */
export const HOST_NETWORK =
  "serve: in the host's network, so no network namespace is made; byte: in an empty one of its own";

/** Begins the name of everything that this process's benchmark makes on the host, unlike any that a user would choose. */
function ownMark(): string {
  return `ringside-bench-${process.pid}-`;
}

/** The name of a peer's container; its control group is named so too. */
export function peerId(name: string, slot = 0): string {
  return `${ownMark()}${name}-${slot}`;
}

/** What a container runs. */
export function guestProgram(
  { guestProbe }: Pick<Workbench, "guestProbe">,
  run: Pick<RunRequest, "workload" | "port">,
): string[] {
  return [guestProbe, ...probeArguments(run)];
}

const written = new WeakSet<Journal>();

/** Writes down that control groups with names of ours will come; once, however many peers make some. */
export function expectGroups({ journal }: Pick<Workbench, "journal">): void {
  if (written.has(journal)) return;
  written.add(journal);
  journal.will({ kind: "groups", mark: ownMark() });
}

/** Every slot with every workload that will be asked for: for what has to be there before a start. */
export function requestsToCome({ slots, workloads, portOf }: Workbench): Omit<RunRequest, "signal">[] {
  return workloads.flatMap((workload) =>
    Array.from({ length: slots }, (_, slot) => ({
      slot,
      workload,
      port: workload === "serve" ? portOf(slot) : undefined,
    })),
  );
}
