/** Mounts of the host that are gone after the test, whatever happened. mount(8), umount(8). */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { onTestFinished } from "vitest";

/** @param options as for mount(8), before the directory */
export function mountOnHost(options: readonly string[], point: string): void {
  execFileSync("mount", [...options, point]);
  // Registered after the directory's own removal, so it comes first.
  onTestFinished(() => {
    execFileSync("umount", ["--recursive", "--lazy", point]);
  });
}

/** @param kind `shared`, `private`, `slave`, `unbindable` */
export function setPropagationOnHost(kind: string, point: string): void {
  execFileSync("mount", [`--make-${kind}`, point]);
}

/** Where a container that mounts on the host would do it. */
const EXPOSED = new Set(["/", "/proc", "/sys", "/dev", "/dev/pts", "/dev/console", "/dev/null"]);

/**
 * The host's mounts that a container of `path` could have made or hidden; those of others come and go meanwhile.
 * @param path a directory, its bundle above all
 */
export function hostMounts(path: string): string[] {
  const lines = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  return lines.filter((line) => line.includes(path) || EXPOSED.has(line.split(" ")[4] ?? ""));
}
