/** Mounts of the host that are gone after the test, whatever happened. mount(8), umount(8). */
import { execFileSync } from "node:child_process";
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
