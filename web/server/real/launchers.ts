/**
 * The server's one long-lived launcher: opened when the first machine is asked for, so that a server without the native
 * part still serves the simulator and the lessons.
 */

import { kernelProblem, Launcher } from "../../../native/kernel.ts";
import { RingsideError } from "../../../runtime/error.ts";

export class LauncherHolder {
  #opening: Promise<Launcher> | undefined;
  #isClosed = false;

  /** @throws RingsideError with the reason and the fix where nothing real can be started here */
  async get(): Promise<Launcher> {
    if (this.#isClosed) throw new RingsideError("start something: the server stops");
    const problem = kernelProblem();
    if (problem !== undefined) throw new RingsideError(problem.reason, { fix: problem.fix });
    this.#opening ??= Launcher.open();
    try {
      return await this.#opening;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }

  /** Ends the launcher and whatever it still runs. Harmless when repeated. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const opening = this.#opening;
    this.#opening = undefined;
    await (await opening)?.close();
  }
}
