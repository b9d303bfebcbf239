/**
 * A dockerd of the benchmark's own: its files below the benchmark's directory, no network, our runtime beside runc
 * (dockerd(8), --add-runtime). One for all rows that need it; it ends with the benchmark.
 */

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { nativeProgram } from "../../native/kernel.ts";
import { findProgram } from "../host-program.ts";
import { checkoutDirectory } from "../image/checkout.ts";
import { startProcess } from "../process/start.ts";
import { environment } from "./command.ts";
import { groupsToCome, removeGroups } from "./foreign-groups.ts";
import { captureOutput } from "./measure.ts";
import { requireProgram } from "./programs.ts";
import { Unusable, type Workbench } from "./system.ts";

export interface DockerDaemon {
  /** The client with its socket. */
  readonly docker: readonly string[];
  readonly image: string;
  readonly version: string;
}

const IMAGE = "ringside-bench:latest";
const START_LIMIT_MS = 30_000;
const POLL_MS = 50;
const DEBIAN = "/usr/bin:/usr/sbin";

const started = new WeakMap<Workbench, Promise<DockerDaemon>>();

/**
 * Starts the daemon, or finds the one that this benchmark has.
 *
 * @throws Unusable when docker is not installed, does not start, or our runtime has not been built
 */
export function dockerDaemon(bench: Workbench): Promise<DockerDaemon> {
  const known = started.get(bench) ?? start(bench);
  started.set(bench, known);
  return known;
}

/** Our runtime as engines start it. */
function ourRuntime(): string {
  const program = nativeProgram("ringside-oci");
  const bundle = join(checkoutDirectory(), "dist/oci.js");
  if (program !== undefined && existsSync(bundle)) return program;
  throw new Unusable({ reason: "the runtime for engines, ringside-oci, has not been built", fix: "npm run build" });
}

async function start(bench: Workbench): Promise<DockerDaemon> {
  const runtime = ourRuntime();
  // The distribution's own: another `docker` may come first on the search path, and may not fit its daemon.
  const [daemon, client] = ["dockerd", "docker"].map(
    (name) => findProgram(name, DEBIAN) ?? requireProgram(name, "docker.io"),
  );
  if (daemon === undefined || client === undefined)
    throw new Unusable({ reason: "no docker", fix: "apt-get install docker.io" });
  const place = (name: string) => join(bench.directory, `docker-${name}`);
  mkdirSync(place("tmp"));
  writeFileSync(place("config"), "{}");
  const socket = `unix://${place("socket")}`;
  const groups = groupsToCome("docker");
  bench.afterwards.defer(() => groups.forEach(removeGroups));
  const running = await startProcess(bench.launcher, {
    argv: [
      daemon,
      ...[
        "--iptables=false",
        "--ip-masq=false",
        "--bridge=none",
        "--ip-forward=false",
        "--storage-driver=vfs",
        "-H",
        socket,
      ],
      ...["--config-file", place("config"), "--pidfile", place("pid")],
      ...["--data-root", place("data"), "--exec-root", place("exec"), "--add-runtime", `ringside=${runtime}`],
    ],
    env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", `HOME=${bench.directory}`, `TMPDIR=${place("tmp")}`],
  });
  let ended = false;
  const gone = running.exited.then(() => {
    ended = true;
  });
  bench.cleanup.defer(async () => {
    running.kill("SIGTERM");
    await gone;
  });
  const docker = [client, "-H", socket];
  const ask = (argv: readonly string[]) =>
    captureOutput((stdio) => startProcess(bench.launcher, { argv, env: environment(), ...stdio }), place("output"));
  for (let waitedMs = 0; !(await ask([...docker, "info"])).succeeded; waitedMs += POLL_MS) {
    if (ended || waitedMs > START_LIMIT_MS)
      throw new Unusable({ reason: "dockerd does not start", fix: "ringside doctor" });
    await setTimeout(POLL_MS);
  }
  const archive = place("image.tar");
  for (const argv of [
    [requireProgram("tar", "tar"), "-C", bench.rootDirectory, "-cf", archive, "."],
    [...docker, "import", archive, IMAGE],
  ]) {
    const { succeeded, output } = await ask(argv);
    if (!succeeded) throw new Unusable({ reason: `${argv.join(" ")}: ${output.trim()}`, fix: "ringside doctor" });
  }
  const { output } = await ask([...docker, "version", "--format", "{{.Server.Version}}"]);
  return { docker, image: IMAGE, version: `docker ${output.trim()}` };
}
