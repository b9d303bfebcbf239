/** Commands that take several containers do what they can: a failure with one does not keep them from the others. */
import { writeSync } from "node:fs";
import { RingsideError } from "../error.ts";

const STDERR = 2;

/**
 * Calls `act` for each container, one after the other, and prints what it returns. What fails is said, and the command
 * ends with the exit code of the first failure.
 */
export async function forEachContainer(
  containers: readonly string[],
  act: (container: string) => Promise<string> | string,
): Promise<void> {
  for (const container of containers) {
    try {
      process.stdout.write(`${await act(container)}\n`);
    } catch (error) {
      if (!(error instanceof RingsideError)) throw error;
      writeSync(STDERR, `ringside: ${error.message}\n${error.fix === undefined ? "" : `  fix: ${error.fix}\n`}`);
      process.exitCode = Number(process.exitCode ?? 0) === 0 ? error.exitCode : process.exitCode;
    }
  }
}
