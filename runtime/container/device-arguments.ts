/** Devices of the host for a container, as people type them: `--device /dev/fuse[:/dev/fuse[:rwm]]`. docker-run(1). */
import { type BigIntStats, readdirSync, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { RingsideError } from "../error.ts";
import type { OciDevice, OciDeviceRule } from "../oci/config.ts";

const PERMISSIONS = 0o7777n;
const ACCESS = /^[rwm]{1,3}$/;

export interface DeviceArgument {
  readonly device: OciDevice;
  /** What control groups are told of it. */
  readonly rule: OciDeviceRule;
}

/** The number of a device as the kernel splits it: makedev(3). */
function numbers(rdev: bigint): { readonly major: number; readonly minor: number } {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & ~0xffn);
  return { major: Number(major), minor: Number(minor & 0xffff_ffffn) };
}

function statOf(path: string): BigIntStats {
  try {
    return statSync(path, { bigint: true });
  } catch (cause) {
    throw new RingsideError(`--device ${path}: there is no such device on this machine`, {
      cause,
      fix: "ls /dev shows which there are",
    });
  }
}

/** What the container has of its own below /dev. */
const NOT_THE_HOSTS = new Set(["pts", "shm", "fd", "mqueue", "console", "ptmx"]);

function deviceAt(path: string, stat: BigIntStats): OciDevice {
  return {
    type: stat.isBlockDevice() ? "b" : "c",
    path,
    ...numbers(stat.rdev),
    fileMode: Number(stat.mode & PERMISSIONS),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
  };
}

/** Every device of the host, for --privileged. Links are left out, as are the container's own. */
export function hostDevices(directory = "/dev"): OciDevice[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (directory === "/dev" && NOT_THE_HOSTS.has(entry.name)) return [];
    if (entry.isDirectory()) return hostDevices(path);
    return entry.isCharacterDevice() || entry.isBlockDevice() ? [deviceAt(path, statOf(path))] : [];
  });
}

/**
 * @throws RingsideError naming what is wrong with it; also when there is no such device
 */
export function parseDevice(text: string): DeviceArgument {
  const [source = "", second, third, ...rest] = text.split(":");
  // `/dev/x:rwm` gives no place inside.
  const [path, access] =
    third === undefined && second !== undefined && ACCESS.test(second)
      ? [source, second]
      : [second ?? source, third ?? "rwm"];
  if (rest.length > 0 || !isAbsolute(source) || !isAbsolute(path) || !ACCESS.test(access)) {
    throw new RingsideError(`--device ${JSON.stringify(text)} is not a device`, {
      fix: "write --device /dev/here[:/dev/there[:rwm]]",
    });
  }
  const stat = statOf(source);
  if (!stat.isCharacterDevice() && !stat.isBlockDevice()) {
    throw new RingsideError(`--device ${source}: it is no device, but something else`, {
      fix: `-v ${source}:${path} shows files and directories`,
    });
  }
  const device = deviceAt(path, stat);
  const type = stat.isBlockDevice() ? "b" : "c";
  return { device, rule: { allow: true, type, ...numbers(stat.rdev), access } };
}
