/**
 * A dockerd of the benchmark's own: no network, our runtime beside runc (dockerd(8), --add-runtime). One for all rows that
 * need it.
 */

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nativeProgram } from "../../native/kernel.ts";
import { checkoutDirectory } from "../image/checkout.ts";
import { requireDistribution, startDaemon, succeeds } from "./daemon.ts";
import { expectGroups, peerId } from "./peer.ts";
import { requireProgram } from "./programs.ts";
import { Unusable, type Workbench } from "./system.ts";

export interface DockerDaemon {
  /** The client with its socket. */
  readonly docker: readonly string[];
  readonly image: string;
  readonly version: string;
  /** The storage driver that it has chosen, as it does for its users. */
  readonly storage: string;
}

const IMAGE = "ringside-bench:latest";
const WITHOUT_NETWORK = ["--iptables=false", "--ip-masq=false", "--bridge=none", "--ip-forward=false"];

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
  const daemon = requireDistribution("dockerd", "docker.io");
  const docker = [requireDistribution("docker", "docker.io"), "-H", `unix://${bench.directory}/docker/socket`];
  const directory = join(bench.directory, "docker");
  const place = (name: string) => join(directory, name);
  mkdirSync(directory);
  writeFileSync(place("config"), "{}");
  expectGroups(bench);
  await startDaemon(bench, {
    argv: [
      daemon,
      ...WITHOUT_NETWORK,
      ...["-H", `unix://${place("socket")}`],
      // Below one that is ours: it leaves the parent of its groups behind.
      ...["--cgroup-parent", `/${peerId("docker")}`],
      ...["--config-file", place("config"), "--pidfile", place("pid")],
      ...["--data-root", place("data"), "--exec-root", place("exec"), "--add-runtime", `ringside=${runtime}`],
    ],
    directory,
    asks: [...docker, "info"],
  });
  const archive = place("image.tar");
  for (const argv of [
    [requireProgram("tar", "tar"), "-C", bench.rootDirectory, "-cf", archive, "."],
    [...docker, "import", archive, IMAGE],
  ]) {
    const { succeeded, output } = await succeeds(bench, argv);
    if (!succeeded) throw new Unusable({ reason: `${argv.join(" ")}: ${output.trim()}`, fix: "ringside doctor" });
  }
  const { output } = await succeeds(bench, [...docker, "info", "--format", "{{.ServerVersion}} {{.Driver}}"]);
  const [version = "", storage = ""] = output.trim().split(" ");
  return { docker, image: IMAGE, version: `docker ${version}`, storage };
}
