/**
 * The nodes and links of the container's own /dev, and what else the configuration asks for. mknod(2); runtime-spec,
 * config-linux.md, Devices and Default Devices.
 *
 * An ordinary user, root of a user namespace included, may make no node: the host's own is shown instead.
 */
import type { PlanStep } from "../../native/plan/plan.ts";
import { RingsideError } from "../error.ts";
import type { OciDevice } from "../oci/config.ts";
import { DEFAULT_DEVICES, DEFAULT_LINKS } from "../oci/defaults.ts";
import { cleanPath, MOUNT_TARGET } from "./mount-context.ts";
import type { Slots } from "./slots.ts";

const S_IFMT: Readonly<Record<OciDevice["type"], number>> = { c: 0o020000, u: 0o020000, b: 0o060000, p: 0o010000 };
const PERMISSIONS = 0o7777;
const DEFAULT_MODE = 0o666;
const BELOW_DEV = "/dev/";

export interface DevicePlan {
  /** On the host, before the container is entered. */
  readonly prepare: PlanStep[];
  readonly steps: PlanStep[];
}

export interface DevicePlaces {
  /** What /dev is: nodes are made below its descriptor, so that /dev itself cannot be swapped (CVE-2026-41579). */
  readonly devSlot: number;
  readonly rootSlot: number;
  readonly slots: Slots;
  /** The phase in which the host's files can be named. */
  readonly preparing: "host" | "child";
  /** No node may be made: the host's devices are bound. */
  readonly bind: boolean;
}

interface WantedDevice extends OciDevice {
  readonly why: string;
}

/** The default devices and those of the configuration, which win where both have a path. */
export function wantedDevices(asked: readonly OciDevice[]): WantedDevice[] {
  const devices = new Map<string, WantedDevice>();
  for (const { path, major, minor, mode, why } of DEFAULT_DEVICES)
    devices.set(path, { type: "c", path, major, minor, fileMode: mode, why });
  for (const device of asked) {
    const path = cleanPath(device.path);
    devices.set(path, { ...device, path, why: "A device that the configuration asks for." });
  }
  return [...devices.values()];
}

/**
 * @param asked linux.devices of the configuration
 * @throws RingsideError for a device that has a type but no number
 */
export function deviceSteps(asked: readonly OciDevice[], places: DevicePlaces): DevicePlan {
  const plans = wantedDevices(asked).map((device) => oneDevice(device, places));
  return {
    prepare: plans.flatMap(({ prepare }) => prepare),
    steps: [...plans.flatMap(({ steps }) => steps), ...linkSteps(places.devSlot)],
  };
}

/** Where a device belongs: below /dev by the descriptor of it, elsewhere below the root. */
function placeOf(path: string, { devSlot, rootSlot }: DevicePlaces): { readonly root: number; readonly path: string } {
  return path.startsWith(BELOW_DEV)
    ? { root: devSlot, path: path.slice(BELOW_DEV.length) }
    : { root: rootSlot, path: path.slice(1) };
}

function oneDevice(device: WantedDevice, places: DevicePlaces): DevicePlan {
  const { type, major = 0, minor = 0, fileMode = DEFAULT_MODE, uid = 0, gid = 0, why } = device;
  if (type !== "p" && (device.major === undefined || device.minor === undefined)) {
    throw new RingsideError(`cannot make the device ${device.path}: it has no number`, {
      fix: "give it major and minor in linux.devices",
    });
  }
  const place = placeOf(device.path, places);
  const mode = S_IFMT[type] | (fileMode & PERMISSIONS);
  const words = { stage: "devices", why } as const;
  if (!places.bind || type === "p") {
    const node = { ...words, phase: "child", op: "makeNode", ...place, mode, major, minor, uid, gid } as const;
    return { prepare: [], steps: [node] };
  }
  const slot = places.slots.take();
  return {
    prepare: [{ ...words, phase: places.preparing, op: "cloneDevice", slot, path: device.path, mode, major, minor }],
    steps: [
      {
        ...words,
        phase: "child",
        why: `${why} The host's own is shown, since no node can be made without being root there.`,
        op: "mountAt",
        slot,
        ...place,
        isFile: MOUNT_TARGET.file,
        noSymlinks: 0,
      },
    ],
  };
}

function linkSteps(devSlot: number): PlanStep[] {
  return DEFAULT_LINKS.map(({ path, target, why }) => ({
    phase: "child",
    stage: "devices",
    why,
    op: "makeSymlink",
    root: devSlot,
    path: path.slice(BELOW_DEV.length),
    target,
  }));
}
