/** The QEMU that a guest is moved to, as a process of this one: it dies with this process, however that goes. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { ExitRecord, Launcher } from "../../../native/kernel.ts";
import { RingsideError } from "../../error.ts";
import { startProcess } from "../../process/start.ts";
import { pipeChannels } from "../channels.ts";
import type { Console } from "../console.ts";
import { argumentsOfProcess, destinationArguments } from "./arguments.ts";

export interface Destination {
  readonly pid: number;
  /** Where its sockets are. */
  readonly place: string;
  readonly qmpPath: string;
  /** What its guest prints, once it runs here. */
  readonly console: Console;
  /** Settled when QEMU has gone; all that it printed has been read when `console` has ended. */
  readonly exited: Promise<ExitRecord>;
  kill(): void;
}

/** sun_path holds 108 bytes, the last of them a zero: unix(7). */
const LONGEST_SOCKET_PATH = 107;
const PRIVATE = 0o700;
/** The longest of the sockets' names (directory.ts), with the separator. */
const LONGEST_NAME = "/requests.sock".length;

/**
 * Starts the destination of a guest whose console is pipes of this process.
 *
 * @param sourcePid of the guest's QEMU
 * @param place a directory for its sockets, other than the source's; made where it is not there
 * @returns once it has been exec'd; it waits for `migrate-incoming`
 * @throws RingsideError or StepError saying why not; nothing runs then
 */
export async function startDestination(launcher: Launcher, sourcePid: number, place: string): Promise<Destination> {
  makePlace(place);
  const argv = destinationArguments(argumentsOfProcess(sourcePid), place);
  const channels = pipeChannels({ stdout: undefined, run: { hasTerminal: false } });
  try {
    const monitor = await startProcess(launcher, {
      argv,
      env: [`PATH=${process.env.PATH ?? ""}`],
      stdin: channels.stdin,
      stdout: channels.stdout,
      stderr: channels.stderr,
      extra: [channels.milestones, channels.requests],
      title: "QEMU, the destination",
    });
    void channels.readMilestones(() => undefined);
    void channels.readErrors(() => undefined);
    void monitor.exited.then(() => channels.over());
    return {
      pid: monitor.pid,
      place,
      qmpPath: join(place, "qmp.sock"),
      console: channels.openConsole(Promise.resolve()),
      exited: monitor.exited,
      kill: () => monitor.kill("SIGKILL"),
    };
  } catch (error) {
    channels.abandon();
    throw error;
  } finally {
    channels.closeHanded();
  }
}

/**
 * Makes the directory for a destination's sockets. mkdir(2)
 *
 * @throws RingsideError where their names would be longer than unix(7) has room for
 */
export function makePlace(place: string): void {
  const longest = Buffer.byteLength(place) + LONGEST_NAME;
  if (longest > LONGEST_SOCKET_PATH) {
    throw new RingsideError(
      `cannot start a second QEMU for the guest: its sockets in ${place} would have names of ${longest} bytes, and the kernel takes ${LONGEST_SOCKET_PATH}`,
      { fix: "set XDG_RUNTIME_DIR, or RINGSIDE_ROOT where it is set, to a shorter path" },
    );
  }
  mkdirSync(place, { recursive: true, mode: PRIVATE });
}
