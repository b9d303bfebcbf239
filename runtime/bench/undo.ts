/**
 * How what a benchmark makes on the host is taken away again: one row a kind. What is gone already is no failure, since
 * whoever undoes cannot know how far a killed benchmark came.
 */

import { execFile } from "node:child_process";
import { existsSync, lstatSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import * as z from "zod";
import { findProgram } from "../host-program.ts";
import { removeGroups } from "./foreign-groups.ts";

const absolutePath = z.string().regex(/^\/[^\0]+$/);
/** Long enough to mean one benchmark alone: the path of a directory of its own, an id with its pid. */
const mark = z.string().min(16);

/** What can be written down. Undone last to first, so that a directory is written down before what runs in it. */
export const madeSchema = z.discriminatedUnion("kind", [
  /** Removed with all that is in it; what is mounted below is unmounted first. */
  z.strictObject({ kind: z.literal("directory"), path: absolutePath }),
  /** Unmounted, as often as something is mounted there. */
  z.strictObject({ kind: z.literal("mount"), path: absolutePath }),
  /** A control group: its processes are killed, and it is removed with those below it. */
  z.strictObject({ kind: z.literal("group"), path: absolutePath }),
  /** Every control group whose name has `mark` in it, in every hierarchy: its processes are killed, and it is removed. */
  z.strictObject({ kind: z.literal("groups"), mark }),
  /** A directory or control group that others use too: removed with those below it as far as they are empty. */
  z.strictObject({ kind: z.literal("empty"), path: absolutePath }),
  /** Sockets that nobody listens at any more, but for those that were there before: unlinked. */
  z.strictObject({ kind: z.literal("sockets"), directory: absolutePath, known: z.array(z.string()) }),
  /** Killed: every process that has `mark` in its command line (a daemon's own directory, a container's id). */
  z.strictObject({ kind: z.literal("processes"), mark }),
  /** One of our containers or virtual machines that outlive the command, by its name: ended and removed. */
  z.strictObject({ kind: z.literal("container"), name: mark }),
  z.strictObject({ kind: z.literal("vm"), name: mark }),
  /** A peer's own command for it (`crun --root R delete --force ID`); that it fails is taken for: there was none. */
  z.strictObject({ kind: z.literal("command"), argv: z.array(z.string()).min(1) }),
]);

/** Something on the host that a benchmark is about to make. */
export type Made = z.output<typeof madeSchema>;

/**
 * Takes it away.
 * @throws Error where it is there still
 */
export async function undo(made: Made): Promise<void> {
  switch (made.kind) {
    case "directory":
      await unmountWhere((point) => point.startsWith(`${made.path}/`));
      return rmSync(made.path, { recursive: true, force: true, maxRetries: 3 });
    case "mount":
      return unmountWhere((point) => point === made.path);
    case "group":
      if (!made.path.startsWith("/sys/fs/cgroup/")) throw new Error(`${made.path} is no control group`);
      await killUntilNone(() => membersOf(made.path));
      return removeGroups(made.path);
    case "groups":
      for (const path of groupsNamed(made.mark)) await undo({ kind: "group", path });
      return;
    case "empty":
      return removeGroups(made.path);
    case "sockets":
      return removeDeadSockets(made.directory, new Set(made.known));
    case "processes":
      return killUntilNone(() => processesWith(made.mark));
    case "container":
      return removeOurContainer(made.name);
    case "vm":
      return removeOurVm(made.name);
    case "command":
      return runQuietly(made.argv);
  }
}

/** Loaded late: this is seldom needed, and every command would load it. */
async function removeOurContainer(name: string): Promise<void> {
  const [{ listContainers }, { removeContainer }] = await Promise.all([
    import("../container/state.ts"),
    import("../container/stop.ts"),
  ]);
  if (listContainers().some((container) => container.name === name)) await removeContainer(name, { force: true });
}

async function removeOurVm(name: string): Promise<void> {
  const [{ listVms }, { removeVm }] = await Promise.all([import("../vm/state.ts"), import("../vm/stop.ts")]);
  if (listVms().some((machine) => machine.name === name)) await removeVm(name, { force: true });
}

/**
 * Detaches them at once (umount2(2), MNT_DETACH), the last mounted first: who holds a file below keeps nothing of ours.
 * @throws Error where one stays: removing a directory would remove what is mounted in it
 */
async function unmountWhere(isMeant: (point: string) => boolean): Promise<void> {
  for (const point of mountPoints().filter(isMeant)) await runQuietly(["umount", "--lazy", point]);
  const left = mountPoints().filter(isMeant);
  if (left.length > 0) throw new Error(`${left.join(", ")} cannot be unmounted`);
}

/** What is mounted in our mount namespace, the last mounted first; spaces and the like are octal there (proc(5)). */
function mountPoints(): string[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .flatMap((line) => line.split(" ")[4] ?? [])
    .map((path) =>
      path.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    )
    .toReversed();
}

/** Groups of every hierarchy, the outermost that has the mark: what lies below goes with it. */
function groupsNamed(mark: string, directory = "/sys/fs/cgroup"): string[] {
  return subdirectories(directory).flatMap((path) =>
    basename(path).includes(mark) ? [path] : groupsNamed(mark, path),
  );
}

function subdirectories(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(directory, name));
  } catch {
    // It has gone since it was listed.
    return [];
  }
}

function removeDeadSockets(directory: string, known: ReadonlySet<string>): void {
  const names = existsSync(directory) ? readdirSync(directory) : [];
  for (const path of names.filter((name) => !known.has(name)).map((name) => join(directory, name))) {
    if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() && !isListening(path)) rmSync(path, { force: true });
  }
}

/** unix(7): a socket that has a name in the file system is listed as long as it is open. */
function isListening(path: string): boolean {
  return readFileSync("/proc/net/unix", "utf8")
    .split("\n")
    .some((line) => line.endsWith(` ${path}`));
}

/** The processes of a group and of those below it. */
function membersOf(group: string): number[] {
  if (!existsSync(group)) return [];
  const below = readdirSync(group, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...numbersIn(`${group}/cgroup.procs`), ...below.flatMap(({ name }) => membersOf(`${group}/${name}`))];
}

function numbersIn(file: string): number[] {
  return textOf(file).split("\n").filter(Boolean).map(Number);
}

function processesWith(mark: string): number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => textOf(`/proc/${pid}/cmdline`).includes(mark)).map(Number);
}

/** Empty where it has gone since it was listed. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

const POLL_MS = 10;
const LIMIT_MS = 5000;

/** Kills until nobody is left: who is killed may have had time for a child. */
async function killUntilNone(list: () => number[]): Promise<void> {
  for (let waitedMs = 0; waitedMs < LIMIT_MS; waitedMs += POLL_MS) {
    const pids = list().filter((pid) => pid !== process.pid && pid !== process.ppid);
    if (pids.length === 0) return;
    for (const pid of pids) kill(pid);
    await setTimeout(POLL_MS);
  }
  throw new Error(`processes ${list().join(", ")} do not end`);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended since.
  }
}

const COMMAND_LIMIT_MS = 20_000;
const execute = promisify(execFile);

async function runQuietly([name = "", ...rest]: readonly string[]): Promise<void> {
  const program = name.startsWith("/") ? name : findProgram(name);
  if (program === undefined) return;
  await execute(program, rest, { timeout: COMMAND_LIMIT_MS, killSignal: "SIGKILL" }).catch(() => undefined);
}
