/** A running world of the runtime, as the lab sees a program: its terminal and its end. */

import type { RunningWorld } from "../../../runtime/container/running.ts";
import { EXIT_CODES } from "../../../runtime/error.ts";
import type { ExitStatus } from "../../protocol/exit-status.ts";
import type { StartedProgram } from "../backend.ts";

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
    return (await world.exited).status;
  } catch (error) {
    report(error);
    return { kind: "exited", code: EXIT_CODES.failure };
  }
}
