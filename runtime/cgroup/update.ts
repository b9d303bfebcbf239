/**
 * Other limits for a container that runs. All are written or none: what the kernel refuses undoes what was written before
 * it. runtime-spec and runc-update(8): what is not named stays as it is.
 */
import { errorCode } from "../../native/error-code.ts";
import { attachDeviceFilter } from "../../native/kernel.ts";
import { RingsideError } from "../error.ts";
import type { OciMemory, OciResources } from "../oci/config.ts";
import { nameOn, type Setting } from "./controller.ts";
import { deviceFilter } from "./device-filter.ts";
import { deviceRules } from "./device-rules.ts";
import { deviceChanges, devices } from "./devices.ts";
import { CONTROLLERS } from "./groups.ts";
import { type CgroupLayout, type ControllerPlace, wordsOf } from "./layout.ts";
import { readGroupFile, writeGroupFile } from "./processes.ts";
import { settingsOf } from "./settings.ts";
import { unifiedControllers, unifiedSettings } from "./unified.ts";
import { controlFileFix } from "./write-failure.ts";

/** One write, and the one that takes it back. */
interface Write {
  readonly path: string;
  readonly value: string;
  /** undefined where the file does not tell what would bring it back. */
  readonly undo: { readonly path: string; readonly value: string } | undefined;
}

/**
 * Writes limits into the groups of a running container.
 *
 * Values depend on each other: v1 wants memory below memory and swap together, at every moment; a quota wants to be no
 * smaller than its burst. What is refused at first is tried again after the others, for as long as that helps.
 *
 * @param paths the container's group in each hierarchy
 * @param resources what is not in them stays as it is; -1 takes a limit away
 * @throws RingsideError naming field or file; all values are then as they were
 */
export async function updateResources(
  layout: CgroupLayout,
  paths: readonly string[],
  resources: OciResources,
): Promise<void> {
  const writes = writesFor(layout, paths, resources);
  checkMemoryInUse(layout, paths, resources.memory ?? {});
  const done: Write[] = [];
  let left = writes;
  while (left.length > 0) {
    const failed: { write: Write; error: unknown }[] = [];
    for (const write of left) {
      try {
        writeGroupFile(write.path, write.value);
        done.push(write);
      } catch (error) {
        failed.push({ write, error });
      }
    }
    const [first] = failed;
    if (first !== undefined && failed.length === left.length) {
      const stuck = undo(done);
      throw refusedWrite(first.write, first.error, stuck);
    }
    left = failed.map(({ write }) => write);
  }
  replaceDeviceFilter(layout, paths, resources, done);
}

/** Every write, with what is there now; a value that is there already is not written again. */
function writesFor(layout: CgroupLayout, paths: readonly string[], resources: OciResources): Write[] {
  const writes = CONTROLLERS.filter((controller) => controller !== devices).flatMap((controller) => {
    const [asked] = controller.asked(resources);
    const group = groupOf(layout, paths, [nameOn(controller, 1), nameOn(controller, 2)]);
    if (group === undefined) {
      if (asked !== undefined) throw noGroup(asked, controller.name);
      return [];
    }
    const { directory, place } = group;
    return toWrites(directory, settingsOf([controller], resources, place.version, place.directory, directory));
  });
  return [...writes, ...deviceWrites(layout, paths, resources), ...rawWrites(layout, paths, resources)];
}

/** The container's group in the hierarchy of a controller. */
function groupOf(
  layout: CgroupLayout,
  paths: readonly string[],
  names: readonly (string | undefined)[],
): { directory: string; place: ControllerPlace } | undefined {
  for (const name of names) {
    const place = name === undefined ? undefined : layout.controllers[name];
    if (place === undefined || name === undefined) continue;
    const directory = paths.find((path) => path.startsWith(`${place.directory}/`));
    const isThere =
      directory !== undefined && (place.version === 1 || wordsOf(`${directory}/cgroup.controllers`).includes(name));
    if (isThere) return { directory, place };
  }
  return undefined;
}

function noGroup(asked: string, controller: string): RingsideError {
  return new RingsideError(`cannot enforce ${asked}: the container was started without the ${controller} controller`, {
    fix: `start it again with a limit of that kind; it can be changed from then on`,
  });
}

function toWrites(directory: string, settings: readonly Setting[]): Write[] {
  return settings.flatMap(({ file, value }) => {
    const path = `${directory}/${file}`;
    const now = readGroupFile(path)?.trim();
    const before = previous(file, value, now ?? "");
    return now === value ? [] : [{ path, value, undo: before === undefined ? undefined : { path, value: before } }];
  });
}

/** What takes a device out of a list that has a line for each; the first that fits the file's name. */
const NOTHING_FOR_DEVICE: readonly (readonly [RegExp, string])[] = [
  [/^io\.max$/, "rbps=max wbps=max riops=max wiops=max"],
  [/^(io\.(bfq\.)?weight)$/, "default"],
  [/^blkio\./, "0"],
];

