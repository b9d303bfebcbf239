/** The launcher of a command, closed whatever happens. */
import { kernelProblem, Launcher } from "../../native/kernel.ts";
import { RingsideError, reasonOf } from "../error.ts";

/** Says why real processes cannot be started here. @throws RingsideError with the fix */
export function requireKernel(): void {
  const problem = kernelProblem();
  if (problem !== undefined)
    throw new RingsideError(`real containers cannot run here: ${problem.reason}`, { fix: problem.fix });
}

/** Opens a launcher for `use` and ends it, with all that it started, when `use` is done. */
export async function withLauncher<Result>(use: (launcher: Launcher) => Promise<Result>): Promise<Result> {
  requireKernel();
  await using launcher = await Launcher.open().catch((cause: unknown) => {
    throw new RingsideError(`the launcher cannot be started: ${reasonOf(cause)}`, {
      cause,
      fix: "npm run build makes it again; ulimit -a shows whether a limit is reached",
    });
  });
  return await use(launcher);
}
