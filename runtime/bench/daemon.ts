/**
 * A daemon of the benchmark's own, such as dockerd or containerd: its files below the benchmark's directory, ended with the
 * benchmark. What it would leave in places that engines share is written down before it starts.
 */

import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { findProgram } from "../host-program.ts";
import { startProcess } from "../process/start.ts";
import { environment } from "./command.ts";
import { captureOutput } from "./measure.ts";
import { requireProgram } from "./programs.ts";
import { Unusable, type Workbench } from "./system.ts";

export interface DaemonOptions {
  readonly argv: readonly string[];
  /** Its own directory, below the benchmark's: the mark of every process that belongs to it. */
  readonly directory: string;
  /** What answers as soon as it is up. */
  readonly asks: readonly string[];
}

/** Where containerd's shims listen, whatever daemon they belong to. */
const SHIM_SOCKETS = "/run/containerd/s";
const START_LIMIT_MS = 30_000;
const POLL_MS = 50;
const DEBIAN = "/usr/bin:/usr/sbin";

/**
 * The distribution's own program: another `docker` may come first on the search path, and may not fit its daemon.
 * @throws Unusable where there is none
 */
export function requireDistribution(name: string, debianPackage: string): string {
  return findProgram(name, DEBIAN) ?? requireProgram(name, debianPackage);
}

/**
 * Starts it and waits until it answers.
 * @throws Unusable when it does not
 */
export async function startDaemon(bench: Workbench, { argv, directory, asks }: DaemonOptions): Promise<void> {
  const known = existsSync(SHIM_SOCKETS) ? readdirSync(SHIM_SOCKETS) : [];
  bench.journal.will({ kind: "sockets", directory: SHIM_SOCKETS, known });
  bench.journal.will({ kind: "processes", mark: directory });
  mkdirSync(`${directory}/tmp`, { recursive: true });
  const running = await startProcess(bench.launcher, {
    argv,
    env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", `HOME=${directory}`, `TMPDIR=${directory}/tmp`],
  });
  let ended = false;
  const gone = running.exited.then(() => {
    ended = true;
  });
  bench.cleanup.defer(async () => {
    running.kill("SIGTERM");
    await gone;
  });
  const name = argv[0] ?? "";
  for (let waitedMs = 0; !(await succeeds(bench, asks)).succeeded; waitedMs += POLL_MS) {
    if (ended || waitedMs > START_LIMIT_MS)
      throw new Unusable({ reason: `${name} does not start`, fix: "start it by hand and see what it says" });
    await setTimeout(POLL_MS);
  }
}

/** Runs a command that is not timed, to its end. */
export function succeeds(bench: Workbench, argv: readonly string[]): Promise<{ succeeded: boolean; output: string }> {
  return captureOutput(
    (stdio) => startProcess(bench.launcher, { argv, env: environment(), ...stdio }),
    `${bench.directory}/asked`,
  );
}
