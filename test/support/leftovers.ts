/** What a container could leave on the host: looked for in the kernel's own lists, not in ours. */
import { type Dirent, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

const CGROUPS = "/sys/fs/cgroup";

/** A directory that goes while we look holds nothing: tests run beside each other. */
function directoriesIn(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  } catch {
    return [];
  }
}

function groupsBelow(directory: string): string[] {
  return directoriesIn(directory).flatMap((entry) => {
    const path = join(directory, entry.name);
    return entry.name.startsWith("ringside-") ? [path] : groupsBelow(path);
  });
}

/** Every control group of ours, in every hierarchy. */
export function controlGroups(): string[] {
  return groupsBelow(CGROUPS);
}

/** Mounts of the host's own mount namespace that name `word`. */
export function mountsNaming(word: string): string[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => line.includes(word));
}

export interface SeenProcess {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
  readonly namespace: string;
}

/** Every process, with its pid namespace. */
export function processes(): SeenProcess[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
        const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim();
        const namespace = readlinkSync(`/proc/${name}/ns/pid`);
        return [{ pid: Number(name), parent, command, namespace }];
      } catch {
        return [];
      }
    });
}

/** Waits until `look` finds nothing, for at most half a minute. @returns what it found last */
export async function untilEmpty<Found>(look: () => Found[]): Promise<Found[]> {
  const deadline = Date.now() + 30_000;
  let found = look();
  while (found.length > 0 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    found = look();
  }
  return found;
}
