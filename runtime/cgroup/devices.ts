/**
 * The devices controller of v1: which device nodes a container may open and make. Root inside keeps CAP_MKNOD, so
 * without this list it could make a node for the host's disk and write to it.
 * Kernel: admin-guide/cgroup-v1/devices.rst. On v2 a program does the same (device-filter.ts).
 */
import type { OciResources } from "../oci/config.ts";
import type { Controller, Setting } from "./controller.ts";
import { isFirstRoot } from "./delegation.ts";
import { allowsEverything, type DeviceList, deviceList, deviceRules, deviceRuleText } from "./device-rules.ts";
import type { CgroupLayout } from "./layout.ts";

/**
 * Whether an opened device can be refused here. Where it cannot, the inside must have neither CAP_MKNOD nor device nodes
 * that work.
 */
export function devicesCanBeGuarded(layout: CgroupLayout): boolean {
  const place = layout.controllers.devices;
  if (place !== undefined && place.version === 1) return !place.readOnly;
  return deviceFilterWorks(layout);
}

/** v2's program: there must be a tree to hang it on, and loading it takes the privileges of the first user namespace. */
export function deviceFilterWorks(layout: CgroupLayout, mayLoad = isFirstRoot): boolean {
  return layout.unified !== undefined && layout.unifiedReadOnly !== true && mayLoad();
}

export const devices: Controller = {
  name: "devices",
  unifiedName: null,
  why: "Only harmless devices may be opened: root inside may make nodes, and must not reach the host's disks by them.",
  asked: asksForDevices,
  joinedOnV1: true,

  settings({ devices: rules }, { atTop }) {
    const list = withinParent(deviceList(deviceRules(rules)), atTop("devices.list"), rules);
    const first = list.allowAll
      ? { file: "devices.allow", value: "a", why: "Every device may be used, but for those that follow." }
      : { file: "devices.deny", value: "a", why: "First every device is denied." };
    return [first, ...exceptionSettings(list, list.exceptions)];
  },

  reports: () => [],
};

/** A list that keeps something back; one that allows everything (--privileged) needs nothing to enforce it. */
function asksForDevices({ devices: rules = [] }: OciResources): string[] {
  return rules.length === 0 || rules.every(({ allow }) => allow) ? [] : ["linux.resources.devices"];
}

/**
 * A group can allow nothing that the one above does not: in a container of others some of the default devices may not be
 * ours to give. Those are left out; what the configuration asks for is not, and is the kernel's to refuse.
 */
function withinParent(list: DeviceList, parent: string | undefined, rules: OciResources["devices"]): DeviceList {
  const lines = (parent ?? "").split("\n").filter((line) => line !== "");
  if (list.allowAll || lines.length === 0 || lines.some((line) => line.startsWith("a "))) return list;
  const asked = new Set(deviceList(deviceRules(rules, [])).exceptions.map(deviceRuleText));
  const exceptions = list.exceptions.filter(
    (exception) => asked.has(deviceRuleText(exception)) || lines.some((line) => coversRule(line, exception)),
  );
  return { ...list, exceptions };
}

/** @param line of devices.list: `c 1:* rwm` */
function coversRule(line: string, { type, major, minor, access }: DeviceList["exceptions"][number]): boolean {
  const [kind, number = "", letters = ""] = line.split(" ");
  const [theirMajor, theirMinor] = number.split(":");
  return (
    kind === type &&
    (theirMajor === "*" || theirMajor === String(major)) &&
    (theirMinor === "*" || theirMinor === String(minor)) &&
    [...access].every((letter) => letters.includes(letter))
  );
}

function exceptionSettings(list: Pick<DeviceList, "allowAll">, exceptions: DeviceList["exceptions"]): Setting[] {
  const file = list.allowAll ? "devices.deny" : "devices.allow";
  return exceptions.map((exception) => ({ file, value: deviceRuleText(exception), why: exception.why }));
}

/**
 * From the list that a group has to the one that it should have, with no moment in between that denies what both allow.
 *
 * @param current the text of the group's devices.list
 */
export function deviceChanges(current: string, { devices: rules }: Pick<OciResources, "devices">): Setting[] {
  const wanted = deviceList(deviceRules(rules));
  const lines = current.split("\n").filter((line) => line !== "");
  const isAllowAll = lines.some((line) => line.startsWith("a "));
  if (allowsEverything(wanted) && isAllowAll) return [];
  if (wanted.allowAll || isAllowAll) return devices.settings({ devices: rules ?? [] }, NO_CONTEXT);
  const texts = new Set(wanted.exceptions.map(deviceRuleText));
  const gone = lines.filter((line) => !texts.has(line));
  const added = wanted.exceptions.filter((exception) => !lines.includes(deviceRuleText(exception)));
  return [
    ...gone.map((value) => ({ file: "devices.deny", value, why: "No longer allowed." })),
    ...exceptionSettings(wanted, added),
  ];
}

const NOTHING = () => undefined;
const NO_CONTEXT = { version: 1, isNew: false, has: NOTHING, now: NOTHING, atTop: NOTHING } as const;
