/** Directories of the host that nothing may touch, roots that mean to reach them, and what became of the attempt. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync, symlinkSync, watch } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { StepError } from "../../native/step-error.ts";
import { type Bundle, type BundleRun, runBundle } from "../support/bundle.ts";
import { compile } from "../support/compiled.ts";
import { temporaryDirectory } from "../support/temporary.ts";

export interface Canary {
  readonly path: string;
  /** What has happened in it, or been mounted on it. */
  readonly touched: () => string[];
}

/** A directory of the host that nothing may touch. */
export function canary(): Canary {
  const path = temporaryDirectory();
  const events: string[] = [];
  const watcher = watch(path, { recursive: true }, (event, name) => events.push(`${event} ${name}`));
  onTestFinished(() => watcher.close());
  const mounted = () =>
    readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .filter((line) => line.includes(path));
  return { path, touched: () => [...events, ...readdirSync(path), ...mounted()] };
}

/** Puts a link where the image has a directory. */
export function replace(bundle: Bundle, name: string, target: string): void {
  rmSync(join(bundle.rootfs, name), { recursive: true, force: true });
  symlinkSync(target, join(bundle.rootfs, name));
}

/** What came of an attempt: the error and the step that failed, or that it ran. */
export async function outcomeOf(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
    return "it ran";
  } catch (error) {
    if (error instanceof StepError) return `${error.code} ${error.failed?.op}`;
    throw error;
  }
}

/** The error and the step at which a start was refused; `it ran` where it was not. */
export function refused(bundle: Bundle, run: Omit<BundleRun, "script">): Promise<string> {
  return outcomeOf(runBundle(bundle, { script: "true", ...run }));
}

/** A program of this directory, which runs in any root. */
export function compiled(source: "attack.c" | "exchange.c", directory = temporaryDirectory()): string {
  const program = join(directory, source.replace(".c", ""));
  compile(`test/security/${source}`, program);
  return program;
}

/** Two names that are exchanged as fast as the machine can, until the test is over. */
export async function exchange(first: string, second: string): Promise<void> {
  const racer = spawn(compiled("exchange.c"), [first, second], { stdio: ["pipe", "pipe", "inherit"] });
  const gone = once(racer, "exit");
  onTestFinished(async () => {
    racer.stdin.end();
    await gone;
  });
  await once(racer.stdout, "data");
}
