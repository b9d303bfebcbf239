/** A plain process: what everything else is set against. */
import { statfsSync } from "node:fs";
import { startProcess } from "../../../process/start.ts";
import { TIME_LIMIT_MS } from "../../system.ts";
import { ringsideVersion } from "../../version.ts";
import { HOST_MEASUREMENTS } from "../quantities.ts";
import { outputOf } from "../start.ts";
import { argumentsOf, MEMORY_BYTES, type OverheadRow } from "../world.ts";

/** statfs(2), f_type: what fsync(2) and a write to a file mean. */
const FILESYSTEMS: Readonly<Record<number, string>> = {
  61267: "on ext4 (or ext2, ext3)",
  16914836: "on tmpfs, so fsync writes nothing to a disk",
  2035054128: "on overlayfs",
  1481003842: "on XFS",
  2435016766: "on Btrfs",
  801189825: "on ZFS",
  1702057286: "on a file system in user space (FUSE)",
  26985: "on NFS",
};

function filesystemOf(directory: string): string {
  const { type } = statfsSync(directory);
  return FILESYSTEMS[type] ?? `on a file system of type 0x${type.toString(16)}`;
}

export const processWorld: OverheadRow = {
  world: "process",
  what: "a plain process: what the others are set against",
  async prepare({ bench, program, files }) {
    return {
      version: ringsideVersion(),
      accelerator: null,
      notes: [
        `files: the host's directory of temporary files, ${filesystemOf(files)}; every container finds the same one by a bind mount`,
      ],
      memoryBytes: MEMORY_BYTES,
      measure: ({ samples, signal }) =>
        outputOf(bench, {
          start: (stdio) =>
            startProcess(bench.launcher, {
              argv: [program, ...argumentsOf(samples, files, HOST_MEASUREMENTS)],
              ...stdio,
            }),
          signal,
          timeLimitMs: TIME_LIMIT_MS,
        }),
    };
  },
};
