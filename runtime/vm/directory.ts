/**
 * The state directory of a virtual machine, `<run>/vm/ID/`, mode 0700: what the host and other commands reach it by. It
 * lies below /run, which is empty after a boot as the machines are, see runtime/container/directories.ts. Whoever owns
 * the machine removes it; what a kill -9 has left goes with the next sweep.
 */
import { mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "../../native/error-code.ts";
import { places } from "../container/directories.ts";
import { ownIdentity } from "../container/process-identity.ts";
import { RingsideError, reasonOf } from "../error.ts";

/** How many sessions with the guest there can be at once. */
export const AGENT_PORTS = 8;
const CONTROL_PORT = "control";

/** Paths only: what is there depends on the machine. */
export interface VmDirectory {
  readonly id: string;
  readonly path: string;
  /** What everybody may know of the machine. */
  readonly record: string;
  /** A symbolic link that says which process has made the directory, for as long as nothing else says whose it is. */
  readonly maker: string;
  /** The monitor's control socket: QMP, or Firecracker's API. It speaks with one client at a time. */
  readonly control: string;
  /** The lines of the guest's debug console, where the machine is detached. */
  readonly milestones: string;
  /** The console, where the machine is detached: one client at a time, and all that the guest has printed. */
  readonly consoleSocket: string;
  readonly consoleLog: string;
  /** Requests to the guest's init, one a line, where the machine is detached. */
  readonly requests: string;
  /** What the monitor itself says, where the machine is detached. */
  readonly monitorLog: string;
  /**
   * The host's end of the agent's ports `ringside.0` …, and what is locked by flock(2) while one is in use. The last one,
   * `ringside.control`, is for short requests alone: a stop gets through while every session is taken.
   */
  readonly ports: readonly AgentPort[];
}

export interface AgentPort {
  /** As the guest finds it, below /dev/virtio-ports. */
  readonly name: string;
  readonly socket: string;
  readonly lock: string;
}

/** sun_path holds 108 bytes, the last of them a zero: unix(7). */
const LONGEST_SOCKET_PATH = 107;
const PRIVATE = 0o700;

/** @returns the directory that holds the state of all virtual machines */
export function vmStates(): string {
  return join(places().run, "vm");
}

/**
 * @param id of the machine
 * @param states where the directories of all machines lie
 * @returns where its files are; nothing is made
 */
export function vmDirectory(id: string, states: string = vmStates()): VmDirectory {
  const path = join(states, id);
  return {
    id,
    path,
    record: join(path, "record.json"),
    maker: join(path, "maker"),
    control: join(path, "qmp.sock"),
    milestones: join(path, "milestones"),
    consoleSocket: join(path, "console.sock"),
    consoleLog: join(path, "console.log"),
    requests: join(path, "requests.sock"),
    monitorLog: join(path, "vmm.log"),
    ports: [...Array.from({ length: AGENT_PORTS }, (_, index) => String(index)), CONTROL_PORT].map((port) => ({
      name: `ringside.${port}`,
      socket: join(path, `port-${port}.sock`),
      lock: join(path, `port-${port}.lock`),
    })),
  };
}

/**
 * Makes the directory of a new machine. mkdir(2)
 *
 * @throws RingsideError where it cannot be, or a socket in it would have a longer name than unix(7) has room for
 */
export function makeVmDirectory(id: string, states: string = vmStates()): VmDirectory {
  const directory = vmDirectory(id, states);
  const sockets = [directory.requests, directory.consoleSocket, ...directory.ports.map(({ socket }) => socket)];
  const longest = Math.max(...sockets.map((path) => Buffer.byteLength(path)));
  if (longest > LONGEST_SOCKET_PATH) {
    throw new RingsideError(
      `cannot keep the state of a virtual machine in ${states}: a socket there would have a name of ${longest} bytes, and the kernel takes ${LONGEST_SOCKET_PATH}`,
      { fix: "set XDG_RUNTIME_DIR, or RINGSIDE_ROOT where it is set, to a shorter path" },
    );
  }
  try {
    mkdirSync(states, { recursive: true, mode: PRIVATE });
    mkdirSync(directory.path, { mode: PRIVATE });
    const { pid, startTicks } = ownIdentity();
    symlinkSync(`${pid} ${startTicks}`, directory.maker);
  } catch (cause) {
    throw new RingsideError(`cannot make ${directory.path} for the state of a virtual machine: ${reasonOf(cause)}`, {
      cause,
      fix: "set XDG_RUNTIME_DIR to a directory of your own, with mode 0700",
    });
  }
  return directory;
}

/** Removes the directory and what is in it; one that has gone already is no error. */
export function removeVmDirectory({ path }: Pick<VmDirectory, "path">): void {
  rmSync(path, { recursive: true, force: true });
}

/** @returns the ids of the machines that have a directory, whether they live or not */
export function vmIds(states: string = vmStates()): string[] {
  try {
    return readdirSync(states, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}
