/**
 * `linux.resources.unified`: files of a v2 group and what to write to them, as they are (config-linux.md, Unified). What a
 * file means is the writer's affair; that it is a controller's file of this very group, and there, is ours.
 */
import { RingsideError } from "../error.ts";
import type { OciResources } from "../oci/config.ts";
import type { Setting } from "./controller.ts";
import { refused } from "./values.ts";

/** A controller's name, then the rest: what the kernel's own files look like (`hugetlb.2MB.max`). */
const FILE = /^([a-z][a-z_]*)\.[A-Za-z0-9][A-Za-z0-9_.]*$/;

/** Of the core's own files only those that limit: the others would stop, move or free what is in the group. */
const CORE_FILES = new Set(["cgroup.max.depth", "cgroup.max.descendants"]);

/**
 * @returns the controllers that the files belong to
 * @throws RingsideError for a name that is no controller's file
 */
export function unifiedControllers({ unified = {} }: OciResources): string[] {
  const names = Object.keys(unified).map((file) => {
    const field = `linux.resources.unified[${JSON.stringify(file)}]`;
    const controller = FILE.exec(file)?.[1];
    if (controller === undefined) {
      throw refused(field, unified[file], "that is not the name of a control file", "name a file such as memory.high");
    }
    if (controller === "cgroup" && !CORE_FILES.has(file)) {
      const why = "the runtime itself needs that file to hold the container";
      throw refused(
        field,
        unified[file],
        why,
        `leave it out; of the core's files ${[...CORE_FILES].join(" and ")} may be set`,
      );
    }
    return controller;
  });
  return [...new Set(names.filter((name) => name !== "cgroup"))];
}

/**
 * @param unified the directory of the v2 tree; undefined where there is none
 * @throws RingsideError when there is none, or a value holds what no control file takes
 */
export function unifiedSettings({ unified = {} }: OciResources, tree: string | undefined): Setting[] {
  return Object.entries(unified).flatMap(([file, value]) => {
    if (tree === undefined) {
      throw new RingsideError(
        `cannot set linux.resources.unified[${JSON.stringify(file)}]: there is no cgroup v2 tree`,
        {
          fix: "use the fields of cgroup v1, or boot with systemd.unified_cgroup_hierarchy=1",
        },
      );
    }
    if (value.includes("\0")) throw refused(`linux.resources.unified.${file}`, value, "it holds a NUL", "remove it");
    // A file of many devices takes one of them a write.
    const lines = value.split("\n").filter((line) => line !== "");
    return lines.map((line) => ({ file, value: line, why: "Written as the configuration says." }));
  });
}
