/**
 * Tells when a container has run out of memory, at the moment when it happens. v1: an event descriptor that is tied to
 * memory.oom_control (admin-guide/cgroup-v1/memory.rst, "OOM Control"); v2: the file memory.events changes, which
 * inotify(7) reports (admin-guide/cgroup-v2.rst, "Memory Interface Files").
 */
import { closeSync, existsSync, openSync, readSync, watch } from "node:fs";
import { openEventCounter, pollDescriptor } from "../../native/kernel.ts";
import { RingsideError } from "../error.ts";
import { parseTable } from "./group-files.ts";
import { readGroupFile, writeGroupFile } from "./processes.ts";

export interface OomWatch extends Disposable {
  stop(): void;
}

/**
 * Calls `onOom` each time that the limit could not be kept without killing.
 *
 * @param paths the container's group in each hierarchy
 * @param onOom gets how many processes have been killed up to now; on v1 the count may lag by the kill that is under way
 * @returns the watch; it keeps this process running until stopped
 * @throws RingsideError when none of the groups counts memory
 */
export function watchOom(paths: readonly string[], onOom: (kills: number) => void): OomWatch {
  const v2 = paths.find((path) => existsSync(`${path}/memory.events`));
  if (v2 !== undefined) return watchEvents(`${v2}/memory.events`, onOom);
  const v1 = paths.find((path) => existsSync(`${path}/memory.oom_control`));
  if (v1 !== undefined) return watchControl(v1, onOom);
  throw new RingsideError("cannot watch for want of memory: the container is in no group of the memory controller", {
    fix: "start it with a memory limit, such as --memory 64m",
  });
}

/** @returns how many processes of the container the kernel has killed; null where nothing counts them */
export function oomKills(paths: readonly string[]): number | null {
  for (const file of ["memory.events", "memory.oom_control"]) {
    for (const path of paths) {
      const kills = parseTable(readGroupFile(`${path}/${file}`))?.oom_kill;
      if (kills !== undefined) return kills;
    }
  }
  return null;
}

function watchEvents(file: string, onOom: (kills: number) => void): OomWatch {
  const ooms = () => parseTable(readGroupFile(file));
  let before = ooms()?.oom ?? 0;
  const watcher = watch(file, () => {
    const table = ooms();
    // The file changes for other reasons too, and once more when the group goes.
    if (table?.oom === undefined || table.oom <= before) return;
    before = table.oom;
    onOom(table.oom_kill ?? 0);
  });
  watcher.on("error", () => watcher.close());
  return watchOf(() => watcher.close());
}

function watchControl(group: string, onOom: (kills: number) => void): OomWatch {
  const counter = openEventCounter();
  const control = openSync(`${group}/memory.oom_control`, "r");
  try {
    writeGroupFile(`${group}/cgroup.event_control`, `${counter} ${control}`);
  } catch (error) {
    closeSync(counter);
    closeSync(control);
    throw new RingsideError(`cannot watch ${group} for want of memory`, { cause: error });
  }
  const value = Buffer.alloc(8);
  const poll = pollDescriptor(counter, "readable", () => {
    readSync(counter, value);
    // The kernel also counts when the group goes.
    const table = parseTable(readGroupFile(`${group}/memory.oom_control`));
    if (table !== undefined) onOom(table.oom_kill ?? 0);
  });
  return watchOf(() => {
    poll.stop();
    closeSync(counter);
    closeSync(control);
  });
}

function watchOf(end: () => void): OomWatch {
  let open = true;
  const stop = () => {
    if (open) end();
    open = false;
  };
  return { stop, [Symbol.dispose]: stop };
}
