/** Devices of the host for a container, as people type them: `--device /dev/fuse[:/dev/fuse[:rwm]]`. docker-run(1). */
import { type BigIntStats, statSync } from "node:fs";
import { isAbsolute } from "node:path";
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
  const type = stat.isBlockDevice() ? "b" : "c";
  const number = numbers(stat.rdev);
  return {
    device: {
      type,
      path,
      ...number,
      fileMode: Number(stat.mode & PERMISSIONS),
      uid: Number(stat.uid),
      gid: Number(stat.gid),
    },
    rule: { allow: true, type, ...number, access },
  };
}
