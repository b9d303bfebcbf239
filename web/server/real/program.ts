/** A running world of the runtime, as the lab sees a program: its terminal and its end. */

import type { RunningWorld } from "../../../runtime/container/running.ts";
import { EXIT_CODES } from "../../../runtime/error.ts";
import type { ExitStatus } from "../../protocol/exit-status.ts";
import type { StartedProgram } from "../backend.ts";

/** An exit frame is small; a path may be long. */
const MOST_WHY_BYTES = 800;

/**
 * @param command what was started, for people to read
 * @param report takes the error where its end could not be settled
 * @throws Error where it was started without a terminal
 */
export function startedProgram(
  world: RunningWorld,
  command: readonly string[],
  report: (error: unknown) => void,
): StartedProgram {
  if (world.terminal === undefined) throw new Error(`${world.name} was started without a terminal`);
  return { command, stream: world.terminal, exited: endOf(world, report) };
}

/** Its end, which always comes: what went wrong while cleaning up after it is Ringside's own failure. */
export async function endOf(world: RunningWorld, report: (error: unknown) => void): Promise<ExitStatus> {
  try {
    const { status, findings } = await world.exited;
    const ended: ExitStatus = status.kind === "exited" ? status : { kind: status.kind, signal: status.signal };
    const why = findings?.[0]?.sentence;
    return why === undefined || Buffer.byteLength(JSON.stringify(why)) > MOST_WHY_BYTES ? ended : { ...ended, why };
  } catch (error) {
    report(error);
    return { kind: "exited", code: EXIT_CODES.failure };
  }
}
