/** The simulator's own errors as the command line tells them. */
import { ScenarioError } from "../../simulator/scenarios/knob.ts";
import { RingsideError } from "../error.ts";

/**
 * @param what what is being done, in front of the reason
 * @throws RingsideError where the simulator refuses what it was given; a defect stays what it is
 */
export function asRingsideError<Result>(what: string, action: () => Result): Result {
  try {
    return action();
  } catch (cause) {
    if (!(cause instanceof ScenarioError)) throw cause;
    throw new RingsideError(`${what}: ${cause.message}`, { cause, fix: cause.fix });
  }
}
