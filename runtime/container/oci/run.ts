/** `run`: create and start in one, and the launcher stays the parent, so that it knows how the program ends. */
import { CREATED, type Launcher, type StartedProcess } from "../../../native/kernel.ts";
import { type CreateOptions, createContainer, prepareContainer, whilePaused } from "./create.ts";
import { deleteEngineContainer, destroyContainer } from "./delete.ts";
import { explainOciStart } from "./failure.ts";
import { lockContainer } from "./lock.ts";
import { startEngineContainer } from "./start.ts";

/**
 * Creates a container and starts it, and lets go of it.
 * @returns what was asked for and is not had, in words
 * @throws RingsideError as create and start do; nothing is left behind then
 */
export async function runDetached(launcher: Launcher, options: CreateOptions): Promise<readonly string[]> {
  const notes = await createContainer(launcher, options);
  try {
    await startEngineContainer(options.root, options.id);
    return notes;
  } catch (error) {
    await deleteEngineContainer(options.root, options.id, { force: true });
    throw error;
  }
}

export interface AttachedRun {
  readonly process: StartedProcess;
  /** What was asked for and is not had, in words. */
  readonly notes: readonly string[];
}

/**
 * Creates a container and starts it. It ends with the launcher.
 * @returns its process, once it has become the program
 * @throws RingsideError saying what was wrong; nothing is left behind then
 */
export async function runAttached(launcher: Launcher, options: CreateOptions): Promise<AttachedRun> {
  const prepared = await prepareContainer(launcher, options, { stays: true });
  const { directory, record, config, plan, descriptors, notes } = prepared;
  let lock: Disposable | undefined = lockContainer(options.id, directory);
  const unlock = (): void => {
    lock?.[Symbol.dispose]();
    lock = undefined;
  };
  const pause = whilePaused(prepared, launcher);
  const start = Promise.withResolvers<void>();
  // It is waited for below; a failure before that must not count as one that nobody handles.
  start.promise.catch(() => {});
  try {
    const starting = launcher.start(plan.plan, descriptors, {
      async onPause(name, pid, steps, terminalFd) {
        await pause(name, pid, steps, terminalFd);
        if (name !== CREATED) return;
        unlock();
        startEngineContainer(options.root, options.id).then(start.resolve, start.reject);
      },
    });
    // Where it cannot be started it never becomes its program.
    await Promise.race([starting, start.promise]);
    await start.promise;
    return { process: await starting, notes };
  } catch (error) {
    unlock();
    await destroyContainer(directory, record, { config, launcher });
    throw await explainOciStart(error, config, record.rootfs);
  }
}
