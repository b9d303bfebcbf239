/** Control groups that engines make for all of their containers, and leave behind. */

import { existsSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";

const ROOT = "/sys/fs/cgroup";

/**
 * The groups of that name that an engine is going to make: in every hierarchy that has none yet.
 *
 * @param name as the engine names the parent of its groups
 */
export function groupsToCome(name: string): string[] {
  return hierarchies()
    .map((root) => join(root, name))
    .filter((group) => !existsSync(group));
}

function hierarchies(): string[] {
  return [
    ROOT,
    ...readdirSync(ROOT, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? [join(ROOT, entry.name)] : [],
    ),
  ];
}

/** Removes empty control groups, the innermost first; one that is in use stays. */
export function removeGroups(group: string): void {
  if (!existsSync(group)) return;
  for (const entry of readdirSync(group, { withFileTypes: true })) {
    if (entry.isDirectory()) removeGroups(join(group, entry.name));
  }
  try {
    rmdirSync(group);
  } catch {
    // In use by somebody else: not ours to remove.
  }
}
