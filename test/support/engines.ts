/**
 * Container engines with our runtime under them: dockerd, containerd and podman, each in a directory of its own, started
 * by hand and ended with all that it started. What a test leaves is looked for afterwards, in the kernel's own lists.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { BASE_IMAGE, findImage } from "../../runtime/image/image.ts";
import { compileCacheVariables } from "./compiled.ts";
import { processes, untilEmpty } from "./leftovers.ts";
import type { Need } from "./needs.ts";
import { OCI_COMMAND_LINE, type Outcome } from "./ringside.ts";

/** Debian's own: another `docker` may come first on the search path. */
const BIN = ["/usr/bin", "/usr/sbin"];
const COMMAND_LIMIT_MS = 60_000;

/** @returns the path of a program of the distribution */
export function systemProgram(name: string): string | undefined {
  return BIN.map((directory) => join(directory, name)).find(existsSync);
}

/** What an engine needs to be driven, by name. */
export const needsSystemPrograms =
  (...names: readonly string[]): Need =>
  () => {
    const missing = names.filter((name) => systemProgram(name) === undefined);
    return missing.length === 0 ? undefined : `not installed: ${missing.join(", ")}`;
  };

/** Runs a program to its end; it is killed when it takes too long. */
export function command(
  file: string,
  args: readonly string[],
  { input = "", env = {}, cwd }: { input?: string | Uint8Array; env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { timeout: COMMAND_LIMIT_MS, killSignal: "SIGKILL", maxBuffer: 2 ** 26 } as const;
    const child = execFile(
      systemProgram(file) ?? file,
      [...args],
      {
        ...options,
        env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: tmpdir(), ...env },
        ...(cwd !== undefined && { cwd }),
      },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : null;
        resolve({ stdout, stderr: error?.killed === true ? `${stderr}\nkilled: it took too long` : stderr, code });
      },
    );
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}

/** A directory with our runtime in it as one program, run from its sources: what is tested is what is written. */
export function runtimeProgram(directory: string): string {
  const path = join(directory, "ringside-oci");
  const cache = { NODE_COMPILE_CACHE: join(directory, "compiled"), ...compileCacheVariables() };
  const variables = Object.entries(cache).map(([key, value]) => `${key}='${value}'`);
  const text = `#!/bin/sh\n${variables.join(" ")} exec '${process.execPath}' '${OCI_COMMAND_LINE}' "$@"\n`;
  writeFileSync(path, text, { mode: 0o755 });
  return path;
}

/** The base image's files as one archive. */
export async function baseArchive(directory: string): Promise<string> {
  const path = join(directory, "base.tar");
  const [lower] = findImage(BASE_IMAGE)?.lowerDirectories ?? [];
  if (lower === undefined) throw new Error(`there is no image ${BASE_IMAGE}`);
  const made = await command("tar", ["-C", lower, "-cf", path, "."]);
  if (made.code !== 0) throw new Error(made.stderr);
  return path;
}

/** Groups of every hierarchy whose path has `word` in it. */
export function groupsNaming(word: string, directory = "/sys/fs/cgroup"): string[] {
  return directoriesIn(directory).flatMap((name) => {
    const path = join(directory, name);
    return name.includes(word) ? [path] : groupsNaming(word, path);
  });
}

/** Other tests' groups come and go while these are looked for. */
function directoriesIn(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch {
    return [];
  }
}

/** What statfs(2) says of a tmpfs. */
const TMPFS = 0x0102_1994;

/**
 * Where a controller of v1 is not mounted, podman makes its "groups" all the same: plain files in the tmpfs that holds the
 * hierarchies.
 */
function removeGroups(group: string): void {
  const isPlain = statfsSync(group).type === TMPFS;
  if (isPlain) rmSync(group, { recursive: true, force: true });
  else removeRealGroups(group);
  const hierarchy = dirname(group);
  if (isPlain && hierarchy !== "/sys/fs/cgroup" && directoriesIn(hierarchy).length === 0) rmdirSync(hierarchy);
}

function removeRealGroups(group: string): void {
  for (const name of directoriesIn(group)) removeRealGroups(join(group, name));
  try {
    rmdirSync(group);
  } catch {
    // Somebody is in it: the test that looks for leftovers says so.
  }
}

/** Asks until the answer matches, for half a minute at most. @returns the last answer */
export async function untilText(ask: () => Promise<string>, wanted: RegExp): Promise<string> {
  const deadline = Date.now() + 30_000;
  let answer = await ask();
  while (!wanted.test(answer) && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    answer = await ask();
  }
  return answer;
}

/** A place for an engine: its files, and the daemon if it has one. */
export class EnginePlace implements AsyncDisposable {
  readonly directory: string;
  readonly runtime: string;
  /** The group that all groups of its containers are to be below: engines leave such a one behind. */
  readonly group: string;
  #daemon: ChildProcess | undefined;

  constructor(name: string) {
    // Unix sockets have short names only.
    this.directory = mkdtempSync(join(tmpdir(), `ringside-${name}-`));
    this.runtime = runtimeProgram(this.directory);
    this.group = basename(this.directory);
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  make(name: string): string {
    mkdirSync(this.path(name), { recursive: true });
    return this.path(name);
  }

  /** Starts a daemon and waits until `isReady` says that it answers. */
  async startDaemon(file: string, args: readonly string[], isReady: () => Promise<boolean>): Promise<void> {
    const log = openSync(this.path("log"), "a");
    const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: this.directory, TMPDIR: this.make("tmp") };
    this.#daemon = spawn(systemProgram(file) ?? file, [...args], { stdio: ["ignore", log, log], env, detached: true });
    const deadline = Date.now() + COMMAND_LIMIT_MS;
    while (!(await isReady())) {
      if (Date.now() > deadline || this.#daemon.exitCode !== null)
        throw new Error(`${file} does not start:\n${this.log()}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** The end of what the daemon said. */
  log(): string {
    return existsSync(this.path("log")) ? readFileSync(this.path("log"), "utf8").split("\n").slice(-40).join("\n") : "";
  }

  async #stopDaemon(): Promise<void> {
    const daemon = this.#daemon;
    if (daemon === undefined || daemon.exitCode !== null) return;
    const ended = new Promise((resolve) => daemon.once("exit", resolve));
    daemon.kill("SIGTERM");
    const timer = setTimeout(() => daemon.kill("SIGKILL"), COMMAND_LIMIT_MS / 2);
    await ended;
    clearTimeout(timer);
  }

  /** Processes that were started for this place and have not ended. */
  strays(): string[] {
    return processes()
      .filter(({ command: line }) => line.includes(this.directory))
      .map(({ pid, command: line }) => `${pid} ${line}`);
  }

  /** Mounts that this place has left. */
  mounts(): string[] {
    const points = readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .map((line) => line.split(" ")[4] ?? "");
    return points.filter((point) => point.startsWith(this.directory));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stopDaemon();
    for (const stray of await untilEmpty(() => this.strays())) {
      try {
        process.kill(Number(stray.split(" ")[0]), "SIGKILL");
      } catch {
        // It has ended by itself.
      }
    }
    for (const point of this.mounts().toReversed()) await command("umount", ["-l", point]);
    for (const group of groupsNaming(this.group)) removeGroups(group);
    rmSync(this.directory, { recursive: true, force: true });
  }
}
