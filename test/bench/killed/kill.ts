/**
 * Benchmarks that are killed (SIGKILL) at a random moment. After the next command nothing of them may be there: no process,
 * virtual machine, container, mount, control group, interface or file.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { COMMAND_LINE, ringside } from "../../support/ringside.ts";
import { lookAround, type Scene } from "./scene.ts";

export interface KillOptions {
  /** Numbers in [0, 1). */
  readonly random: () => number;
  /** The benchmarks to choose from, as arguments of `ringside`. */
  readonly benchmarks: readonly (readonly string[])[];
  /** The latest moment. */
  readonly mostMs: number;
  /** Nothing else happens on this machine: whatever is new is the benchmark's, not only what has its names. */
  readonly alone: boolean;
}

export interface Killed {
  readonly benchmark: string;
  readonly afterMs: number;
  /** False where it had ended by itself. */
  readonly wasRunning: boolean;
  /** What it had made when it was killed: without, the kill proves little. */
  readonly hadMade: number;
  readonly left: readonly string[];
}

/** What the first command makes once and for all. */
const STANDING = ["bench", "containers", "layers", "logs", "names", "vm", "vm-logs", "vm-names"];
const STANDING_FILES = ["events.jsonl", "vm/lock"];
/** What ends soon after its parent has may be seen still ending: the kernel takes namespaces down later. */
const GRACE_MS = 3000;
const POLL_MS = 50;

/** Runs one, kills it, runs the next command, and looks. */
export async function killOne(options: KillOptions): Promise<Killed> {
  // Podman and runsc take no long paths.
  const directory = mkdtempSync(join(tmpdir(), "rk-"));
  const root = join(directory, "r");
  for (const name of STANDING) mkdirSync(join(root, name), { recursive: true });
  for (const name of STANDING_FILES) writeFileSync(join(root, name), "");
  // Node's cache of compiled code is everybody's, and stays.
  const env = { RINGSIDE_ROOT: root, TMPDIR: directory, NODE_COMPILE_CACHE: join(tmpdir(), "node-compile-cache") };
  try {
    return await killIn(options, { directory, env });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Place {
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
}

async function killIn({ random, benchmarks, mostMs, alone }: KillOptions, { directory, env }: Place): Promise<Killed> {
  const before = lookAround([directory]);
  const args = benchmarks[Math.floor(random() * benchmarks.length)] ?? [];
  const afterMs = Math.round(random() * mostMs);
  const child = spawn(process.execPath, ["--", COMMAND_LINE, ...args], {
    env: { ...process.env, ...env },
    stdio: "ignore",
  });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  await Promise.race([setTimeout(afterMs), exited]);
  const marks = [directory.slice(directory.lastIndexOf("/") + 1), `ringside-bench-${child.pid}-`];
  const isOurs = (line: string) => marks.some((mark) => line.includes(mark));
  const hadMade = difference(lookAround([directory]), before).filter(isOurs).length;
  const wasRunning = child.exitCode === null;
  child.kill("SIGKILL");
  await exited;
  const next = await ringside(["ps"], { env });
  const deadline = performance.now() + GRACE_MS;
  let left: string[];
  do {
    left = difference(lookAround([directory]), before).filter((line) => alone || isOurs(line));
    if (left.length > 0) await setTimeout(POLL_MS);
  } while (left.length > 0 && performance.now() < deadline);
  if (next.code !== 0) left.push(`ringside ps ended with ${next.code}: ${next.stderr}`);
  return { benchmark: args.join(" "), afterMs, wasRunning, hadMade, left };
}

function difference(after: Scene, before: Scene): string[] {
  return [...after].filter((line) => !before.has(line));
}
