/** What to do when a step of a container's files fails: each reason that the errno alone does not tell. errno(3). */
import type { OperationName } from "../../native/plan/operations.ts";
import type { PlanStep } from "../../native/plan/plan.ts";

type Fixes = Readonly<Record<string, string>>;

const SOMETHING_ELSE = "take it out of the image, or mount something of the container's own at /dev";

const FIXES: Readonly<Partial<Record<OperationName, Fixes>>> = {
  cloneTree: {
    ENOENT: "make it on the host, or correct the source",
    ENOTDIR: "the root has to be a directory: correct root.path",
    EPERM: "run it as root, or give the container a user namespace",
    EINVAL: "something below it may not be shown elsewhere: use rbind instead of bind, or another source",
  },
  cloneDevice: {
    ENOENT: "the host has not this device: leave it out of linux.devices",
    ENODEV: "the host has something else by this name: correct its type and numbers in linux.devices",
  },
  changeMount: {
    EINVAL:
      "this kernel or this file system cannot do it (id mappings need Linux 5.12 and a file system that knows them)",
    EPERM: "the host has fixed what may be done there: leave the option out, or run it as root",
  },
  newFilesystem: {
    ENODEV: "this kernel has not the file system: correct the mount's type, or load its module on the host",
    EINVAL: "correct the mount's options",
    EPERM: "only root may mount this file system: run it as root, or leave the mount out",
  },
  mountAt: {
    ELOOP: "there is a symbolic link where /proc, /sys or /dev belongs, or one that leads out: use another image",
    EINVAL: "without a mount namespace of its own a container needs Linux 6.15: add one to linux.namespaces",
    EBUSY: "a link in the image leads from there to its root: mount it elsewhere",
    ESTALE: "somebody exchanged the directory meanwhile: stop who writes to the image, and try again",
    ENOTDIR: "a file is in the way: mount it elsewhere",
    EISDIR: "a directory is in the way of a file: mount it elsewhere",
    EROFS: "the place has to be in the image already, since that is read-only",
  },
  copyUp: { ENOSPC: "give the tmpfs a larger size", ELOOP: "the directory is too deep to be copied" },
  remountIn: { EINVAL: "nothing is mounted there: correct the destination", ENOENT: "correct the destination" },
  makeDirectoryIn: {
    ELOOP: "the path leads through a link that leads out: give another",
    EROFS: "the directory has to be in the image already, since that is read-only",
    ENOTDIR: "a file is in the way: give another path",
  },
  makeNode: {
    EEXIST: `the image has something else by this name: ${SOMETHING_ELSE}`,
    EPERM: "only root may make devices: run it as root, or give the container a user namespace",
  },
  maskPath: { ENODEV: `what is at /dev/null is not the null device: ${SOMETHING_ELSE}` },
  openTerminal: {
    ENOTTY: `what is at /dev/pts is not a terminal's place: ${SOMETHING_ELSE}`,
    ELOOP: `there is a link instead of a terminal: ${SOMETHING_ELSE}`,
    EEXIST: `there is something else at /dev/console: ${SOMETHING_ELSE}`,
  },
  connectSocket: {
    ENOENT: "let the one who waits for the terminal make the socket first",
    ECONNREFUSED: "nobody listens there: start the one who waits for the terminal first",
  },
  writeProc: {
    ENOENT: "this kernel has not the setting: leave it out",
    EINVAL: "the kernel refuses the value: correct it",
    EACCES: "the setting cannot be changed: leave it out",
  },
  attachRoot: { EINVAL: "the root cannot be attached: see dmesg" },
  pivotRoot: { EINVAL: "the host's own root cannot be pivoted, as on an initramfs: use --no-pivot" },
};

/** @returns what to do about it; undefined where the errno says all */
export function fileFix(failed: PlanStep, code: string): string | undefined {
  return FIXES[failed.op]?.[code];
}

/** What a step was done on: ` on PATH`; empty where its reason says it. */
export function subjectOf(failed: PlanStep): string {
  return "path" in failed && !failed.why.includes(failed.path) ? ` on ${failed.path}` : "";
}
