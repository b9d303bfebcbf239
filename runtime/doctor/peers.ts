/**
 * Other people's runtimes and sandboxes, which benchmarks start beside ours. None is needed for Ringside itself.
 */
import { findSimpy, SIMPY_PACKAGE } from "../bench/simulator/simpy.ts";
import { findProgram } from "../host-program.ts";
import { type Check, gap, ok, type Question } from "./check.ts";
import { installLine } from "./install-line.ts";
import type { ProbeLab } from "./probe-lab.ts";

interface Peer {
  readonly program: string;
  /** Debian's package. */
  readonly package: string;
  /** What asks for the version; `--version` for most. */
  readonly version?: readonly string[];
}

const PEERS: Readonly<Record<string, Peer>> = {
  crun: { program: "crun", package: "crun" },
  runc: { program: "runc", package: "runc" },
  bwrap: { program: "bwrap", package: "bubblewrap" },
  podman: { program: "podman", package: "podman" },
  docker: { program: "docker", package: "docker.io" },
  "systemd-nspawn": { program: "systemd-nspawn", package: "systemd-container" },
  runsc: { program: "runsc", package: "runsc" },
  "lxc-start": { program: "lxc-start", package: "lxc" },
};

export const askPeers: Question = async (lab) => [
  ...(await Promise.all(Object.entries(PEERS).map(([name, peer]) => askPeer(lab, name, peer)))),
  askSimpy(),
];

/** A library of Python's, which the simulator's engine is compared with. */
function askSimpy(): Check {
  const found = findSimpy();
  if (found === undefined) return gap("peer simpy", "missing", "not installed", installLine([SIMPY_PACKAGE]));
  return ok("peer simpy", `${found.version} (${found.python})`);
}

async function askPeer(lab: ProbeLab, name: string, peer: Peer): Promise<Check> {
  const path = findProgram(peer.program);
  if (path === undefined) return gap(`peer ${name}`, "missing", "not installed", installLine([peer.package]));
  const text = await lab.output([path, ...(peer.version ?? ["--version"])]);
  const version = text
    ?.split("\n")
    .find((line) => /\d+\.\d+/.test(line))
    ?.trim();
  return ok(`peer ${name}`, version === undefined ? path : `${version} (${path})`);
}
