/**
 * What is there on a machine that a benchmark could have made: processes, mounts, control groups, network interfaces and
 * namespaces with a name, files where it and engines keep theirs. From the kernel's own lists, not from ours.
 */
import { type Dirent, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** One line each: its kind, and what tells it from others. */
export type Scene = ReadonlySet<string>;

/** Where engines and we keep things, and how deep it is looked there. */
const PLACES: readonly (readonly [directory: string, depth: number])[] = [
  ["/tmp", 1],
  ["/dev/shm", 1],
  ["/etc/docker", 1],
  ["/run", 1],
  ["/run/containerd", 3],
  ["/run/docker", 2],
  ["/run/lxc", 8],
  ["/run/netns", 1],
  ["/run/ringside", 3],
  ["/run/systemd/nspawn", 3],
  ["/var/lib/containerd", 2],
  ["/var/lib/containers/storage/overlay-containers", 1],
  ["/var/lib/docker/containers", 1],
  ["/var/lib/lxc", 2],
  ["/var/lib/machines", 1],
  ["/var/lib/ringside", 3],
];

/**
 * Looks.
 * @param own directories of whoever asks, looked at in full
 */
export function lookAround(own: readonly string[]): Scene {
  return new Set([
    ...processes(),
    ...mounts(),
    ...directoriesBelow("/sys/fs/cgroup").map((path) => `group ${path}`),
    ...namesIn("/sys/class/net").map((name) => `interface ${name}`),
    ...PLACES.flatMap(([directory, depth]) => filesBelow(directory, depth)),
    ...own.flatMap((directory) => filesBelow(directory, Number.POSITIVE_INFINITY)),
  ]);
}

/** Only what has an address space: kernel threads come and go. */
function processes(): string[] {
  return namesIn("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const command = readText(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim();
      return command === "" ? [] : [`process ${pid} ${command.slice(0, 200)} ${belongings(pid)}`];
    });
}

/** What tells whose a process is, also where its command line says nothing: its groups, its mounts, its environment. */
function belongings(pid: string): string {
  const text = [`/proc/${pid}/cgroup`, `/proc/${pid}/mountinfo`, `/proc/${pid}/environ`].map(readText).join("\n");
  const marks = text.match(/(?:ringside-bench|rk)-[\w-]+/g) ?? [];
  return [...new Set(marks)].sort().join(",");
}

/** Without the ids, which change when something else is mounted. */
function mounts(): string[] {
  const lines = readText("/proc/self/mountinfo").split("\n").filter(Boolean);
  return lines.map((line) => `mount ${line.split(" ").slice(2).join(" ")}`);
}

function directoriesBelow(directory: string): string[] {
  return entriesIn(directory).flatMap((entry) => {
    if (!entry.isDirectory()) return [];
    const path = join(directory, entry.name);
    return [path, ...directoriesBelow(path)];
  });
}

function filesBelow(directory: string, depth: number): string[] {
  if (depth === 0) return [];
  return entriesIn(directory).flatMap((entry) => {
    const path = join(directory, entry.name);
    const isPlain = entry.isDirectory() && !(lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? true);
    return [`file ${path}`, ...(isPlain ? filesBelow(path, depth - 1) : [])];
  });
}

function namesIn(directory: string): string[] {
  return entriesIn(directory).map(({ name }) => name);
}

/** What goes while we look is not there. */
function entriesIn(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