/** Some files show themselves in another form than they are written in. */
function previous(file: string, value: string, now: string): string | undefined {
  if (file === "memory.oom_control") return /^oom_kill_disable (\d)$/m.exec(now)?.[1];
  const [key = "", second] = value.split(" ");
  if (second !== undefined && !/^cpu\./.test(file)) {
    const line = now.split("\n").find((candidate) => candidate.startsWith(`${key} `));
    const nothing = NOTHING_FOR_DEVICE.find(([pattern]) => pattern.test(file))?.[1];
    return line ?? (nothing === undefined ? undefined : `${key} ${nothing}`);
  }
  const ofAll = /^default (\d+)$/m.exec(now)?.[1];
  return ofAll ?? (now === "" || now.includes("\n") ? undefined : now);
}

function deviceWrites(layout: CgroupLayout, paths: readonly string[], resources: OciResources): Write[] {
  if (resources.devices === undefined || resources.devices.length === 0) return [];
  const group = groupOf(layout, paths, ["devices"]);
  if (group === undefined) return [];
  const current = readGroupFile(`${group.directory}/devices.list`) ?? "";
  return deviceChanges(current, resources).map(({ file, value }) => {
    const opposite = file === "devices.allow" ? "devices.deny" : "devices.allow";
    return {
      path: `${group.directory}/${file}`,
      value,
      undo: { path: `${group.directory}/${opposite}`, value },
    };
  });
}

function rawWrites(layout: CgroupLayout, paths: readonly string[], resources: OciResources): Write[] {
  if (resources.unified === undefined || Object.keys(resources.unified).length === 0) return [];
  unifiedControllers(resources);
  const directory = unifiedGroup(layout, paths);
  return toWrites(directory ?? "", unifiedSettings(resources, directory));
}

function unifiedGroup({ unified }: CgroupLayout, paths: readonly string[]): string | undefined {
  return unified === undefined ? undefined : paths.find((path) => path.startsWith(`${unified}/`));
}

/** v2's list is a program; the last of all, since taking it back would take another. */
function replaceDeviceFilter(
  layout: CgroupLayout,
  paths: readonly string[],
  { devices: rules }: OciResources,
  done: readonly Write[],
): void {
  if (rules === undefined || rules.length === 0 || layout.controllers.devices !== undefined) return;
  const directory = unifiedGroup(layout, paths);
  if (directory === undefined) throw noGroup("linux.resources.devices", "devices");
  try {
    attachDeviceFilter(directory, deviceFilter(deviceRules(rules)));
  } catch (error) {
    const stuck = undo(done);
    throw refusedWrite({ path: directory, value: "device rules", undo: undefined }, error, stuck);
  }
}

/** In the opposite order, and again for as long as that helps. @returns the files that could not be brought back */
function undo(done: readonly Write[]): string[] {
  let left = done.toReversed();
  for (let round = 0; round < done.length && left.length > 0; round++) {
    left = left.filter((write) => write.undo === undefined || !canWrite(write.undo.path, write.undo.value));
  }
  return left.map(({ path }) => path);
}

function canWrite(path: string, value: string): boolean {
  try {
    writeGroupFile(path, value);
    return true;
  } catch {
    return false;
  }
}

/** What errors mean when a control file is written. */
const REASONS: Readonly<Record<string, string>> = {
  EBUSY: "more than that is in use, and the kernel could not free it",
  EINVAL: "the kernel does not take that value here",
  ENODEV: "there is no such device, or the group has gone",
  ENOENT: "the group has no such file",
  ENOSPC: "that is more than the group above has",
  EPERM: "the group above does not allow it",
  ERANGE: "that is out of the kernel's range",
};

function refusedWrite({ path, value }: Write, error: unknown, stuck: readonly string[]): RingsideError {
  const code = errorCode(error);
  const why = REASONS[code ?? ""] ?? (error instanceof Error ? error.message : String(error));
  const rest = stuck.length === 0 ? "all limits are as they were" : `these could not be set back: ${stuck.join(", ")}`;
  return new RingsideError(`cannot write ${JSON.stringify(value)} to ${path}: ${why} (${code ?? "error"}); ${rest}`, {
    cause: error,
    fix: controlFileFix(path, code ?? "") ?? "give a value that the container can live with",
  });
}

/**
 * `checkBeforeUpdate`: v1's kernel refuses a limit below what is in use; v2's kills until it fits (config-linux.md,
 * Memory).
 */
function checkMemoryInUse(layout: CgroupLayout, paths: readonly string[], wanted: OciMemory): void {
  const { limit = 0, checkBeforeUpdate } = wanted;
  const group = groupOf(layout, paths, ["memory"]);
  if (checkBeforeUpdate !== true || limit <= 0 || group === undefined) return;
  const file = group.place.version === 1 ? "memory.usage_in_bytes" : "memory.current";
  const inUse = Number(readGroupFile(`${group.directory}/${file}`) ?? "0");
  if (inUse <= limit) return;
  throw new RingsideError(`cannot set linux.resources.memory.limit to ${limit}: ${inUse} bytes are in use`, {
    fix: `give more than that, or leave out checkBeforeUpdate`,
  });
}
