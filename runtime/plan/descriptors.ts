/** Which descriptors a program finds open: 0 to 2, and those that it is to inherit. close_range(2), sd_listen_fds(3). */
import { NO_SLOT } from "../../native/plan/operations.ts";
import type { PlanStep } from "../../native/plan/plan.ts";

const FIRST_ABOVE_STDIO = 3;

/**
 * Slots 3, 4 … become descriptors 3, 4 ….
 * @param count how many descriptors the caller sends beside standard input, output and error
 */
export function passSteps(count = 0): PlanStep[] {
  return Array.from(
    { length: count },
    (_, position): PlanStep => ({
      phase: "child",
      stage: "identity",
      why: `What the caller hands over as descriptor ${FIRST_ABOVE_STDIO + position}.`,
      op: "placeDescriptor",
      slot: FIRST_ABOVE_STDIO + position,
      target: FIRST_ABOVE_STDIO + position,
    }),
  );
}

/**
 * Everything above is closed, and not only marked, as CVE-2024-21626 taught.
 * @param count how many descriptors beside 0 to 2 stay
 * @param keep a slot that is needed for a moment more; exec closes it
 */
export function closeDescriptorsStep(count = 0, keep = NO_SLOT): PlanStep {
  return {
    phase: "child",
    stage: "security",
    why:
      count === 0
        ? "Nothing but standard input, output and error is taken along."
        : "Nothing but standard input, output, error and what was handed over is taken along.",
    op: "closeDescriptors",
    from: FIRST_ABOVE_STDIO + count,
    keep,
  };
}

/** What tells a program that it was given sockets to listen on. */
export function listenEnvironment(listenFds = 0): string[] {
  return listenFds === 0 ? [] : [`LISTEN_FDS=${listenFds}`, "LISTEN_PID=1"];
}
