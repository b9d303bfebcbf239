/**
 * The command line as an ordinary user would start it, who has a home of its own and nothing else. The checkout is shown
 * to it by a bind mount that only its processes see: it may lie where only root may look.
 */
import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { compileCacheVariables } from "./compiled.ts";
import type { Need } from "./needs.ts";
import { COMMAND_LINE, type Outcome, ROOT } from "./ringside.ts";

/** Others may read it, wherever it lies. */
export const needsReadableCheckout: Need = () =>
  (statSync(ROOT).mode & 0o005) === 0o005 ? undefined : `others may not read ${ROOT}`;

export interface OrdinaryUser {
  readonly uid: number;
  /** Its own directory. */
  readonly home: string;
  /** Starts `ringside ARGS…`; each program on the way takes the place of the one before, so the child is it. */
  readonly start: (args: readonly string[], more?: UserOptions) => Started;
  /** Runs `ringside ARGS…` to its end. */
  readonly ringside: (args: readonly string[], more?: UserOptions) => Promise<Outcome>;
  /** What containers have left: layers, states, names, logs. */
  readonly leftovers: () => string[];
  /** Ends all its processes and removes what containers have left. */
  readonly clear: () => void;
  /** The same, and all its files. */
  readonly dispose: () => void;
}

export type Started = ChildProcessByStdio<null, Readable, Readable>;

export interface UserOptions {
  /** It has a name, and these ids beside its own. */
  readonly subordinate?: { readonly first: number; readonly count: number };
  readonly env?: Readonly<Record<string, string>>;
}

const NAME = "somebody";

/** @param uid of nobody else on this machine */
export function ordinaryUser(uid: number): OrdinaryUser {
  const directory = mkdtempSync(join(tmpdir(), "ringside-user-"));
  const checkout = join(directory, "checkout");
  const home = join(directory, "home");
  const run = join(directory, "run");
  chmodSync(directory, 0o755);
  for (const path of [checkout, home, run]) mkdirSync(path, { mode: 0o700 });
  for (const path of [home, run]) chownSync(path, uid, uid);
  const passwd = join(directory, "passwd");
  writeFileSync(passwd, `${readFileSync("/etc/passwd", "utf8")}${NAME}:x:${uid}:${uid}::${home}:/bin/sh\n`);
  const inside = (path: string): string => {
    const below = relative(ROOT, path);
    return below.startsWith("..") ? path : join(checkout, below);
  };
  const node = inside(process.execPath);

  const command = (words: readonly string[], { subordinate, env = {} }: UserOptions): readonly string[] => {
    const mounts = [`mount --rbind ${ROOT} ${checkout}`];
    if (subordinate !== undefined) {
      const given = join(directory, "given");
      writeFileSync(given, `${NAME}:${subordinate.first}:${subordinate.count}\n`);
      mounts.push(`mount --bind ${passwd} /etc/passwd`);
      for (const list of ["subuid", "subgid"]) mounts.push(`mount --bind ${given} /etc/${list}`);
    }
    const own = { HOME: home, XDG_RUNTIME_DIR: run, PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };
    const variables = { ...own, ...compileCacheVariables(inside), ...env };
    const user = `setpriv --reuid=${uid} --regid=${uid} --clear-groups`;
    const environment = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
    const script = `${mounts.join(" && ")} && cd ${home} && exec ${user} env -i "$@"`;
    return ["unshare", "--mount", "sh", "-c", script, "sh", ...environment, ...words];
  };

  const start = (args: readonly string[], more: UserOptions = {}): Started => {
    const [program = "", ...words] = command([node, inside(COMMAND_LINE), ...args], more);
    return spawn(program, words, { stdio: ["ignore", "pipe", "pipe"] });
  };

  const ringside: OrdinaryUser["ringside"] = async (args, more) => {
    const child = start(args, more);
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    return { stdout, stderr, code };
  };

  const places = [
    join(home, ".local/share/ringside/layers"),
    join(home, ".local/share/ringside/logs"),
    join(run, "ringside/containers"),
    join(run, "ringside/names"),
  ];
  const leftovers = (): string[] => places.flatMap((place) => entries(place).map((entry) => join(place, entry)));
  const clear = (): void => {
    for (const pid of processesOf(uid)) spawnSync("kill", ["-KILL", String(pid)]);
    for (const path of leftovers()) rmSync(path, { recursive: true, force: true });
  };
  return {
    uid,
    home,
    start,
    ringside,
    leftovers,
    clear,
    dispose: () => {
      clear();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Its processes, by their numbers, but for those that wait for nothing but to be reaped. */
export function processesOf(uid: number): number[] {
  return entries("/proc").flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      const status = readFileSync(`/proc/${entry}/status`, "utf8");
      const owner = Number(/^Uid:\t(\d+)/m.exec(status)?.[1]);
      return owner === uid && !/^State:\tZ/m.test(status) ? [Number(entry)] : [];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}
