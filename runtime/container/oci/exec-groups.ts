/**
 * `exec --cgroup`: a further process goes into groups below the container's own, which somebody has made there.
 * runc-exec(8), --cgroup; cgroups(7).
 */
import { statSync } from "node:fs";
import type { CgroupLayout } from "../../cgroup/layout.ts";
import { RingsideError } from "../../error.ts";

interface Wish {
  /** The controllers whose hierarchies it is for; undefined: all. */
  readonly controllers: readonly string[] | undefined;
  /** Below the container's group; empty: itself. */
  readonly below: string;
}

/** `[CONTROLLER,…:]PATH`. @throws RingsideError for a path that leads out of the container's group */
function parseWish(text: string): Wish {
  const [, names, path = ""] = /^(?:([^:/]*):)?(.*)$/s.exec(text) ?? [];
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) {
    throw new RingsideError(`--cgroup ${JSON.stringify(text)}: it leads out of the container's group`, {
      fix: "name a group below it",
    });
  }
  return { controllers: names?.split(","), below: parts.map((part) => `/${part}`).join("") };
}

function hierarchyOf(layout: CgroupLayout, controller: string, directories: readonly string[]): string {
  const place = layout.controllers[controller];
  const found = place && directories.find((directory) => directory.startsWith(`${place.directory}/`));
  if (found !== undefined) return found;
  throw new RingsideError(`--cgroup: the container is in no group of the controller ${JSON.stringify(controller)}`, {
    fix: `one of these: ${Object.keys(layout.controllers).join(", ")}`,
  });
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/**
 * @param directories the container's own groups
 * @param wishes what was given for --cgroup
 * @returns the groups to be joined, one for each of the container's
 * @throws RingsideError when one of them is not there
 */
export function groupsToJoin(
  directories: readonly string[],
  wishes: readonly string[],
  layout: CgroupLayout,
): readonly string[] {
  const chosen = new Map(directories.map((directory) => [directory, directory]));
  for (const { controllers, below } of wishes.map(parseWish)) {
    const asked = controllers?.map((controller) => hierarchyOf(layout, controller, directories)) ?? directories;
    for (const directory of asked) chosen.set(directory, `${directory}${below}`);
  }
  const missing = [...chosen.values()].find((directory) => !isDirectory(directory));
  if (missing === undefined) return [...chosen.values()];
  throw new RingsideError(`--cgroup: there is no group ${missing}: no such file or directory`, {
    fix: "make it first, inside of the container",
  });
}
