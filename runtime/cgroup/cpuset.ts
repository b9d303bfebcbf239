/**
 * The cpuset controller: on which CPUs a container runs and from which memory nodes it is served. cpuset(7).
 * Kernel: admin-guide/cgroup-v1/cpusets.rst; admin-guide/cgroup-v2.rst, "Cpuset". config-linux.md, CPU.
 */
import { existsSync, readFileSync } from "node:fs";
import { type Controller, given, type Setting } from "./controller.ts";
import { listText } from "./values.ts";

const FIELD = "linux.resources.cpu";
const FILES = ["cpuset.cpus", "cpuset.mems"] as const;

export const cpuset: Controller = {
  name: "cpuset",
  why: "It runs on CPUs, and is served from memory, of its own choice.",
  asked: ({ cpu: { cpus, mems } = {} }) => given(FIELD, { cpus, mems }),
  joinedOnV1: false,

  settings({ cpu: { cpus, mems } = {} }) {
    const settings: Setting[] = [];
    if (cpus) {
      settings.push({
        file: "cpuset.cpus",
        value: listText(`${FIELD}.cpus`, cpus),
        why: "It runs on these CPUs only.",
      });
    }
    if (mems) {
      const value = listText(`${FIELD}.mems`, mems);
      settings.push({ file: "cpuset.mems", value, why: "Its memory comes from these nodes only." });
    }
    return settings;
  },

  reports: () => [],
};

/**
 * On v1 a new group has neither CPUs nor memory, and nobody can join it: each group on the way down is given its parent's.
 * Those that have some already are told the same again: others may remove such a group, and make it anew, before the
 * container is in it.
 *
 * @param top the hierarchy's own directory, which has all
 * @param directories the groups from the top down, the container's last; some may not exist yet
 * @returns what to write into each
 */
export function inheritedCpusets(
  top: string,
  directories: readonly string[],
): { directory: string; setting: Setting }[] {
  return FILES.flatMap((file) => {
    let inherited = contentOf(top, file);
    return directories.flatMap((directory) => {
      const value = contentOf(directory, file) || inherited;
      inherited = value;
      const why = "A new group of this kind is empty: it is given what its parent has, so that it can be joined.";
      return value === "" ? [] : [{ directory, setting: { file, value, why } }];
    });
  });
}

function contentOf(directory: string, file: string): string {
  const path = `${directory}/${file}`;
  return existsSync(path) ? readFileSync(path, "utf8").trim() : "";
}
