/** What a set of resources comes to as writes into the files of one group, and what a hierarchy's files tell beforehand. */
import { existsSync, readdirSync } from "node:fs";
import type { OciResources } from "../oci/config.ts";
import { type Controller, nameOn, type Setting, type SettingsContext } from "./controller.ts";
import { wordsOf } from "./layout.ts";
import { readGroupFile } from "./processes.ts";

/**
 * What can be known of a hierarchy before a group is made in it.
 *
 * @param controller whose files are asked about
 * @param group a group that has them, if there is one already
 */
export function settingsContext(version: 1 | 2, top: string, controller: Controller, group?: string): SettingsContext {
  return {
    version,
    isNew: group === undefined,
    now: (file) => (group === undefined ? undefined : readGroupFile(`${group}/${file}`)),
    atTop: (file) => readGroupFile(`${top}/${file}`),
    has(file) {
      if (group !== undefined) return existsSync(`${group}/${file}`);
      if (version === 1)
        return existsSync(`${top}/${file}`) || groupsBelow(top).some((each) => existsSync(`${each}/${file}`));
      // v2 shows limits below the top only, and only where the controller has been handed down.
      if (!wordsOf(`${top}/cgroup.subtree_control`).includes(nameOn(controller, 2) ?? "")) return undefined;
      const [sample] = groupsBelow(top);
      return sample === undefined ? undefined : existsSync(`${sample}/${file}`);
    },
  };
}

function groupsBelow(top: string): string[] {
  try {
    const entries = readdirSync(top, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => `${top}/${name}`);
  } catch {
    return [];
  }
}

/** All writes of one group's controllers, each controller's in the order in which the kernel takes them. */
export function settingsOf(
  controllers: readonly Controller[],
  resources: OciResources,
  version: 1 | 2,
  top: string,
  group?: string,
): Setting[] {
  return controllers.flatMap((controller) =>
    controller.settings(resources, settingsContext(version, top, controller, group)),
  );
}
