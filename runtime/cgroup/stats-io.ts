/** Reads and writes of a container, by disk. cgroup-v1/blkio-controller.rst; cgroup-v2.rst, "IO". */
import type { GroupFiles } from "./group-files.ts";

export interface IoStats {
  readonly major: number;
  readonly minor: number;
  readonly readBytes: number;
  readonly writeBytes: number;
  readonly reads: number;
  readonly writes: number;
}

type Field = Exclude<keyof IoStats, "major" | "minor">;

/** @returns null where the container is in no group that counts I/O; a disk that it never used is not in the list */
export function ioStats(files: GroupFiles): IoStats[] | null {
  const v2 = files.text("io", "io.stat");
  if (v2 !== undefined) return parseIoStat(v2);
  const bytes = files.text("blkio", "blkio.throttle.io_service_bytes_recursive");
  const operations = files.text("blkio", "blkio.throttle.io_serviced_recursive");
  if (bytes === undefined || operations === undefined) return null;
  return parseBlkio(bytes, operations);
}

const V2_KEYS: Readonly<Record<string, Field>> = {
  rbytes: "readBytes",
  wbytes: "writeBytes",
  rios: "reads",
  wios: "writes",
};

/** Lines `8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0`. */
export function parseIoStat(text: string): IoStats[] {
  return text.split("\n").flatMap((line) => {
    const [, major, minor, rest = ""] = /^(\d+):(\d+) (.*)$/.exec(line) ?? [];
    if (major === undefined || minor === undefined) return [];
    const values = rest.split(" ").flatMap((pair): [Field, number][] => {
      const [key = "", value = ""] = pair.split("=");
      const field = V2_KEYS[key];
      return field === undefined ? [] : [[field, Number(value)]];
    });
    return [{ ...EMPTY, major: Number(major), minor: Number(minor), ...Object.fromEntries(values) }];
  });
}

const EMPTY = { readBytes: 0, writeBytes: 0, reads: 0, writes: 0 };

/** Lines `8:0 Read 4096`, of which Read and Write are of interest; a file for bytes and one for operations. */
export function parseBlkio(bytes: string, operations: string): IoStats[] {
  const devices = new Map<string, IoStats>();
  const fields = [
    [bytes, { Read: "readBytes", Write: "writeBytes" }],
    [operations, { Read: "reads", Write: "writes" }],
  ] as const;
  for (const [text, names] of fields) {
    for (const [, device = "", word = "", value] of text.matchAll(/^(\d+:\d+) (Read|Write) (\d+)$/gm)) {
      const [major, minor] = device.split(":").map(Number);
      const before = devices.get(device) ?? { ...EMPTY, major: major ?? 0, minor: minor ?? 0 };
      const field = word === "Read" ? names.Read : names.Write;
      devices.set(device, { ...before, [field]: Number(value) });
    }
  }
  return [...devices.values()];
}
