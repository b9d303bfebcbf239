/** `start`: one byte into the FIFO, and the container's first process becomes its program (runtime.md, "Start"). */
import { closeSync, constants, openSync, readlinkSync, rmSync, writeSync } from "node:fs";
import { errorCode } from "../../../native/error-code.ts";
import { Launcher, pollDescriptor, signalProcess } from "../../../native/kernel.ts";
import { RingsideError } from "../../error.ts";
import type { FindingKind } from "../post-mortem/finding.ts";
import { isAlive } from "../process-identity.ts";
import { readConfig } from "./bundle.ts";
import { executionFailure } from "./failure.ts";
import { runHooks } from "./hooks.ts";
import { lockContainer } from "./lock.ts";
import { savedConfigPath } from "./record.ts";
import { startFifo, stateOf } from "./status.ts";
import { type EngineContainer, findEngineContainer } from "./store.ts";

/**
 * Waits until nobody can read the FIFO any more: its reader closes it by becoming the program, or by ending. The kernel
 * tells a writer so by an error condition (poll(2), POLLERR), which needs no event asked for.
 */
function waitForExec(fifo: number): Promise<void> {
  return new Promise((resolve) => {
    const poll = pollDescriptor(fifo, "error", () => {
      poll.stop();
      resolve();
    });
  });
}

async function letGo(container: EngineContainer): Promise<void> {
  const path = startFifo(container.directory);
  let fifo: number;
  try {
    fifo = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    // ENXIO: nobody reads it, so that the process has gone.
    if (errorCode(error) !== "ENXIO" && errorCode(error) !== "ENOENT") throw error;
    throw new RingsideError(`cannot start container "${container.id}": its process has ended`, { cause: error });
  }
  try {
    writeSync(fifo, "s");
    rmSync(path, { force: true });
    await waitForExec(fifo);
  } finally {
    closeSync(fifo);
  }
}

/** How /proc/PID/exe shows the launcher's sealed copy, which the process is until it becomes its program. */
const SEALED_COPY = "/memfd:";

/** Why the kernel would not execute the program, of causes that cannot come of what a program does while it runs. */
const UNEXECUTABLE: Readonly<Partial<Record<FindingKind, "ELIBACC" | "ENOEXEC">>> = {
  "interpreter-missing": "ELIBACC",
  "carriage-return": "ELIBACC",
  "loader-missing": "ELIBACC",
  "wrong-machine": "ENOEXEC",
  "damaged-program": "ENOEXEC",
  "no-interpreter-line": "ENOEXEC",
  "not-a-program": "ENOEXEC",
  "empty-file": "ENOEXEC",
};

function isSeenRunning(pid: number): boolean {
  try {
    return !readlinkSync(`/proc/${pid}/exe`).startsWith(SEALED_COPY);
  } catch {
    return false;
  }
}

/**
 * One that has gone by now may have run to its end, or may never have become its program: the program is looked at.
 * @throws RingsideError when the kernel cannot have executed it
 */
async function requireExecuted({ directory, record }: EngineContainer): Promise<void> {
  if (record.init === undefined || isSeenRunning(record.init.pid)) return;
  const { config } = readConfig(savedConfigPath(directory));
  const { programExaminer } = await import("../post-mortem/facts.ts");
  const finding = programExaminer([record.rootfs], config)();
  const code = finding && UNEXECUTABLE[finding.kind];
  if (code !== undefined) throw executionFailure(config.process?.args[0] ?? "", code, finding);
}

/** Ends what is not to run any further. */
function end({ record: { init } }: EngineContainer): void {
  if (init !== undefined) signalProcess(init.pid, "SIGKILL", () => isAlive(init.pid, init.startTicks));
}

async function runPoststart(container: EngineContainer): Promise<void> {
  const { record, directory } = container;
  const { config } = readConfig(savedConfigPath(directory));
  if (config.hooks?.poststart === undefined) return;
  await using launcher = await Launcher.open();
  try {
    await runHooks(config, ["poststart"], { launcher, directory, state: stateOf(record, "running") });
    // What a hook has left in the background is its own affair.
    await launcher.release();
  } catch (error) {
    end(container);
    throw error;
  }
}

/**
 * Lets a created container's program run, and waits until it does; then its poststart hooks.
 * @throws RingsideError when it is not created; when it has no program or a hook fails, the container has been killed
 */
export async function startEngineContainer(root: string, id: string): Promise<void> {
  const { directory } = findEngineContainer(root, id);
  using _lock = lockContainer(id, directory);
  const container = findEngineContainer(root, id);
  if (container.status !== "created") {
    throw new RingsideError(
      `cannot start container "${id}" in the ${container.status} state: only a created one can be`,
    );
  }
  if (!container.record.hasProgram) {
    end(container);
    throw new RingsideError(`cannot start container "${id}": its config.json has no process`, {
      fix: "delete it, and create one from a configuration with a process",
    });
  }
  await letGo(container);
  await requireExecuted(container);
  if (container.record.hooks) await runPoststart(container);
}
